use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::Demand;

/// Who asks: 128 bits that only the caller understands, written like a UUID.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AskId(pub u128);

impl fmt::Display for AskId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hex = format!("{:032x}", self.0);
        let (a, b, c, d, e) = (&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]);
        write!(f, "{a}-{b}-{c}-{d}-{e}")
    }
}

impl fmt::Debug for AskId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for AskId {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let hex: String = text.chars().filter(|c| *c != '-').collect();
        let digits = hex.len() == 32 && hex.bytes().all(|b| b.is_ascii_hexdigit());
        let number = u128::from_str_radix(&hex, 16).ok().filter(|_| digits);
        number.map(Self).ok_or_else(|| format!("`{text}` is no id of 32 hexadecimal digits"))
    }
}

impl Serialize for AskId {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for AskId {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        String::deserialize(from)?.parse().map_err(de::Error::custom)
    }
}

/// One piece of work that wants to start: all a regulator may know of a job.
#[derive(Clone, Debug, PartialEq)]
pub struct Ask {
    /// Whose ask it is; submitting the same id twice is the same as once.
    pub id: AskId,
    /// What sort of work, such as `loader`.
    pub kind: String,
    /// Who shares the node with others: a crop, a user, a project.
    pub tenant: String,
    /// Jobs with the same key may exclude each other, such as the data set they write.
    pub key: Option<String>,
    /// Higher goes first, where the rank looks at it.
    pub priority: i16,
    /// What it needs, stated or guessed.
    pub demand: Demand,
    /// Whether `demand` was stated by someone who knows; experience then does not replace it.
    pub stated: bool,
    /// Whether it needs the node for itself.
    pub alone: bool,
    /// Bytes of input: its size class, and its cost where a rank charges by size.
    pub size: u64,
    /// How long it is expected to run, if anyone can say.
    pub runtime: Option<Duration>,
    /// When its user submitted it; its waiting counts from here.
    pub submitted: Timestamp,
}

impl Ask {
    /// An ask with nothing but an id, a kind and a tenant, submitted just now; the rest is set as
    /// needed.
    ///
    /// ```
    /// let mut ask = regulator::Ask::new(regulator::AskId(1), "loader", "maize");
    /// ask.key = Some("data set 7".into());
    /// ask.demand.memory = 6 << 30;
    /// ```
    pub fn new(id: AskId, kind: &str, tenant: &str) -> Self {
        Self {
            id,
            kind: kind.to_owned(),
            tenant: tenant.to_owned(),
            key: None,
            priority: 0,
            demand: Demand::default(),
            stated: false,
            alone: false,
            size: 0,
            runtime: None,
            submitted: Timestamp::MAX,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_written_like_a_uuid_and_read_back() {
        let id = AskId(0x0198_c0de_0000_7000_8000_0000_0000_002a);
        assert_eq!(id.to_string(), "0198c0de-0000-7000-8000-00000000002a");
        assert_eq!(id.to_string().parse(), Ok(id));
        assert!("0198c0de".parse::<AskId>().is_err());
        assert!("+198c0de-0000-7000-8000-00000000002a".parse::<AskId>().is_err());
        assert_eq!(serde_json::from_str::<AskId>(&format!("\"{id}\"")).unwrap(), id);
    }
}
