//! What is asked for in a list's address. Empty fields, which forms send, ask for nothing.

use std::{borrow::Cow, fmt::Display, str::FromStr};

use schema::{JobId, JobStatus};
use serde::{Deserialize, Deserializer, Serialize, de};

use crate::store::search::{Stretch, Wanted};

use super::moment::Bound;

/// Which jobs a list shows.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Deserialize, Serialize)]
#[serde(default)]
pub(in crate::pages) struct Filter {
    #[serde(deserialize_with = "filled", skip_serializing_if = "Option::is_none")]
    pub(super) status: Option<Standing>,
    #[serde(deserialize_with = "filled", skip_serializing_if = "Option::is_none")]
    pub(super) text: Option<String>,
    #[serde(deserialize_with = "filled", skip_serializing_if = "Option::is_none")]
    pub(super) kind: Option<String>,
    #[serde(deserialize_with = "filled", skip_serializing_if = "Option::is_none")]
    pub(super) tenant: Option<String>,
    #[serde(deserialize_with = "filled", skip_serializing_if = "Option::is_none")]
    pub(super) user: Option<String>,
    #[serde(deserialize_with = "filled", skip_serializing_if = "Option::is_none")]
    pub(super) table: Option<String>,
    /// The first day or moment.
    #[serde(deserialize_with = "filled", skip_serializing_if = "Option::is_none")]
    pub(super) from: Option<Bound>,
    /// The last day, or the moment after the last.
    #[serde(deserialize_with = "filled", skip_serializing_if = "Option::is_none")]
    pub(super) until: Option<Bound>,
    /// The job after which a page begins.
    #[serde(deserialize_with = "filled", skip_serializing_if = "Option::is_none")]
    pub(super) after: Option<JobId>,
}

/// A status, or several that belong together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Standing {
    Unsettled,
    Only(JobStatus),
}

impl Standing {
    pub(super) const ALL: [Self; 6] = [
        Self::Unsettled,
        Self::Only(JobStatus::Submitted),
        Self::Only(JobStatus::Running),
        Self::Only(JobStatus::Completed),
        Self::Only(JobStatus::Failed),
        Self::Only(JobStatus::Cancelled),
    ];

    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Unsettled => "unsettled",
            Self::Only(status) => status.as_str(),
        }
    }
}

impl FromStr for Standing {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|standing| standing.as_str() == text);
        found.ok_or_else(|| format!("{text:?} is no status"))
    }
}

impl Serialize for Standing {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(self.as_str())
    }
}

/// What is said in a field; nothing if it is blank.
fn filled<'de, D, T>(from: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: FromStr<Err: Display>,
{
    let said = Cow::<str>::deserialize(from)?;
    match said.trim() {
        "" => Ok(None),
        said => said.parse().map(Some).map_err(de::Error::custom),
    }
}

impl Filter {
    /// Whether anything is asked for beside where the page begins.
    pub(super) fn is_empty(&self) -> bool {
        *self == Self { after: self.after, ..Self::default() }
    }

    /// The same, beginning elsewhere.
    pub(super) fn starting(&self, after: Option<JobId>) -> Self {
        Self { after, ..self.clone() }
    }

    /// The list's address, which has only what is asked for.
    pub(super) fn address(&self, path: &str) -> String {
        // Texts, days and ids go into every address.
        match serde_urlencoded::to_string(self).unwrap_or_default() {
            asked if asked.is_empty() => path.to_owned(),
            asked => format!("{path}?{asked}"),
        }
    }

    pub(super) fn wanted(&self) -> Wanted<'_> {
        let (settled, status) = match self.status {
            Some(Standing::Unsettled) => (Some(false), None),
            Some(Standing::Only(status)) => (None, Some(status)),
            None => (None, None),
        };
        Wanted {
            settled,
            status,
            kind: self.kind.as_deref(),
            tenant: self.tenant.as_deref(),
            submitted_by: self.user.as_deref(),
            text: self.text.as_deref(),
            table: self.table.as_deref(),
            tenants: None,
        }
    }

    /// From which job to which.
    pub(super) fn stretch(&self) -> Stretch {
        let latest = JobId(uuid::Uuid::max());
        Stretch {
            from: self.from.map_or(JobId(uuid::Uuid::nil()), |from| JobId::first_at(from.begin())),
            before: self
                .until
                .map_or(latest, |until| JobId::first_at(until.end()))
                .min(self.after.unwrap_or(latest)),
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;

    fn read(asked: &str) -> Filter {
        serde_urlencoded::from_str(asked).unwrap()
    }

    #[test]
    fn the_empty_fields_of_a_form_ask_for_nothing() {
        let asked = "status=&text=+&kind=&tenant=&user=&table=&from=&until=&after=&other=x";
        assert_eq!(read(asked), Filter::default());
        assert_eq!(read(asked).address("/jobs"), "/jobs");
    }

    #[test]
    fn an_address_asks_for_the_same_when_it_is_read_again() {
        let asked = "status=failed&text=a+%26+b&kind=loader&tenant=m%C3%A4is&user=u&table=matrix\
                     &from=2026-01-02&until=2026-01-03&after=01a202ad-3cce-74ee-a618-a1f8712b9f2d";
        let filter = read(asked);
        assert_eq!(filter.text.as_deref(), Some("a & b"));
        assert_eq!(filter.address("/jobs"), format!("/jobs?{asked}"));
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        for asked in [
            "status=pending",
            "from=yesterday",
            "until=2026-13-01",
            "from=2026-01-01T10:00",
            "after=1",
        ] {
            assert!(serde_urlencoded::from_str::<Filter>(asked).is_err(), "{asked}");
        }
    }

    #[test]
    fn days_are_whole() {
        let stretch = read("from=2026-01-02&until=2026-01-02").stretch();
        let day: Timestamp = "2026-01-02T00:00:00Z".parse().unwrap();
        let next: Timestamp = "2026-01-03T00:00:00Z".parse().unwrap();
        assert_eq!((stretch.from, stretch.before), (JobId::first_at(day), JobId::first_at(next)));
    }

    #[test]
    fn moments_are_exact_and_stand_in_the_address_as_they_came() {
        let asked = "from=2026-01-01T23%3A00%3A00Z&until=2026-01-02T23%3A00%3A00Z";
        let (filter, moment) = (read(asked), |text: &str| JobId::first_at(text.parse().unwrap()));
        assert_eq!(filter.stretch().from, moment("2026-01-01T23:00:00Z"));
        assert_eq!(filter.stretch().before, moment("2026-01-02T23:00:00Z"));
        assert_eq!(filter.address("/jobs"), format!("/jobs?{asked}"));
    }

    #[test]
    fn a_page_begins_where_the_one_before_ended() {
        let after = JobId::mint();
        let days = read("until=9999-12-31");
        assert_eq!(days.starting(Some(after)).stretch().before, after);
    }
}
