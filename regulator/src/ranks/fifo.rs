use crate::{Ask, Books, Rank};

/// First come, first served: the place of a job is the moment it was submitted.
///
/// Source: queueing folklore; as the rank of an M/M/c system its waits follow Erlang's C formula,
/// which the simulator is tested against.
#[derive(Clone, Copy, Debug, Default)]
pub struct Fifo;

impl Rank for Fifo {
    fn name(&self) -> &'static str {
        "fifo"
    }

    fn describe(&self, _ask: &Ask, _books: &Books) -> String {
        "first come, first served".to_owned()
    }
}
