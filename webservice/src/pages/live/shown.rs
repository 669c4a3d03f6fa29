//! What a page shows, in parts that can be exchanged one by one.

use std::{
    collections::{BTreeMap, HashMap},
    hash::{DefaultHasher, Hash as _, Hasher as _},
};

use axum::body::Bytes;
use maud::{Markup, PreEscaped, Render};
use serde::Serialize;

use super::OVER;

/// The parts of a page that change. An element with the id of a list has those with the ids of its
/// parts in it, in their order.
pub(in crate::pages) struct Shown {
    pub(in crate::pages) lists: Vec<List>,
    /// Whether nothing will change any more.
    pub(in crate::pages) over: bool,
}

/// Parts that follow one another. Lists show a part each to be exchanged, and may grow and shrink.
pub(in crate::pages) struct List {
    pub(in crate::pages) id: &'static str,
    pub(in crate::pages) parts: Vec<Part>,
}

/// An element, and the id that it has.
pub(in crate::pages) struct Part {
    pub(in crate::pages) id: String,
    pub(in crate::pages) html: Markup,
}

impl Render for List {
    fn render(&self) -> Markup {
        PreEscaped(self.parts.iter().map(|part| part.html.0.as_str()).collect())
    }
}

impl Shown {
    fn parts(&self) -> impl Iterator<Item = &Part> {
        self.lists.iter().flat_map(|list| &list.parts)
    }

    /// Names what is shown: whatever shows the same has the same name, in other processes too.
    pub(in crate::pages) fn id(&self) -> String {
        let mut hasher = DefaultHasher::new();
        for list in &self.lists {
            list.id.hash(&mut hasher);
            list.parts.len().hash(&mut hasher);
        }
        for part in self.parts() {
            (&part.id, &part.html.0).hash(&mut hasher);
        }
        format!("{:016x}", hasher.finish())
    }

    /// A message that makes this of whatever is shown, or of what was shown `before`.
    fn frame(&self, id: &str, before: Option<&Self>) -> Bytes {
        let known: HashMap<_, _> =
            before.into_iter().flat_map(Self::parts).map(|part| (&part.id, &part.html.0)).collect();
        let new = self.parts().filter(|part| known.get(&part.id) != Some(&&part.html.0));
        let message = Message {
            lists: self.lists.iter().map(|list| (list.id, ids(list))).collect(),
            parts: new.map(|part| (part.id.as_str(), part.html.0.as_str())).collect(),
        };
        // JSON has no line breaks unless it is made pretty.
        let data = serde_json::to_string(&message).unwrap_or_default();
        let over = if self.over { OVER } else { "" };
        format!("id: {id}\ndata: {data}\n\n{over}").into()
    }
}

fn ids(list: &List) -> Vec<&str> {
    list.parts.iter().map(|part| part.id.as_str()).collect()
}

/// The ids of the parts of each list, in their order, and those parts that are new.
#[derive(Serialize)]
struct Message<'a> {
    lists: BTreeMap<&'a str, Vec<&'a str>>,
    parts: BTreeMap<&'a str, &'a str>,
}

/// What readers are told of something shown: made once, sent to all.
pub(super) struct Frames {
    pub(super) id: String,
    pub(super) over: bool,
    whole: Bytes,
    /// What was shown before, and what is new since.
    change: Option<(String, Bytes)>,
}

impl Frames {
    pub(super) fn new(id: String, shown: &Shown, before: Option<(&str, &Shown)>) -> Self {
        let change = before.map(|(was, before)| (was.to_owned(), shown.frame(&id, Some(before))));
        Self { whole: shown.frame(&id, None), over: shown.over, id, change }
    }

    /// What to tell somebody who sees what has this id; nothing if it is this.
    pub(super) fn since(&self, seen: Option<&str>) -> Option<Bytes> {
        if seen == Some(&self.id) {
            return None;
        }
        match &self.change {
            Some((before, change)) if seen == Some(before) => Some(change.clone()),
            _ => Some(self.whole.clone()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(parts: &[(&str, &str)]) -> Shown {
        let part = |&(id, html): &(&str, &str)| Part {
            id: id.to_owned(),
            html: PreEscaped(html.to_owned()),
        };
        let list = List { id: "rows", parts: parts.iter().map(part).collect() };
        Shown { lists: vec![list], over: false }
    }

    fn told(frame: Option<Bytes>) -> String {
        String::from_utf8(frame.unwrap().to_vec()).unwrap()
    }

    #[test]
    fn only_what_is_new_is_told_to_who_saw_what_was_before() {
        let (before, now) = (shown(&[("a", "1"), ("b", "2")]), shown(&[("c", "3"), ("a", "1")]));
        let was = before.id();
        let frames = Frames::new(now.id(), &now, Some((&was, &before)));
        let change = r#"{"lists":{"rows":["c","a"]},"parts":{"c":"3"}}"#;
        assert_eq!(told(frames.since(Some(&was))), format!("id: {}\ndata: {change}\n\n", now.id()));
        let whole = r#"{"lists":{"rows":["c","a"]},"parts":{"a":"1","c":"3"}}"#;
        for seen in [None, Some("something older")] {
            assert_eq!(told(frames.since(seen)), format!("id: {}\ndata: {whole}\n\n", now.id()));
        }
        assert_eq!(frames.since(Some(&now.id())), None, "who sees it is not told again");
    }

    #[test]
    fn the_last_word_says_that_it_is() {
        let last = Shown { over: true, ..shown(&[]) };
        assert!(told(Frames::new(last.id(), &last, None).since(None)).ends_with(OVER));
    }

    #[test]
    fn an_id_tells_texts_parts_and_their_order_apart() {
        let ids = [
            shown(&[("a", "1"), ("b", "2")]),
            shown(&[("b", "2"), ("a", "1")]),
            shown(&[("a", "1")]),
            shown(&[("a", "2"), ("b", "2")]),
        ];
        let ids: std::collections::HashSet<_> = ids.iter().map(Shown::id).collect();
        assert_eq!(ids.len(), 4);
    }
}
