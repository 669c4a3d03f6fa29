//! What a stack keeps when its strategy changes or its process ends.

use serde::Deserialize;
use serde_json::{Map, Value};

use super::Stack;
use crate::Gate;
use crate::learned::Experience;

impl Stack {
    pub(super) fn memory(&self) -> Value {
        let gates = titles(&self.gates)
            .into_iter()
            .zip(self.gates.iter().map(|gate| gate.remember(&self.books)));
        let experience = serde_json::to_value(&self.experience).unwrap_or_default();
        let all = gates.chain([
            (self.rank.name().to_owned(), self.rank.remember()),
            ("learned".to_owned(), experience),
        ]);
        Value::Object(all.filter(|(_, memory)| !memory.is_null()).collect::<Map<_, _>>())
    }

    pub(super) fn take_up(&mut self, memory: &Value) {
        for (title, gate) in titles(&self.gates).iter().zip(&mut self.gates) {
            if let Some(memory) = memory.get(title) {
                gate.recall(memory, &self.books);
            }
        }
        if let Some(memory) = memory.get(self.rank.name()) {
            self.rank.recall(memory);
        }
        if let Some(memory) = memory.get("learned") {
            self.experience = Experience::deserialize(memory).unwrap_or_default();
        }
    }
}

/// The gates' names, numbered where there are several of one: `keyed`, `keyed 2`.
fn titles(gates: &[Box<dyn Gate>]) -> Vec<String> {
    let name = |at: usize| gates[at].name();
    let number = |at: usize| (0..=at).filter(|before| name(*before) == name(at)).count();
    let title = |at| match number(at) {
        1 => name(at).to_owned(),
        more => format!("{} {more}", name(at)),
    };
    (0..gates.len()).map(title).collect()
}
