use crate::gate::jobs;
use crate::{Blocker, Books, Gate, GateState, Lift, Reach, Running, Want};

/// A job that wants the node for itself has it: nothing beside it, before or after it started.
///
/// Always part of a stack. Formula: `running = 0` for such a job, `alone running = 0` for others.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Alone;

impl Gate for Alone {
    fn name(&self) -> &'static str {
        "alone"
    }

    fn reach(&self) -> Reach {
        Reach::Room
    }

    fn admits(&self, want: &Want<'_>, books: &Books) -> bool {
        !books.taken_alone() && (!want.alone || books.running().is_empty())
    }

    fn blockers(&self, want: &Want<'_>, books: &Books) -> Vec<Blocker> {
        if self.admits(want, books) {
            return Vec::new();
        }
        let in_the_way = |run: &Running| want.alone || run.alone;
        let holders = books.holders(|run| run.demand.memory, in_the_way);
        let text = match want.alone {
            true => format!("needs the node for itself and waits for {}", jobs(&holders)),
            false => format!("waits for {}, which has the node for itself", jobs(&holders)),
        };
        let ends = books.running().values().filter(|run| in_the_way(run));
        let expected = ends.map(Running::expected_end).max().flatten();
        vec![Blocker {
            gate: self.name().to_owned(),
            code: "alone".to_owned(),
            text,
            holders,
            lifts: Lift::JobsEnd,
            expected,
        }]
    }

    fn state(&self, books: &Books) -> GateState {
        let text = if books.taken_alone() { "one job has the node for itself" } else { "open" };
        GateState { name: self.name(), text: text.to_owned(), budgets: Vec::new() }
    }
}
