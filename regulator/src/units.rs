use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use jiff::SignedDuration;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// A number of bytes, written `"24 GiB"` or as a plain number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Bytes(pub u64);

const UNITS: [(&str, f64); 9] = [
    ("TiB", 1_099_511_627_776.0),
    ("GiB", 1_073_741_824.0),
    ("MiB", 1_048_576.0),
    ("KiB", 1024.0),
    ("TB", 1e12),
    ("GB", 1e9),
    ("MB", 1e6),
    ("kB", 1e3),
    ("B", 1.0),
];

impl fmt::Display for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = self.0 as f64;
        match UNITS[..4].iter().find(|(_, size)| bytes >= *size) {
            Some((unit, size)) => write!(f, "{:.1} {unit}", bytes / size),
            None => write!(f, "{} B", self.0),
        }
    }
}

impl FromStr for Bytes {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong =
            || format!("`{text}` is no size; write a number of bytes or such as \"24 GiB\"");
        let (number, size) = UNITS
            .iter()
            .find_map(|(unit, size)| Some((text.trim().strip_suffix(unit)?, *size)))
            .unwrap_or((text, 1.0));
        let number: f64 = number.trim().parse().map_err(|_| wrong())?;
        let bytes = number * size;
        if !(0.0..=9e18).contains(&bytes) {
            return Err(wrong());
        }
        Ok(Self(bytes.round() as u64))
    }
}

/// A length of time, written `"90s"`, `"5m"` or `"2h 30m"`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Length(pub Duration);

impl Length {
    /// So many seconds.
    pub const fn secs(seconds: u64) -> Self {
        Self(Duration::from_secs(seconds))
    }
}

impl fmt::Display for Length {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let length = SignedDuration::try_from(self.0).unwrap_or(SignedDuration::MAX);
        write!(f, "{length:#}")
    }
}

impl FromStr for Length {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong =
            |_| format!("`{text}` is no length of time; write such as \"90s\" or \"2h 30m\"");
        let length: SignedDuration =
            text.parse().map_err(|error: jiff::Error| wrong(error.to_string()))?;
        Duration::try_from(length).map(Self).map_err(|error| wrong(error.to_string()))
    }
}

/// A length of time for an operator's eye: two units at most, so `"2h 5m"`, `"3m 20s"`, `"0.4s"`.
pub(crate) fn roughly(length: Duration) -> String {
    let seconds = length.as_secs();
    match seconds {
        0..10 => format!("{:.1}s", length.as_secs_f64()),
        10..60 => format!("{seconds}s"),
        60..3_600 => format!("{}m {}s", seconds / 60, seconds % 60),
        3_600..86_400 => format!("{}h {}m", seconds / 3_600, seconds % 3_600 / 60),
        _ => format!("{}d {}h", seconds / 86_400, seconds % 86_400 / 3_600),
    }
}

/// Cores for an operator's eye: `1500` thousandths are `1.5`.
pub(crate) fn cores(milli: u64) -> String {
    format!("{}", milli as f64 / 1000.0)
}

impl Serialize for Length {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Length {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        String::deserialize(from)?.parse().map_err(de::Error::custom)
    }
}

impl Serialize for Bytes {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_u64(self.0)
    }
}

impl<'de> Deserialize<'de> for Bytes {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(BytesVisitor)
    }
}

struct BytesVisitor;

impl de::Visitor<'_> for BytesVisitor {
    type Value = Bytes;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number of bytes or a size such as \"24 GiB\"")
    }

    fn visit_u64<E: de::Error>(self, bytes: u64) -> Result<Bytes, E> {
        Ok(Bytes(bytes))
    }

    fn visit_i64<E: de::Error>(self, bytes: i64) -> Result<Bytes, E> {
        u64::try_from(bytes).map(Bytes).map_err(|_| E::custom("a size is not negative"))
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Bytes, E> {
        text.parse().map_err(E::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_and_written_in_words() {
        for (text, bytes) in
            [("24 GiB", 24 << 30), ("1.5KiB", 1536), ("7", 7), ("2 kB", 2000), ("3 B", 3)]
        {
            assert_eq!(text.parse::<Bytes>(), Ok(Bytes(bytes)), "{text}");
        }
        assert_eq!(Bytes(6 << 30).to_string(), "6.0 GiB");
        assert_eq!(Bytes(1023).to_string(), "1023 B");
        assert_eq!(Bytes(1024).to_string(), "1.0 KiB");
        for wrong in ["", "GiB", "-1 B", "four", "9e30", "NaN"] {
            assert!(wrong.parse::<Bytes>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn lengths_are_read_and_written_in_words() {
        assert_eq!("2h 30m".parse(), Ok(Length::secs(9000)));
        assert_eq!("90s".parse(), Ok(Length::secs(90)));
        assert!("-5s".parse::<Length>().is_err());
        assert!("soon".parse::<Length>().unwrap_err().contains("2h 30m"));
        let text = serde_json::to_string(&Length::secs(9000)).unwrap();
        assert_eq!(serde_json::from_str::<Length>(&text).unwrap(), Length::secs(9000));
    }

    #[test]
    fn rough_lengths_have_two_units() {
        for (seconds, text) in [
            (0, "0.0s"),
            (9, "9.0s"),
            (10, "10s"),
            (60, "1m 0s"),
            (3_599, "59m 59s"),
            (3_600, "1h 0m"),
            (7_500, "2h 5m"),
            (86_399, "23h 59m"),
            (93_600, "1d 2h"),
        ] {
            assert_eq!(roughly(Duration::from_secs(seconds)), text);
        }
    }
}
