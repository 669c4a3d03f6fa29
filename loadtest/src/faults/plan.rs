//! What will be broken, and when: decided before anything runs.

use std::time::Duration;

use crate::{dice::Dice, system::Weather};

/// Something that is broken.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Fault {
    /// A digester service is killed, and started again.
    KillNode(usize),
    /// The web service is killed, and started again.
    KillWeb,
    /// PostgreSQL is broken off in the middle of everything, and started again.
    RestartDatabase,
    /// A digester service is told to end, and started again.
    TerminateNode(usize),
    /// The web service is told to end, and started again.
    TerminateWeb,
    /// The web service is told to end, and goes on as the other version.
    ChangeWeb,
    /// A digester service is told to end, and goes on as the other version.
    ChangeNode(usize),
    /// A digester service stands still for so long.
    StopNode(usize, Duration),
    /// The web service stands still for so long.
    StopWeb(Duration),
    /// What nodes say to the web service is treated like this, for so long.
    ToWeb(Weather, Duration),
    /// What the web service says to nodes is treated like this, for so long.
    ToNodes(Weather, Duration),
    /// Others take the processors away for so long.
    Starve(Duration),
}

/// A kind of fault; a seed decides the rest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    KillNode,
    KillWeb,
    RestartDatabase,
    Terminate,
    Stop,
    Partition,
    Storm,
    Starve,
}

/// A fault, and how long to wait before it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Step {
    pub(super) pause: Duration,
    pub(super) fault: Fault,
}

/// So many faults of these kinds.
pub(super) fn make(dice: &mut Dice, kinds: &[Kind], nodes: usize, count: u32) -> Vec<Step> {
    let step = |_| Step { pause: dice.millis(100, 900), fault: fault(dice, kinds, nodes) };
    (0..count).map(step).collect()
}

fn fault(dice: &mut Dice, kinds: &[Kind], nodes: usize) -> Fault {
    let node = usize::try_from(dice.below(nodes as u64)).expect("an index fits");
    let side = [Fault::ToWeb, Fault::ToNodes];
    let cuts = [Weather::REQUESTS_LOST, Weather::RESPONSES_LOST];
    let weather =
        |dice: &mut Dice, weather, most| dice.pick(&side)(weather, dice.millis(100, most));
    match dice.pick(kinds) {
        Kind::KillNode => Fault::KillNode(node),
        Kind::KillWeb => Fault::KillWeb,
        Kind::RestartDatabase => Fault::RestartDatabase,
        Kind::Terminate if dice.chance(500) => Fault::TerminateNode(node),
        Kind::Terminate => Fault::TerminateWeb,
        Kind::Stop if dice.chance(500) => Fault::StopNode(node, dice.millis(100, 1500)),
        Kind::Stop => Fault::StopWeb(dice.millis(100, 1500)),
        Kind::Partition => {
            let cut = *dice.pick(&cuts);
            weather(dice, cut, 2000)
        }
        Kind::Storm => weather(dice, Weather::STORM, 1500),
        Kind::Starve => Fault::Starve(dice.millis(200, 1000)),
    }
}

/// How long the plan takes, if nothing takes longer than it has to.
pub(super) fn duration(steps: &[Step]) -> Duration {
    let lasts = |fault: Fault| match fault {
        Fault::StopNode(_, time) | Fault::StopWeb(time) | Fault::Starve(time) => time,
        Fault::ToWeb(_, time) | Fault::ToNodes(_, time) => time,
        _ => Duration::from_millis(200),
    };
    steps.iter().map(|step| step.pause + lasts(step.fault)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_makes_the_same_plan_again() {
        let kinds = [Kind::KillNode, Kind::Partition, Kind::Storm, Kind::Stop];
        let plan = |seed| make(&mut Dice::new(seed), &kinds, 2, 50);
        assert_eq!(plan(1), plan(1));
        assert_ne!(plan(1), plan(2));
        assert!(duration(&plan(1)) > Duration::from_secs(5));
    }
}
