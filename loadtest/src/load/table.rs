//! What was measured: least, median and most of each value.

use serde::Serialize;

use crate::say;

use super::cell::Values;

/// All values of all rounds, in the order in which they came.
#[derive(Serialize)]
pub(super) struct Table {
    circumstances: String,
    cells: Vec<Row>,
}

#[derive(Serialize)]
struct Row {
    measured: String,
    values: Vec<Value>,
}

#[derive(Serialize)]
struct Value {
    name: &'static str,
    rounds: Vec<f64>,
}

impl Table {
    /// An empty table, and where it was measured.
    pub(super) const fn new(circumstances: String) -> Self {
        Self { circumstances, cells: Vec::new() }
    }

    /// Adds what one round came to.
    pub(super) fn add(&mut self, measured: &str, values: Values) {
        let known = self.cells.iter().position(|row| row.measured == measured);
        let place = known.unwrap_or_else(|| {
            self.cells.push(Row { measured: measured.to_owned(), values: Vec::new() });
            self.cells.len() - 1
        });
        for (name, value) in values {
            self.cells[place].add(name, value);
        }
    }

    /// How many jobs were lost, in all rounds.
    pub(super) fn lost(&self) -> u64 {
        let values = self.cells.iter().flat_map(|row| &row.values);
        let lost = values.filter(|value| value.name == "lost");
        lost.flat_map(|value| &value.rounds).filter(|count| **count > 0.0).count() as u64
    }

    /// Prints it.
    pub(super) fn print(&self, json: bool) -> anyhow::Result<()> {
        if json {
            return say::result(&serde_json::to_string_pretty(self)?);
        }
        say::result(&self.circumstances)?;
        for row in &self.cells {
            say::result("")?;
            say::result(&row.measured)?;
            let rows: Vec<_> = row.values.iter().map(Value::cells).collect();
            for line in say::columns(&rows) {
                say::result(&line)?;
            }
        }
        Ok(())
    }
}

impl Row {
    fn add(&mut self, name: &'static str, value: f64) {
        match self.values.iter_mut().find(|known| known.name == name) {
            Some(known) => known.rounds.push(value),
            None => self.values.push(Value { name, rounds: vec![value] }),
        }
    }
}

impl Value {
    fn cells(&self) -> Vec<String> {
        let mut sorted = self.rounds.clone();
        sorted.sort_by(f64::total_cmp);
        let at = |place: usize| sorted.get(place).copied().map(shown).unwrap_or_default();
        let last = sorted.len().saturating_sub(1);
        let numbers = format!("{} / {} / {}", at(0), at(last / 2), at(last));
        vec![format!("  {}", self.name), numbers]
    }
}

/// Three digits or so, as people read them.
fn shown(value: f64) -> String {
    match value.abs() {
        size if size >= 100.0 => format!("{value:.0}"),
        size if size >= 10.0 => format!("{value:.1}"),
        _ => format!("{value:.3}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_shows_its_least_median_and_most() {
        let mut table = Table::new(String::new());
        for value in [3.0, 1.0, 200.0] {
            table.add("cell", vec![("rate", value)]);
        }
        assert_eq!(table.cells[0].values[0].cells()[1], "1.000 / 3.000 / 200");
    }
}
