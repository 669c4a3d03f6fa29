//! Names of things: each is checked once, where it enters.

use std::{borrow::Borrow, fmt, str::FromStr};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// Identifies a job. Version 7, so that ids sort by the time they were made.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema,
)]
#[serde(transparent)]
pub struct JobId(pub Uuid);

impl JobId {
    /// A new id, later than every id made before in this process.
    #[must_use]
    pub fn mint() -> Self {
        Self(Uuid::now_v7())
    }

    /// No greater than the ids of all jobs made from then on, and greater than those made before.
    #[must_use]
    pub fn first_at(at: Timestamp) -> Self {
        // A UUID of version 7 begins with 48 bits of milliseconds since 1970.
        let since = u128::try_from(at.as_millisecond()).unwrap_or_default();
        Self(Uuid::from_u128(since << 80))
    }

    /// When it was made, if it is of a version that tells.
    #[must_use]
    pub fn made_at(self) -> Option<Timestamp> {
        let (seconds, nanoseconds) = self.0.get_timestamp()?.to_unix();
        Timestamp::new(i64::try_from(seconds).ok()?, i32::try_from(nanoseconds).ok()?).ok()
    }
}

impl fmt::Display for JobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for JobId {
    type Err = uuid::Error;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(Self)
    }
}

/// Why a text cannot be a key, a kind or a node's name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidName {
    #[error("a {what} must not be empty")]
    Empty { what: &'static str },
    #[error("a {what} has at most {max} bytes, this one has {len}")]
    TooLong { what: &'static str, max: usize, len: usize },
    #[error("a {what} must not be “.” or “..”")]
    Dots { what: &'static str },
    #[error("a {what} must not contain {found:?}")]
    Forbidden { what: &'static str, found: char },
}

/// A text that is safe in a URL segment, a log line and a file name.
fn check_name(what: &'static str, max: usize, text: &str) -> Result<(), InvalidName> {
    if text.is_empty() {
        return Err(InvalidName::Empty { what });
    }
    if text.len() > max {
        return Err(InvalidName::TooLong { what, max, len: text.len() });
    }
    if text == "." || text == ".." {
        return Err(InvalidName::Dots { what });
    }
    match text.chars().find(|&c| c == '/' || c.is_control()) {
        Some(found) => Err(InvalidName::Forbidden { what, found }),
        None => Ok(()),
    }
}

macro_rules! name {
    ($(#[$doc:meta])* $name:ident, $what:literal, $max:tt) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
        #[serde(try_from = "String", into = "String")]
        #[schema(value_type = String, max_length = $max, pattern = r"^(?!\.{1,2}$)[^/\x00-\x1f\x7f-\x9f]+$")]
        pub struct $name(String);

        impl $name {
            /// The most bytes it may have.
            pub const MAX_BYTES: usize = $max;

            /// Checks the text and takes it.
            pub fn new(text: impl Into<String>) -> Result<Self, InvalidName> {
                let text = text.into();
                check_name($what, Self::MAX_BYTES, &text)?;
                Ok(Self(text))
            }

            /// The text itself.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $name {
            type Error = InvalidName;

            fn try_from(text: String) -> Result<Self, InvalidName> {
                Self::new(text)
            }
        }

        impl FromStr for $name {
            type Err = InvalidName;

            fn from_str(text: &str) -> Result<Self, InvalidName> {
                Self::new(text)
            }
        }

        impl From<$name> for String {
            fn from(name: $name) -> String {
                name.0
            }
        }

        impl Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

name! {
    /// The name under which an instruction is kept for ever.
    Key, "key", 255
}

name! {
    /// What sort of instruction this is, and so which digester executes it: `loader`, …
    Kind, "kind", 64
}

name! {
    /// A digester service, by the name its operator gave it.
    NodeId, "node name", 128
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_that_could_leave_its_folder_is_refused() {
        for text in ["", ".", "..", "a/b", "a\0b", "a\nb", &"x".repeat(256)] {
            assert!(Key::new(text).is_err(), "{text:?}");
        }
        assert!(Key::new("data_20260101_120000_USER_READER").is_ok());
    }

    #[test]
    fn a_moment_parts_the_ids_made_before_from_those_made_after() {
        let id = JobId::mint();
        let made = id.made_at().unwrap();
        assert!(JobId::first_at(made) <= id);
        assert!(JobId::first_at(made + std::time::Duration::from_millis(1)) > id);
    }

    #[test]
    fn ids_sort_by_the_time_they_were_made() {
        let ids: Vec<_> = (0..1000).map(|_| JobId::mint()).collect();
        assert!(ids.is_sorted());
    }
}
