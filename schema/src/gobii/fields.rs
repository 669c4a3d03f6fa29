//! The properties of a JSON object, each taken once, none left over.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::{node::Node, unreadable::Unreadable};

/// What an object holds and what was asked of it: whatever is left at the end is unknown.
#[derive(Debug)]
pub(super) struct Fields<'a> {
    left: Vec<(String, Node<'a>)>,
    asked: Vec<&'static str>,
}

impl<'a> Fields<'a> {
    pub(super) fn new(object: &Node<'a>) -> Result<Self, Unreadable> {
        let Entries(entries) = object.parse("an object")?;
        let mut left: Vec<(String, Node<'a>)> = Vec::with_capacity(entries.len());
        for (name, raw) in entries {
            let dot = if object.path.is_empty() { "" } else { "." };
            let node = object.inner(raw, format!("{}{dot}{name}", object.path));
            if left.iter().any(|(known, _)| *known == name) {
                return Err(node.refuse(format!("“{name}” only once")));
            }
            left.push((name, node));
        }
        Ok(Self { left, asked: Vec::new() })
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.left.iter().any(|(known, _)| known == name)
    }

    /// The property, which may be null.
    pub(super) fn take_raw(&mut self, name: &'static str) -> Option<Node<'a>> {
        self.asked.push(name);
        let at = self.left.iter().position(|(known, _)| known == name)?;
        Some(self.left.remove(at).1)
    }

    /// The property, unless it is absent or null.
    pub(super) fn take(&mut self, name: &'static str) -> Option<Node<'a>> {
        self.take_raw(name).filter(|node| !node.is_null())
    }

    pub(super) fn text(&mut self, name: &'static str) -> Result<Option<String>, Unreadable> {
        self.take(name).map(|node| node.text()).transpose()
    }

    pub(super) fn integer(&mut self, name: &'static str) -> Result<Option<i64>, Unreadable> {
        Ok(self.take(name).map(|node| node.integer()).transpose()?.flatten())
    }

    pub(super) fn truth(&mut self, name: &'static str) -> Result<Option<bool>, Unreadable> {
        self.take(name).map(|node| node.truth()).transpose()
    }

    /// Whatever was not asked for is an error that names what is known.
    pub(super) fn finish(self) -> Result<(), Unreadable> {
        let Some((_, unknown)) = self.left.into_iter().next() else { return Ok(()) };
        let known = format!("only the properties {}", self.asked.join(", "));
        Err(unknown.refuse(known))
    }
}

struct Entries<'a>(Vec<(String, &'a RawValue)>);

impl<'de> Deserialize<'de> for Entries<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(EntriesVisitor)
    }
}

struct EntriesVisitor;

impl<'de> Visitor<'de> for EntriesVisitor {
    type Value = Entries<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut entries = Vec::new();
        while let Some(entry) = map.next_entry()? {
            entries.push(entry);
        }
        Ok(Entries(entries))
    }
}
