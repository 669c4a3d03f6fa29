//! A JSON value that knows where it stands.

use std::fmt::Display;

use serde_json::value::RawValue;

use super::{fields::Fields, unreadable::Unreadable};

/// How much of a refused value is shown.
const SHOWN_CHARS: usize = 60;

/// One value within the whole text, with its path.
#[derive(Clone, Debug)]
pub(super) struct Node<'a> {
    whole: &'a str,
    raw: &'a str,
    pub(super) path: String,
}

impl<'a> Node<'a> {
    /// The outermost value of the text.
    pub(super) fn root(whole: &'a str) -> Result<Self, Unreadable> {
        let raw: &RawValue = serde_json::from_str(whole).map_err(|error| Unreadable {
            path: String::new(),
            line: error.line(),
            column: error.column(),
            found: error.to_string(),
            expected: "one JSON value".to_owned(),
        })?;
        Ok(Self { whole, raw: raw.get(), path: String::new() })
    }

    /// A value inside this one.
    pub(super) fn inner(&self, raw: &'a RawValue, path: String) -> Self {
        Self { whole: self.whole, raw: raw.get(), path }
    }

    pub(super) fn is_null(&self) -> bool {
        self.raw == "null"
    }

    pub(super) fn is_list(&self) -> bool {
        self.raw.starts_with('[')
    }

    /// The values of a list.
    pub(super) fn items(&self) -> Result<Vec<Self>, Unreadable> {
        if !self.is_list() {
            return Err(self.refuse("a list"));
        }
        let items: Vec<&'a RawValue> = self.parse("a list")?;
        let place = |(i, raw)| self.inner(raw, format!("{}[{i}]", self.path));
        Ok(items.into_iter().enumerate().map(place).collect())
    }

    /// The properties of an object.
    pub(super) fn fields(&self) -> Result<Fields<'a>, Unreadable> {
        if !self.raw.starts_with('{') {
            return Err(self.refuse("an object"));
        }
        Fields::new(self)
    }

    /// A text; numbers and truth values are taken as they are written.
    pub(super) fn text(&self) -> Result<String, Unreadable> {
        match self.raw.as_bytes().first() {
            Some(b'"') => self.parse("a text"),
            Some(b'[' | b'{') => Err(self.refuse("a text")),
            _ => Ok(self.raw.to_owned()),
        }
    }

    /// A whole number, also written as a text; an empty text is none.
    pub(super) fn integer(&self) -> Result<Option<i64>, Unreadable> {
        let text = self.text()?;
        match text.trim() {
            "" => Ok(None),
            digits => digits.parse().map(Some).map_err(|_| self.refuse("a whole number")),
        }
    }

    /// A truth value, also written as a text.
    pub(super) fn truth(&self) -> Result<bool, Unreadable> {
        match self.text()?.as_str() {
            "true" => Ok(true),
            "false" => Ok(false),
            _ => Err(self.refuse("true or false")),
        }
    }

    /// One of the names.
    pub(super) fn one_of<T: Copy>(&self, names: &[(&str, T)]) -> Result<T, Unreadable> {
        let found = match self.raw.starts_with('"') {
            true => self.text()?,
            false => return Err(self.refuse(one_of(names))),
        };
        let known = names.iter().find(|(name, _)| *name == found);
        known.map(|&(_, value)| value).ok_or_else(|| self.refuse(one_of(names)))
    }

    pub(super) fn parse<T: serde::Deserialize<'a>>(&self, what: &str) -> Result<T, Unreadable> {
        serde_json::from_str(self.raw).map_err(|_| self.refuse(what))
    }

    /// Says that this value is not what is expected here.
    pub(super) fn refuse(&self, expected: impl Display) -> Unreadable {
        let (line, column) = self.place();
        Unreadable {
            path: self.path.clone(),
            line,
            column,
            found: shorten(self.raw),
            expected: expected.to_string(),
        }
    }

    /// Line and column, from 1: the value is a part of the whole text, so its address tells.
    fn place(&self) -> (usize, usize) {
        let offset = self.raw.as_ptr() as usize - self.whole.as_ptr() as usize;
        let before = &self.whole[..offset];
        let line = before.matches('\n').count() + 1;
        let in_line = before.rsplit('\n').next().unwrap_or(before);
        (line, in_line.chars().count() + 1)
    }
}

fn one_of<T>(names: &[(&str, T)]) -> String {
    let names: Vec<_> = names.iter().map(|(name, _)| *name).collect();
    format!("one of {}", names.join(", "))
}

fn shorten(text: &str) -> String {
    match text.char_indices().nth(SHOWN_CHARS) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
