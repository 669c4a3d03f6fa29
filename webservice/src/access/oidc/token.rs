//! A token, from its text to the claims that are believed.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use jiff::Timestamp;
use serde::{Deserialize, de::IgnoredAny};
use serde_json::{Map, Value};

use super::{Disbelief, key::Key};

/// How long a token may be; it comes in a header.
const MAX_BYTES: usize = 16 << 10;
/// How long a user's name may be.
const MAX_NAME_BYTES: usize = 200;
/// How far the clocks of the issuer and of this machine may be apart, in seconds.
const LEEWAY: f64 = 60.0;

/// The signatures that are believed: those that nobody can make who can only verify them. Neither none
/// at all nor those with a shared secret are among them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[expect(clippy::upper_case_acronyms, reason = "they are called so in RFC 7518")]
pub(super) enum Algorithm {
    RS256,
    PS256,
    ES256,
    #[serde(rename = "EdDSA")]
    EDDSA,
}

#[derive(Debug, Deserialize)]
struct Header {
    alg: Algorithm,
    kid: Option<String>,
    /// What one must understand to believe the token: nothing of the kind is.
    crit: Option<IgnoredAny>,
}

/// A token that was read, and not verified.
#[derive(Debug)]
pub(super) struct Token<'a> {
    header: Header,
    signed: &'a str,
    claims: &'a str,
    signature: Vec<u8>,
}

impl<'a> Token<'a> {
    pub(super) fn read(text: &'a str) -> Result<Self, Disbelief> {
        let unreadable = || Disbelief::Token("cannot be read");
        if text.len() > MAX_BYTES {
            return Err(Disbelief::Token("is too long"));
        }
        let (signed, signature) = text.rsplit_once('.').ok_or_else(unreadable)?;
        let (header, claims) = signed.split_once('.').ok_or_else(unreadable)?;
        let header = decode(header).and_then(|json| serde_json::from_slice::<Header>(&json).ok());
        let header = header.ok_or(Disbelief::Token("is signed in no way that is believed"))?;
        if header.crit.is_some() {
            return Err(Disbelief::Token("demands what is not understood"));
        }
        let signature = decode(signature).ok_or_else(unreadable)?;
        Ok(Self { header, signed, claims, signature })
    }

    /// Whether it may have been signed with the key.
    pub(super) fn names(&self, key: &Key) -> bool {
        let named = self.header.kid.is_none() || self.header.kid.as_deref() == key.id();
        named && key.is_for(self.header.alg)
    }

    /// What it claims, if one of these keys signed it.
    pub(super) fn verified(&self, keys: &[Key]) -> Result<Claims, Disbelief> {
        let (message, alg) = (self.signed.as_bytes(), self.header.alg);
        let mut named = keys.iter().filter(|key| self.names(key));
        if !named.any(|key| key.signed(alg, message, &self.signature)) {
            return Err(Disbelief::Token("is not signed by the issuer"));
        }
        let claims = decode(self.claims).and_then(|json| serde_json::from_slice(&json).ok());
        claims.map(Claims).ok_or(Disbelief::Token("cannot be read"))
    }
}

fn decode(part: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(part).ok()
}

/// What a token claims.
#[derive(Debug)]
pub(super) struct Claims(Map<String, Value>);

impl Claims {
    /// Refuses what is not from this issuer, not for this audience, or not for now.
    pub(super) fn check(
        &self,
        issuer: &str,
        audience: &str,
        now: Timestamp,
    ) -> Result<(), Disbelief> {
        let now = now.as_second() as f64;
        let of = |name: &str| self.0.get(name);
        let wrong = |what| Err(Disbelief::Token(what));
        if of("iss").and_then(Value::as_str) != Some(issuer) {
            return wrong("is from another issuer");
        }
        if !texts(of("aud")).contains(&audience) {
            return wrong("is for somebody else");
        }
        match of("exp").and_then(Value::as_f64) {
            Some(end) if now < end + LEEWAY => {}
            Some(_) => return wrong("has expired"),
            None => return wrong("does not say when it expires"),
        }
        match of("nbf").map(Value::as_f64) {
            None => Ok(()),
            Some(Some(begin)) if begin <= now + LEEWAY => Ok(()),
            Some(_) => wrong("is not good yet"),
        }
    }

    pub(super) fn user(&self, claim: &str) -> Result<&str, Disbelief> {
        let name = self.find(claim).and_then(Value::as_str);
        let is_name = |name: &&str| {
            !name.is_empty() && name.len() <= MAX_NAME_BYTES && !name.chars().any(char::is_control)
        };
        name.filter(is_name).ok_or(Disbelief::Token("does not name its user"))
    }

    pub(super) fn groups(&self, claim: &str) -> Vec<&str> {
        texts(self.find(claim))
    }

    /// A claim of this name; else one within others, whose names are joined by dots.
    fn find(&self, name: &str) -> Option<&Value> {
        self.0.get(name).or_else(|| {
            let (first, rest) = name.split_once('.')?;
            rest.split('.').try_fold(self.0.get(first)?, |object, name| object.get(name))
        })
    }
}

/// One text, or many.
fn texts(value: Option<&Value>) -> Vec<&str> {
    match value {
        Some(Value::String(text)) => vec![text],
        Some(Value::Array(texts)) => texts.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn claims(more: Value) -> Claims {
        let mut all = json!({"iss": "https://a", "aud": "digester", "exp": 1000});
        for (name, value) in more.as_object().unwrap() {
            all[name] = value.clone();
        }
        Claims(all.as_object().unwrap().clone())
    }

    fn check(more: Value, second: i64) -> Result<(), Disbelief> {
        claims(more).check("https://a", "digester", Timestamp::from_second(second).unwrap())
    }

    #[test]
    fn a_token_is_good_for_its_time_and_a_minute_about_it() {
        assert_eq!(check(json!({"nbf": 500}), 440), Ok(()));
        assert_eq!(check(json!({}), 1059), Ok(()));
        assert_eq!(check(json!({"nbf": 500}), 439), Err(Disbelief::Token("is not good yet")));
        assert_eq!(check(json!({}), 1060), Err(Disbelief::Token("has expired")));
        for exp in [json!(null), json!("9999999999")] {
            assert!(check(json!({ "exp": exp }), 0).is_err(), "{exp}");
        }
        assert!(check(json!({"nbf": "soon"}), 0).is_err());
    }

    #[test]
    fn a_token_is_good_from_its_issuer_and_for_its_audience_only() {
        assert_eq!(check(json!({"aud": ["other", "digester"]}), 0), Ok(()));
        for aud in [json!("other"), json!(["digester2"]), json!([]), json!(null), json!({})] {
            assert_eq!(
                check(json!({ "aud": aud }), 0),
                Err(Disbelief::Token("is for somebody else"))
            );
        }
        for iss in [json!("https://a/"), json!("https://b"), json!(null)] {
            assert!(check(json!({ "iss": iss }), 0).is_err(), "{iss}");
        }
    }

    #[test]
    fn a_claim_is_found_by_its_name_and_within_others() {
        let claims = claims(json!({"a.b": "plain", "realm": {"access": {"roles": ["x", 1, "y"]}},
                                   "user": "ann", "odd": "a\nb", "empty": ""}));
        assert_eq!(claims.user("a.b"), Ok("plain"));
        assert_eq!(claims.groups("realm.access.roles"), ["x", "y"]);
        assert_eq!(claims.groups("realm.nothing"), [""; 0]);
        for unnamed in ["odd", "empty", "realm", "nobody"] {
            assert!(claims.user(unnamed).is_err(), "{unnamed}");
        }
    }

    #[test]
    fn what_is_not_signed_as_it_should_be_is_not_read() {
        let token = |header: &str| {
            let text = format!("{}.e30.c2ln", URL_SAFE_NO_PAD.encode(header));
            Token::read(&text).map(drop)
        };
        assert!(token(r#"{"alg":"ES256","kid":"k","typ":"JWT"}"#).is_ok());
        for bad in [
            r#"{"alg":"none"}"#,
            r#"{"alg":"HS256"}"#,
            r#"{"alg":"nOnE"}"#,
            r#"{"alg":["ES256"]}"#,
            r#"{"alg":"ES256","crit":["b64"]}"#,
            "{}",
            "no JSON",
        ] {
            assert!(token(bad).is_err(), "{bad}");
        }
        for bad in ["", ".", "..", "a.b", "e30.e30.e30.e30", &"a".repeat(MAX_BYTES + 1)] {
            assert!(Token::read(bad).is_err(), "{bad}");
        }
    }
}
