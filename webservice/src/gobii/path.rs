//! Where a request goes: paths with any number of slashes, query keys without values.

use percent_encoding::{AsciiSet, CONTROLS, percent_decode_str, utf8_percent_encode};
use schema::gobii::decode;

/// What does not stand for itself in a segment of a path.
const NOT_PLAIN: &AsciiSet =
    &CONTROLS.add(b' ').add(b'"').add(b'#').add(b'%').add(b'/').add(b'<').add(b'>').add(b'?');

/// The segments of a path; empty ones do not count.
pub(super) fn segments(path: &str) -> Vec<String> {
    let segments = path.split('/').filter(|segment| !segment.is_empty());
    segments
        .map(|text| decode(&percent_decode_str(text).collect::<Vec<_>>()).into_owned())
        .collect()
}

/// A name as a segment of a path.
pub(super) fn segment(name: &str) -> String {
    utf8_percent_encode(name, NOT_PLAIN).to_string()
}

/// What stands behind the question mark.
pub(super) struct Query(Vec<(String, String)>);

impl Query {
    pub(super) fn parse(text: Option<&str>) -> Self {
        Self(serde_urlencoded::from_str(text.unwrap_or_default()).unwrap_or_default())
    }

    /// A value; empty when the name stands alone or is not there.
    pub(super) fn get(&self, name: &str) -> &str {
        self.0.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_of_slashes_and_one_at_the_end_do_not_count() {
        assert_eq!(segments("/gobii-dev//gobii/v1/auth/"), ["gobii-dev", "gobii", "v1", "auth"]);
    }

    #[test]
    fn an_encoded_slash_stays_in_its_segment() {
        assert_eq!(segments("/a%2Fb/%E9/%C3%A9"), ["a/b", "é", "é"]);
        assert_eq!(segments(&segment("a/b é%?")), ["a/b é%?"]);
    }

    #[test]
    fn a_name_alone_is_present_and_empty() {
        let query = Query::parse(Some("email&lastName&userName=a%40b"));
        assert_eq!((query.get("email"), query.get("userName")), ("", "a@b"));
        assert_eq!(Query::parse(None).get("email"), "");
    }
}
