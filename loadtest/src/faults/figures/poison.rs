//! F14: digests that fail, panic, abort, or take more than there is, among others that are well.

use std::collections::BTreeMap;

use sqlx::PgPool;

use crate::system::Settings;

use super::{
    super::{
        Bench,
        line::Line,
        order::{HARMS, Order},
        trial::Trial,
    },
    Figure,
};

/// Half of the work is of the kinds that no process survives, or that no service should hear of.
pub(super) async fn run(bench: &Bench) -> anyhow::Result<Line> {
    let settings = Settings { nodes: bench.args.nodes, apart: true, ..Settings::default() };
    let mut trial = Trial::start(bench, Figure::F14, settings).await?;
    let mut orders = trial.orders(|key, dice| match dice.chance(500) {
        true => Order::harmful(&key, dice),
        false => Order::sleep(key, 5),
    });
    // And each kind once; of those that take long there are no more.
    orders.extend(HARMS.iter().map(|harm| Order::of(harm, "F14")));
    let after = trial.run(orders, &[]).await?;
    trial.survived()?;
    let kinds = reasons(&trial).await?;
    let count = format!("{} of {} kinds, {} jobs", kinds.len(), HARMS.len(), bench.args.jobs);
    let result = kinds.iter().map(|(kind, jobs)| format!("{kind} {jobs}")).collect::<Vec<_>>();
    let cut_short = trial.system.cut_short().await?;
    if cut_short > 0 {
        trial.ledger.wrong(format!("{cut_short} attempts were cut short"));
    }
    let worst = format!("all {:.1} s after the last", after.as_secs_f64());
    let line = Line::of(Figure::F14, count);
    trial.finish(Line { result: result.join(", "), worst, ..line }).await
}

/// How many jobs of each kind there were; each has to tell what became of it.
async fn reasons(trial: &Trial<'_>) -> anyhow::Result<BTreeMap<&'static str, u32>> {
    let mut kinds = BTreeMap::new();
    for (key, message) in messages(trial.system.database.pool()).await? {
        let Some(harm) = HARMS.iter().find(|harm| key.ends_with(harm.word)) else { continue };
        *kinds.entry(harm.word).or_default() += 1;
        if !message.contains(harm.reason) {
            trial.ledger.wrong(format!("{key} says «{message}», not «{}»", harm.reason));
        }
    }
    Ok(kinds)
}

async fn messages(db: &PgPool) -> anyhow::Result<Vec<(String, String)>> {
    let look = "select key, coalesce(message, '') from job order by key";
    Ok(sqlx::query_as(look).fetch_all(db).await?)
}
