//! Who may do what.

use std::{fmt, str::FromStr};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{
    IntoParams, PartialSchema, ToSchema,
    openapi::{
        Object, RefOr,
        schema::{Schema, Type},
    },
};
use uuid::Uuid;

use crate::Limit;

/// What somebody may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Look at jobs and their instructions.
    Read,
    /// Hand in, cancel and do over; includes reading.
    Submit,
    /// Steer the nodes; includes reading, and cancelling whatever is in the way.
    Operate,
    /// Everything.
    Admin,
}

impl Role {
    const ALL: [Self; 4] = [Self::Read, Self::Submit, Self::Operate, Self::Admin];

    /// The word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Submit => "submit",
            Self::Operate => "operate",
            Self::Admin => "admin",
        }
    }

    const fn includes(self, other: Self) -> bool {
        match (self, other) {
            (Self::Admin, _) | (_, Self::Read) => true,
            (Self::Submit, Self::Submit) | (Self::Operate, Self::Operate) => true,
            (Self::Read | Self::Submit | Self::Operate, _) => false,
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A role with one tenant, or with all of them: `submit:rice`, `operate:*`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Grant {
    role: Role,
    /// None: every tenant, and what has none.
    tenant: Option<String>,
}

impl Grant {
    /// Everything, everywhere.
    pub const ALL: Self = Self { role: Role::Admin, tenant: None };

    /// The role.
    #[must_use]
    pub const fn role(&self) -> Role {
        self.role
    }

    /// The tenant; none stands for all of them.
    #[must_use]
    pub fn tenant(&self) -> Option<&str> {
        self.tenant.as_deref()
    }

    /// Whether it allows this; `None` is what belongs to no tenant.
    #[must_use]
    pub fn allows(&self, role: Role, tenant: Option<&str>) -> bool {
        self.role.includes(role) && (self.tenant.is_none() || self.tenant.as_deref() == tenant)
    }

    /// The tenants with which it allows this: none, one, or all.
    #[must_use]
    pub fn tenants(&self, role: Role) -> Tenants {
        match &self.tenant {
            _ if !self.role.includes(role) => Tenants::Only(Vec::new()),
            None => Tenants::All,
            Some(tenant) => Tenants::Only(vec![tenant.clone()]),
        }
    }
}

/// Some tenants, or all that there are and will be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Tenants {
    /// All, and what belongs to none.
    All,
    /// These.
    Only(Vec<String>),
}

impl Tenants {
    /// The tenants, unless it is all of them.
    #[must_use]
    pub fn only(&self) -> Option<&[String]> {
        match self {
            Self::All => None,
            Self::Only(tenants) => Some(tenants),
        }
    }

    /// Those of either.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        match (self, other) {
            (Self::Only(mut some), Self::Only(more)) => {
                some.extend(more);
                some.sort_unstable();
                some.dedup();
                Self::Only(some)
            }
            _ => Self::All,
        }
    }

    /// Those of both.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::All, some) | (some, Self::All) => some,
            (Self::Only(some), Self::Only(others)) => {
                Self::Only(some.into_iter().filter(|tenant| others.contains(tenant)).collect())
            }
        }
    }
}

impl PartialSchema for Grant {
    fn schema() -> RefOr<Schema> {
        let text = Object::builder().schema_type(Type::String);
        let text = text.pattern(Some(r"^(read|submit|operate|admin):[^\x00]+$"));
        text.examples(["submit:rice"]).into()
    }
}

impl ToSchema for Grant {}

impl fmt::Display for Grant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.role, self.tenant.as_deref().unwrap_or("*"))
    }
}

/// Why a text is no grant.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{text:?} is no grant: write a role (read, submit, operate, admin), a colon, and a tenant or *"
)]
pub struct InvalidGrant {
    text: String,
}

impl FromStr for Grant {
    type Err = InvalidGrant;

    fn from_str(text: &str) -> Result<Self, InvalidGrant> {
        let parsed = text.split_once(':').and_then(|(role, tenant)| {
            let role = Role::ALL.into_iter().find(|known| known.as_str() == role)?;
            let tenant = (tenant != "*").then(|| tenant.to_owned());
            (tenant.as_deref() != Some("")).then_some(Self { role, tenant })
        });
        parsed.ok_or_else(|| InvalidGrant { text: text.to_owned() })
    }
}

impl TryFrom<String> for Grant {
    type Error = InvalidGrant;

    fn try_from(text: String) -> Result<Self, InvalidGrant> {
        text.parse()
    }
}

impl From<Grant> for String {
    fn from(grant: Grant) -> Self {
        grant.to_string()
    }
}

/// An API token that is wanted.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewToken {
    /// What it is for, for people.
    pub label: String,
    /// What its bearer may do at most; never more than its owner may.
    pub grants: Vec<Grant>,
    /// For how many days it is good.
    #[schema(minimum = 1, maximum = 366)]
    pub days: u32,
}

impl NewToken {
    /// The longest a token may be good, in days.
    pub const MAX_DAYS: u32 = 366;
}

/// An API token, as it is told to its owner.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct ApiToken {
    /// Its name, by which it is revoked.
    pub id: Uuid,
    /// Whose it is.
    pub owner: String,
    /// What it is for.
    pub label: String,
    /// What its bearer may do at most.
    pub grants: Vec<Grant>,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
    /// Until when it is good.
    #[schema(value_type = String, format = DateTime)]
    pub expires_at: Timestamp,
    /// The token itself: shown once, when it is made, and not known to anybody afterwards.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret: Option<String>,
}

/// One line of the audit: who did what to what, and whether it was let happen.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct AuditEntry {
    /// Its number; later ones are larger.
    pub id: i64,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    /// Who, if they said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actor: Option<String>,
    /// The address they came from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<String>,
    /// What was done: `login`, `create`, `read`, `cancel`, `rerun`, …
    pub action: String,
    /// What it was done to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub object: Option<String>,
    /// Whose that is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tenant: Option<String>,
    /// Whether it was allowed.
    pub allowed: bool,
    /// What else is worth keeping.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<Value>,
}

/// Which lines of the audit to list, newest first.
#[derive(Clone, Debug, Default, Serialize, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct AuditFilter {
    /// Only what this one did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[param(pattern = "^[^\\x00]*$")]
    pub actor: Option<String>,
    /// Only this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[param(pattern = "^[^\\x00]*$")]
    pub action: Option<String>,
    /// Only what was done to this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[param(pattern = "^[^\\x00]*$")]
    pub object: Option<String>,
    /// Only what was (or was not) allowed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub allowed: Option<bool>,
    /// Where the page begins: the `next` of the page before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<i64>,
    /// How many at most; 100 if nothing is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[param(value_type = Option<u32>, minimum = 1, maximum = 500)]
    pub limit: Option<Limit>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grant(text: &str) -> Grant {
        text.parse().unwrap()
    }

    #[test]
    fn a_grant_allows_its_role_and_what_that_includes_with_its_tenant_only() {
        let submit = grant("submit:rice");
        assert!(
            submit.allows(Role::Submit, Some("rice")) && submit.allows(Role::Read, Some("rice"))
        );
        assert!(!submit.allows(Role::Operate, Some("rice")));
        assert!(!submit.allows(Role::Read, Some("maize")) && !submit.allows(Role::Read, None));
        assert!(grant("admin:rice").allows(Role::Operate, Some("rice")));
        assert!(!grant("operate:*").allows(Role::Submit, None));
    }

    #[test]
    fn a_star_stands_for_every_tenant_and_for_none() {
        let read = grant("read:*");
        assert!(read.allows(Role::Read, Some("maize")) && read.allows(Role::Read, None));
        assert_eq!(read.tenants(Role::Read), Tenants::All);
        assert_eq!(read.tenants(Role::Submit), Tenants::Only(Vec::new()));
    }

    #[test]
    fn tenants_join_and_meet() {
        let only = |names: &[&str]| Tenants::Only(names.iter().map(|&name| name.into()).collect());
        assert_eq!(only(&["b"]).or(only(&["a", "b"])), only(&["a", "b"]));
        assert_eq!(only(&["a"]).or(Tenants::All), Tenants::All);
        assert_eq!(only(&["a", "b"]).and(only(&["b", "c"])), only(&["b"]));
        assert_eq!(only(&["a"]).and(Tenants::All), only(&["a"]));
    }

    #[test]
    fn what_is_no_grant_is_refused_with_how_to_write_one() {
        for text in ["", "read", "read:", "write:rice", "Read:rice", ":*"] {
            let error = text.parse::<Grant>().unwrap_err().to_string();
            assert!(error.contains("submit, operate"), "{error}");
        }
        assert_eq!(grant("operate:*").to_string(), "operate:*");
    }
}
