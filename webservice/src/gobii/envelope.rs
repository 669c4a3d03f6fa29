//! The envelope around every answer, with the fields that every generation of clients knows.

use std::{collections::BTreeMap, fmt::Display};

use axum::{
    http::{HeaderValue, StatusCode, header::CONTENT_TYPE},
    response::{IntoResponse, Response},
};
use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};

use super::error::Message;

/// Clients look for the lower-case text, and without a charset the oldest one reads Latin-1.
pub(super) const JSON: HeaderValue = HeaderValue::from_static("application/json;charset=UTF-8");

/// One thing of an answer.
pub(super) struct Item {
    dto: Box<RawValue>,
    link: Option<Link>,
}

impl Item {
    pub(super) fn new(dto: &impl Serialize) -> Self {
        Self { dto: to_raw_value(dto).expect("what is sent is JSON"), link: None }
    }

    /// Says where the thing is found, and what may be done with it there.
    pub(super) fn linked(
        self,
        class: &str,
        id: impl Display,
        href: String,
        methods: &'static [&'static str],
    ) -> Self {
        let description = format!("Link to class {class}, id {id}");
        Self { link: Some(Link { href, description, methods }), ..self }
    }
}

#[derive(Serialize)]
struct Link {
    href: String,
    description: String,
    methods: &'static [&'static str],
}

/// What a call answers when all went well.
pub(super) struct Reply {
    status: StatusCode,
    items: Vec<Item>,
}

impl Reply {
    /// Things that were looked up.
    pub(super) fn found(items: impl IntoIterator<Item = Item>) -> Self {
        Self { status: StatusCode::OK, items: items.into_iter().collect() }
    }

    /// A thing that was made.
    pub(super) fn created(item: Item) -> Self {
        Self { status: StatusCode::CREATED, items: vec![item] }
    }

    /// The reply in its envelope.
    pub(super) fn into_response(self, stamp: &Stamp<'_>) -> Response {
        seal(self.status, &self.items, &[], stamp)
    }
}

/// What every envelope says of the service and of the caller.
#[derive(Clone, Copy, Default)]
pub(super) struct Stamp<'a> {
    pub(super) version: &'a str,
    pub(super) crop: Option<&'a str>,
    pub(super) token: Option<&'a str>,
}

/// An answer in its envelope; it succeeded if there is no message.
pub(super) fn seal(
    status: StatusCode,
    items: &[Item],
    messages: &[Message],
    stamp: &Stamp<'_>,
) -> Response {
    let envelope = Envelope {
        payload: Payload {
            link_collection: LinkCollection {
                links_per_data_item: items.iter().map(|item| item.link.as_ref()).collect(),
                explore_links_per_data_item: [],
            },
            data: items.iter().map(|item| &*item.dto).collect(),
        },
        header: Header {
            gobii_process_type: "READ",
            dto_header_auth: Auth::of(None, stamp),
            status: Status::of(messages),
            gobii_version: stamp.version,
            crop_type: stamp.crop,
        },
    };
    let body = serde_json::to_vec(&envelope).expect("an envelope is JSON");
    (status, [(CONTENT_TYPE, JSON)], body).into_response()
}

#[derive(Serialize)]
struct Envelope<'a> {
    payload: Payload<'a>,
    header: Header<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Payload<'a> {
    link_collection: LinkCollection<'a>,
    data: Vec<&'a RawValue>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct LinkCollection<'a> {
    links_per_data_item: Vec<Option<&'a Link>>,
    explore_links_per_data_item: [(); 0],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Header<'a> {
    gobii_process_type: &'static str,
    dto_header_auth: Auth<'a>,
    status: Status<'a>,
    gobii_version: &'a str,
    crop_type: Option<&'a str>,
}

/// Who the caller is: a part of every envelope, and alone the body of a login's answer.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Auth<'a> {
    user_name: Option<&'a str>,
    password: Option<&'a str>,
    token: Option<&'a str>,
    gobii_crop_type: Option<&'a str>,
}

impl<'a> Auth<'a> {
    pub(super) fn of(user_name: Option<&'a str>, stamp: &Stamp<'a>) -> Self {
        Self { user_name, password: None, token: stamp.token, gobii_crop_type: stamp.crop }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Status<'a> {
    succeeded: bool,
    status_messages: &'a [Message],
    status_messages_by_code: BTreeMap<String, &'a str>,
}

impl<'a> Status<'a> {
    fn of(messages: &'a [Message]) -> Self {
        let by_code = messages.iter().enumerate();
        Self {
            succeeded: messages.is_empty(),
            status_messages: messages,
            status_messages_by_code: by_code.map(|(n, it)| (it.code(n), it.text())).collect(),
        }
    }
}
