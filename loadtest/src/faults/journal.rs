//! What nodes leave in their folders.

use std::{collections::BTreeSet, fs, path::Path};

use serde_json::Value;

/// What may stay in a node's folder.
const KNOWN: [&str; 4] = ["learned.json", "lock", "outcomes.log", "strategy.json"];

/// How many outcomes a node still has to deliver.
pub(super) fn depth(state: &Path) -> anyhow::Result<usize> {
    let text = match fs::read_to_string(state.join("outcomes.log")) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(0),
        Err(error) => return Err(error.into()),
    };
    Ok(pending(&text).len())
}

fn pending(text: &str) -> BTreeSet<(String, u64)> {
    let mut pending = BTreeSet::new();
    // The last line may be half written.
    for line in text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok()) {
        let (outcome, delivered) = (&line["outcome"]["item"], &line["delivered"]);
        pending.extend(mark(&outcome["id"], &outcome["patch"]["attempt"]));
        if let Some(mark) = mark(&delivered["job"], &delivered["attempt"]) {
            pending.remove(&mark);
        }
    }
    pending
}

fn mark(id: &Value, attempt: &Value) -> Option<(String, u64)> {
    Some((id.as_str()?.to_owned(), attempt.as_u64()?))
}

/// Files that should have been renamed or removed.
pub(super) fn leftovers(state: &Path) -> anyhow::Result<Vec<String>> {
    let names = fs::read_dir(state)?.map(|entry| Ok(entry?.file_name()));
    let names = names.collect::<anyhow::Result<Vec<_>>>()?;
    let names = names.into_iter().map(|name| name.to_string_lossy().into_owned());
    Ok(names.filter(|name| !KNOWN.contains(&name.as_str())).collect())
}

#[cfg(test)]
mod tests {
    #[test]
    fn an_outcome_is_pending_until_it_is_delivered() {
        let outcome = r#"{"outcome":{"to":"t","item":{"id":"a","patch":{"attempt":1}}}}"#;
        let delivered = r#"{"delivered":{"job":"a","attempt":1}}"#;
        assert_eq!(super::pending(&format!("{outcome}\n{{\"del")).len(), 1);
        assert!(super::pending(&format!("{outcome}\n{delivered}\n")).is_empty());
    }
}
