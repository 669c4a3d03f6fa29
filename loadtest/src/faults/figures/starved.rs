//! F21: nobody is taken for dead only because the machine has no time for anybody.

use std::{fs, time::Duration};

use crate::system::{Hogs, Settings};

use super::{
    super::{Bench, line::Line, order::Order, submit, trial::Trial},
    Figure,
};

/// How many spinning neighbours each processor has.
const HOGS_PER_CORE: usize = 8;
/// How many jobs are submitted each second.
const JOBS_PER_SECOND: u32 = 5;
/// How long everything may take once the neighbours are gone.
const PATIENCE: Duration = Duration::from_secs(120);

/// Jobs run on two nodes, with the usual lease, while the processors are taken away.
pub(super) async fn run(bench: &Bench) -> anyhow::Result<Line> {
    let mut trial =
        Trial::start(bench, Figure::F21, Settings { nodes: 2, ..Settings::default() }).await?;
    let seconds = bench.args.seconds;
    let orders = Order::many("F21", seconds * JOBS_PER_SECOND, &mut trial.dice, |key, dice| {
        Order::sleep(key, dice.between(100, 3000))
    });
    let hogs = Hogs::start(HOGS_PER_CORE * std::thread::available_parallelism()?.get())?;
    let spread = Duration::from_secs(seconds.into());
    submit::start(&trial.system, &trial.ledger, orders, spread).await??;
    let pressure = pressure();
    drop(hogs);
    trial.system.until_settled(PATIENCE).await?;
    let rescued = trial.system.cut_short().await?;
    if rescued > 0 {
        trial.ledger.wrong(format!("{rescued} attempts were cut short, and every node lived"));
    }
    let line = Line::of(Figure::F21, format!("{seconds} s, {} jobs", seconds * JOBS_PER_SECOND));
    let result = format!("none rescued; someone waited for a processor {pressure}");
    trial.finish(Line { result, ..line }).await
}

/// How much of the last ten seconds somebody waited for a processor.
fn pressure() -> String {
    let said = fs::read_to_string("/proc/pressure/cpu").unwrap_or_default();
    let share = said.split_whitespace().find_map(|word| word.strip_prefix("avg10="));
    share
        .map_or("for an unknown share of time".to_owned(), |share| format!("{share} % of the time"))
}
