//! How two JSON values differ, by the paths of what differs.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use crate::pages::diff::{Step, steps};

/// By what the elements of a list are known wherever they stand, the surest first.
const NAMES: [&str; 4] = ["table", "name", "key", "id"];
/// How much of a value is told.
const TOLD_LETTERS: usize = 200;

/// One thing that differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Difference {
    /// Where: `[table=marker].gobiiFile.source`; empty for the whole.
    pub(super) path: String,
    pub(super) what: What,
    /// What stood there, or where the element stood.
    pub(super) before: Option<String>,
    /// What stands there, or where the element stands.
    pub(super) after: Option<String>,
}

/// What became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum What {
    Added,
    Removed,
    Changed,
    Moved,
}

/// All that differs, in the order of the texts.
pub(super) fn differences(before: &Value, after: &Value) -> Vec<Difference> {
    let mut found = Found::default();
    found.compare("", before, after);
    found.0
}

#[derive(Default)]
struct Found(Vec<Difference>);

impl Found {
    fn add(&mut self, path: &str, what: What, before: Option<String>, after: Option<String>) {
        self.0.push(Difference { path: path.to_owned(), what, before, after });
    }

    fn compare(&mut self, path: &str, before: &Value, after: &Value) {
        match (before, after) {
            (same, other) if same == other => {}
            (Value::Object(before), Value::Object(after)) => self.objects(path, before, after),
            (Value::Array(before), Value::Array(after)) => match name_of_all(before, after) {
                Some(name) => self.named(path, name, before, after),
                None => self.lists(path, before, after),
            },
            _ => self.add(path, What::Changed, Some(told(before)), Some(told(after))),
        }
    }

    fn objects(&mut self, path: &str, before: &Map<String, Value>, after: &Map<String, Value>) {
        let names: BTreeSet<_> = before.keys().chain(after.keys()).collect();
        for name in names {
            let dot = if path.is_empty() { "" } else { "." };
            self.either(&format!("{path}{dot}{name}"), before.get(name), after.get(name));
        }
    }

    fn either(&mut self, path: &str, before: Option<&Value>, after: Option<&Value>) {
        match (before, after) {
            (Some(before), Some(after)) => self.compare(path, before, after),
            (Some(before), None) => self.add(path, What::Removed, Some(told(before)), None),
            (None, Some(after)) => self.add(path, What::Added, None, Some(told(after))),
            (None, None) => {}
        }
    }

    /// Lists whose elements have names: each is compared with its namesake, wherever that stands.
    fn named(&mut self, path: &str, name: &str, before: &[Value], after: &[Value]) {
        let names = |list: &[Value]| -> Vec<String> {
            list.iter().filter_map(|element| name_in(element, name)).collect()
        };
        let (old, new) = (names(before), names(after));
        for step in steps(&old, &new) {
            let place = |id: &str| format!("{path}[{name}={id}]");
            match step {
                Step::Same(from, to) => self.compare(&place(&old[from]), &before[from], &after[to]),
                Step::Removed(from) => match new.iter().position(|id| *id == old[from]) {
                    Some(to) => {
                        let ordinal = |at: usize| Some(format!("element {}", at + 1));
                        self.add(&place(&old[from]), What::Moved, ordinal(from), ordinal(to));
                        self.compare(&place(&old[from]), &before[from], &after[to]);
                    }
                    None => self.either(&place(&old[from]), before.get(from), None),
                },
                // What was moved has been told where it was taken away.
                Step::Added(to) if old.contains(&new[to]) => {}
                Step::Added(to) => self.either(&place(&new[to]), None, after.get(to)),
            }
        }
    }

    /// Lists of anything: what is gone and what has come at the same place are compared.
    fn lists(&mut self, path: &str, before: &[Value], after: &[Value]) {
        let (mut gone, mut come) = (Vec::new(), Vec::new());
        for step in steps(before, after) {
            match step {
                Step::Removed(from) => gone.push(from),
                Step::Added(to) => come.push(to),
                Step::Same(..) => self.replaced(path, (before, &mut gone), (after, &mut come)),
            }
        }
        self.replaced(path, (before, &mut gone), (after, &mut come));
    }

    fn replaced(
        &mut self,
        path: &str,
        (before, gone): (&[Value], &mut Vec<usize>),
        (after, come): (&[Value], &mut Vec<usize>),
    ) {
        for at in 0..gone.len().max(come.len()) {
            let (from, to) = (gone.get(at), come.get(at));
            let place = to.or(from).copied().unwrap_or_default();
            let path = format!("{path}[{place}]");
            self.either(&path, from.map(|from| &before[*from]), to.map(|to| &after[*to]));
        }
        gone.clear();
        come.clear();
    }
}

/// The property by which every element of both lists is known, and no two of a list alike.
fn name_of_all(before: &[Value], after: &[Value]) -> Option<&'static str> {
    let tells_apart = |list: &[Value], name: &str| {
        let names: BTreeSet<_> = list.iter().filter_map(|element| name_in(element, name)).collect();
        names.len() == list.len()
    };
    NAMES.into_iter().find(|name| tells_apart(before, name) && tells_apart(after, name))
}

fn name_in(element: &Value, name: &str) -> Option<String> {
    match element.get(name)? {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

fn told(value: &Value) -> String {
    let text = value.to_string();
    match text.char_indices().nth(TOLD_LETTERS) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn lines(before: &Value, after: &Value) -> Vec<String> {
        let line = |found: Difference| {
            let text = |side: Option<String>| side.unwrap_or_else(|| "-".to_owned());
            let (before, after) = (text(found.before), text(found.after));
            format!("{:?} {}: {before} > {after}", found.what, found.path)
        };
        differences(before, after).into_iter().map(line).collect()
    }

    #[test]
    fn what_is_the_same_does_not_differ_whatever_the_order_of_names() {
        assert_eq!(lines(&json!({"a": [1, 2], "b": 3}), &json!({"b": 3, "a": [1, 2]})), [""; 0]);
    }

    #[test]
    fn tables_are_known_by_their_names_wherever_they_stand() {
        let table = |name: &str, source: &str| json!({"table": name, "file": {"source": source}});
        let before =
            json!([table("a", "/1"), table("b", "/1"), table("c", "/1"), table("d", "/1")]);
        let after = json!([table("b", "/1"), table("c", "/2"), table("a", "/1"), table("e", "/1")]);
        assert_eq!(
            lines(&before, &after),
            [
                "Moved [table=a]: element 1 > element 3",
                r#"Changed [table=c].file.source: "/1" > "/2""#,
                r#"Removed [table=d]: {"file":{"source":"/1"},"table":"d"} > -"#,
                r#"Added [table=e]: - > {"file":{"source":"/1"},"table":"e"}"#,
            ]
        );
    }

    #[test]
    fn elements_without_names_are_compared_with_what_took_their_place() {
        let before = json!({"n": [1, 2, 3, 4], "o": 1, "same": 0});
        let after = json!({"n": [1, 5, 3, 4, 6], "p": null, "same": 0});
        assert_eq!(
            lines(&before, &after),
            ["Changed n[1]: 2 > 5", "Added n[4]: - > 6", "Removed o: 1 > -", "Added p: - > null",]
        );
    }

    #[test]
    fn two_of_the_same_name_are_not_known_by_it() {
        let before = json!([{"name": "a", "id": 1}, {"name": "a", "id": 2}]);
        let after = json!([{"name": "a", "id": 2}, {"name": "a", "id": 1}]);
        assert_eq!(lines(&before, &after), ["Moved [id=1]: element 1 > element 2"]);
        let twice = json!([{"name": "a"}, {"name": "a"}, 3]);
        assert_eq!(
            lines(&twice, &json!([{"name": "a"}, {"name": "b"}, 3])),
            [r#"Changed [1].name: "a" > "b""#]
        );
    }
}
