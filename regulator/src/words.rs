//! A strategy in an operator's words.

use std::collections::BTreeMap;

use crate::gates::{Adaptive, By, Fixed, Keyed, Of, PressureLimits, Rate, Resources, Window};
use crate::ranks::{Charge, Weights};
use crate::strategy::{Backfill, GateSpec, RankSpec};
use crate::units::Bytes;
use crate::{Learned, Strategy};

impl Strategy {
    /// What it does, a sentence for each of its parts.
    ///
    /// ```
    /// let strategy = regulator::Strategy::from_toml("gates = [{ fixed = { at_once = 4 } }]")?;
    /// assert_eq!(
    ///     strategy.in_words(),
    ///     [
    ///         "First come, first served.",
    ///         "At most 4 jobs run at once.",
    ///         "While the first in line has no room, nobody goes past it.",
    ///     ]
    /// );
    /// # Ok::<(), regulator::StrategyError>(())
    /// ```
    pub fn in_words(&self) -> Vec<String> {
        let mut words = vec![rank(&self.rank)];
        words.extend(self.gates.iter().map(gate));
        words.push(backfill(self.backfill));
        words.extend(self.learned.as_ref().map(learned));
        words
    }
}

fn rank(rank: &RankSpec) -> String {
    match rank {
        RankSpec::Fifo => "First come, first served.".to_owned(),
        RankSpec::Priority(priority) => {
            let (tenants, kinds) = (levels(&priority.tenants), levels(&priority.kinds));
            format!(
                "The highest priority goes first; {} of waiting are worth a level, so nobody waits \
                 for ever{tenants}{kinds}.",
                priority.level
            )
        }
        RankSpec::Fair(fair) => {
            let of = match fair.charge {
                Charge::Time => "time on the cores",
                Charge::Size => "size of its input",
                Charge::Jobs => "number of jobs",
            };
            format!("Every tenant gets its share, by {of}{}.", weights(&fair.weights))
        }
        RankSpec::Dominant(dominant) => format!(
            "The tenant that holds least goes first, each measured by what it holds most of{}.",
            weights(&dominant.weights)
        ),
    }
}

fn levels(levels: &BTreeMap<String, i16>) -> String {
    levels.iter().map(|(who, levels)| format!("; {who}: {levels:+}")).collect()
}

fn weights(weights: &Weights) -> String {
    let named: Vec<_> =
        weights.named().map(|(tenant, weight)| format!("{tenant} {weight}")).collect();
    match named.is_empty() {
        true => ", all alike".to_owned(),
        false => format!("; weights are {}, and 1 for all others", named.join(", ")),
    }
}

fn gate(gate: &GateSpec) -> String {
    match gate {
        GateSpec::Fixed(Fixed { at_once }) => format!("At most {at_once} jobs run at once."),
        GateSpec::Resources(budget) => resources(budget),
        GateSpec::Keyed(Keyed { by, at_once }) => {
            let of = match by {
                By::Key => "those that must not run together, such as loads of one data set",
                By::Kind => "one kind",
                By::Tenant => "one tenant",
            };
            format!("At most {at_once} at once of {of}.")
        }
        GateSpec::Rate(Rate { starts, per, burst, of }) => {
            let of = match of {
                Of::Node => "",
                Of::Kind => " of each kind",
                Of::Tenant => " of each tenant",
            };
            format!("At most {starts} jobs{of} start in {per}, {burst} of them at once.")
        }
        GateSpec::Window(hours) => window(hours),
        GateSpec::Pressure(limits) => pressure(limits),
        GateSpec::Adaptive(Adaptive { min, max, window, .. }) => format!(
            "From {min} to {max} jobs run at once: as many as get most work done, which is tried out \
             every {window}."
        ),
    }
}

fn resources(budget: &Resources) -> String {
    let size = |of: &str, bytes: Option<Bytes>| bytes.map(|bytes| format!("{bytes} {of}"));
    let parts = [
        budget.cores.map(|cores| format!("{cores} cores")),
        size("memory", budget.memory),
        size("scratch disk", budget.scratch),
        budget.io.map(|slots| format!("{slots} I/O slots")),
    ];
    format!("All that runs holds at most {}.", listed(parts))
}

fn window(Window { hours, zone, kinds, finish, .. }: &Window) -> String {
    let of =
        if kinds.is_empty() { String::new() } else { format!(" of kind {}", kinds.join(", ")) };
    let hours: Vec<_> = hours.iter().map(ToString::to_string).collect();
    let end = if *finish { ", and only if they are expected to end by then" } else { "" };
    format!("Jobs{of} start only in these hours of {zone}: {}{end}.", hours.join("; "))
}

fn pressure(limits: &PressureLimits) -> String {
    let percent = |of: &str, limit: Option<f64>| {
        limit.map(|limit| format!("the pressure on {of} is over {limit} %"))
    };
    let reasons = [
        percent("the cores", limits.cpu),
        percent("memory", limits.memory),
        percent("the disks", limits.io),
        limits.load.map(|load| format!("the load per core is over {load}")),
        limits.disk_free.map(|free| format!("less than {free} of disk are free")),
        limits.backlog.map(|jobs| format!("more than {jobs} callbacks wait")),
    ];
    format!("Nothing starts while {}.", listed(reasons))
}

fn listed<const N: usize>(parts: [Option<String>; N]) -> String {
    let parts: Vec<_> = parts.into_iter().flatten().collect();
    match parts.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} or {last}", rest.join(", ")),
        Some((only, _)) => only.clone(),
        None => "nothing is said".to_owned(),
    }
}

fn backfill(backfill: Option<Backfill>) -> String {
    match backfill {
        None => "While the first in line has no room, nobody goes past it.".to_owned(),
        Some(Backfill { depth }) => format!(
            "While the first in line has no room, those of the next {depth} may go past that do not \
             delay it."
        ),
    }
}

fn learned(Learned { percentile, margin, samples, .. }: &Learned) -> String {
    format!(
        "What jobs need is learned from at least {samples} like them: what was enough for \
         {percentile} % of those, times {margin}."
    )
}

#[cfg(test)]
mod tests {
    use crate::Strategy;

    fn words(toml: &str) -> Vec<String> {
        Strategy::from_toml(toml).unwrap().in_words()
    }

    #[test]
    fn the_strategy_of_a_shared_node_reads_like_what_its_operator_wants() {
        assert_eq!(
            words(include_str!("../../docs/strategies/shared-node.toml")),
            [
                "Every tenant gets its share, by time on the cores; weights are maize 2, wheat 2, and \
                 1 for all others.",
                "All that runs holds at most 6 cores, 24.0 GiB memory or 200.0 GiB scratch disk.",
                "At most 1 at once of those that must not run together, such as loads of one data set.",
                "At most 4 at once of one tenant.",
                "While the first in line has no room, those of the next 50 may go past that do not \
                 delay it.",
                "What jobs need is learned from at least 5 like them: what was enough for 95 % of \
                 those, times 1.2.",
            ]
        );
    }

    #[test]
    fn hours_rates_and_limits_are_said_with_their_numbers() {
        let nights = words(include_str!("../../docs/strategies/nights.toml"));
        assert!(nights[0].contains("10m of waiting are worth a level"), "{nights:#?}");
        assert!(nights[3].starts_with("Jobs of kind matrix start only in these hours of Europe"));
        assert!(nights[3].ends_with("only if they are expected to end by then."));
        let careful = words(include_str!("../../docs/strategies/careful.toml"));
        assert_eq!(
            careful[2],
            "Nothing starts while the pressure on the cores is over 80 %, the pressure on memory is \
             over 10 %, the pressure on the disks is over 40 %, less than 20.0 GiB of disk are free \
             or more than 1000 callbacks wait."
        );
        assert_eq!(careful[3], "At most 30 jobs start in 1m, 5 of them at once.");
        let searching = words(include_str!("../../docs/strategies/searching.toml"));
        assert!(searching[1].contains("every 5m"), "{searching:#?}");
        let levels = words(
            "rank = { priority = { tenants = { maize = 1 }, kinds = { matrix = -2 } } }\n\
             gates = [{ fixed = { at_once = 1 } }]",
        );
        assert!(levels[0].ends_with("; maize: +1; matrix: -2."), "{levels:#?}");
        let single = words("gates = [{ fixed = { at_once = 1 } }, { pressure = { memory = 10 } }]");
        assert_eq!(single[2], "Nothing starts while the pressure on memory is over 10 %.");
    }
}
