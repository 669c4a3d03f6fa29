//! Contacts: who a user is.

use serde::{Deserialize, Serialize};

use super::{
    crop::Crop,
    envelope::{Item, Reply},
    error::{GobiiError, Message},
    path::Query,
};

/// Who a user is.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Contact {
    /// The number by which instructions name the contact.
    pub id: i32,
    /// The given name.
    pub first_name: String,
    /// The family name.
    pub last_name: String,
    /// Where the contact is reached. The desktop client ends itself when there is none.
    pub email: Email,
    /// The user this contact is.
    pub user_name: String,
}

/// An e-mail address.
#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "String")]
pub struct Email(String);

impl TryFrom<String> for Email {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        match text.split_once('@') {
            Some((name, host)) if !name.is_empty() && !host.is_empty() => Ok(Self(text)),
            _ => Err(format!("{text:?} is no e-mail address")),
        }
    }
}

/// A contact on the wire, with the fields that every generation of clients knows.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ContactDto<'a> {
    allowed_process_types: [&'static str; 2],
    contact_id: i32,
    last_name: &'a str,
    first_name: &'a str,
    code: Option<&'a str>,
    email: &'a str,
    roles: [i32; 1],
    created_by: i32,
    created_date: Option<i64>,
    modified_by: i32,
    modified_date: Option<i64>,
    organization_id: Option<i32>,
    user_name: &'a str,
    id: i32,
}

impl<'a> From<&'a Contact> for ContactDto<'a> {
    fn from(contact: &'a Contact) -> Self {
        Self {
            allowed_process_types: ["READ", "UPDATE"],
            contact_id: contact.id,
            last_name: &contact.last_name,
            first_name: &contact.first_name,
            code: None,
            email: &contact.email.0,
            roles: [1],
            created_by: 1,
            created_date: None,
            modified_by: 1,
            modified_date: None,
            organization_id: None,
            user_name: &contact.user_name,
            id: contact.id,
        }
    }
}

/// `GET contact-search`: by e-mail if one is given, else by user name; nobody is an empty list.
pub(super) fn search(crop: &Crop, query: &Query) -> Result<Reply, GobiiError> {
    let (email, user) = (query.get("email"), query.get("userName"));
    if email.is_empty() && user.is_empty() {
        let text = "search request must provide email or userName";
        return Err(Message::bad_request(text).into());
    }
    let fits = |contact: &&Contact| match email.is_empty() {
        true => contact.user_name == user,
        false => contact.email.0.eq_ignore_ascii_case(email),
    };
    let found = crop.contacts.iter().find(fits).map(|contact| {
        let href = crop.href(format_args!("contacts/{}", contact.id));
        Item::new(&ContactDto::from(contact)).linked("ContactDTO", contact.id, href, &["GET"])
    });
    Ok(Reply::found(found))
}
