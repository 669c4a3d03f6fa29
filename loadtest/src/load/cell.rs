//! One measurement: a fresh system, the load, and pgbench before and after.

use std::{path::PathBuf, time::Duration};

use crate::{
    dice::Dice,
    options::Common,
    say,
    system::{Cluster, Crowd, Database, Settings, System, crowd},
};

use super::{
    audit, baseline,
    counters::Counters,
    generator::{self, Generated, Pace},
    latency::Latency,
    replay,
    scenario::Cell,
};

/// How long the system may take to settle what it accepted.
const SETTLE_PATIENCE: Duration = Duration::from_secs(300);
/// How long a service may take to end.
const STOP_PATIENCE: Duration = Duration::from_secs(30);
/// How many clients pgbench has where the measurement has none of its own.
const USUAL_CLIENTS: u32 = 16;

/// What a measurement came to: names, with their units, and values.
pub(super) type Values = Vec<(&'static str, f64)>;

/// Where everything is measured.
pub(super) struct Bench {
    cluster: Cluster,
    digester: PathBuf,
    folder: PathBuf,
    pgbench: Database,
    pgbench_seconds: u32,
    /// A database with a crowd in it.
    crowded: Option<Database>,
}

impl Bench {
    /// Makes ready.
    pub(super) async fn new(common: &Common, pgbench_seconds: u32) -> anyhow::Result<Self> {
        let (cluster, folder) = (common.cluster()?, common.folder("load")?);
        let pgbench = cluster.database(&format!("loadtest_{}_pgbench", std::process::id())).await?;
        baseline::prepare(&pgbench).await?;
        let digester = common.digester()?;
        Ok(Self { cluster, digester, folder, pgbench, pgbench_seconds, crowded: None })
    }

    /// Has every measurement done in full tables, too: in those of this database, or in new ones.
    pub(super) async fn fill(
        &mut self,
        crowd: Crowd,
        filled: Option<String>,
    ) -> anyhow::Result<()> {
        let name = format!("loadtest_{}_crowd", std::process::id());
        self.crowded = Some(match filled {
            Some(url) => Database::given(url)?,
            None => {
                say::aside("filling the tables");
                let database = self.cluster.database(&name).await?;
                crowd::make_tables(database.pool()).await?;
                crowd::fill(database.pool(), crowd).await?;
                database
            }
        });
        Ok(())
    }

    /// Does away with what was made.
    pub(super) async fn finish(self, common: &Common) -> anyhow::Result<()> {
        self.pgbench.drop_it().await;
        if let Some(crowded) = self.crowded {
            crowded.drop_it().await;
        }
        common.discard(&self.folder)
    }

    /// Under which circumstances everything is measured.
    pub(super) async fn circumstances(&self) -> anyhow::Result<String> {
        let (version, commit, fsync): (String, String, String) = sqlx::query_as(
            "select current_setting('server_version'), current_setting('synchronous_commit'), \
             current_setting('fsync')",
        )
        .fetch_one(self.pgbench.pool())
        .await?;
        let cores = std::thread::available_parallelism()?;
        let build = self.digester.parent().and_then(|folder| folder.file_name());
        let build = build.unwrap_or_default().to_string_lossy();
        Ok(format!(
            "{cores} cores, PostgreSQL {version}, synchronous_commit={commit}, fsync={fsync}, \
             {build} build"
        ))
    }

    /// Measures once, in empty tables.
    pub(super) async fn measure(&self, cell: &Cell) -> anyhow::Result<Values> {
        let database = self.cluster.database(&format!("loadtest_{}", std::process::id())).await?;
        let (database, values) = self.measure_in(database, cell).await?;
        database.drop_it().await;
        Ok(values)
    }

    /// Measures once more, in full tables, if there are any.
    pub(super) async fn measure_full(&mut self, cell: &Cell) -> anyhow::Result<Option<Values>> {
        let Some(database) = self.crowded.take() else { return Ok(None) };
        let (database, values) = self.measure_in(database, cell).await?;
        crowd::forget_others(database.pool()).await?;
        self.crowded = Some(database);
        Ok(Some(values))
    }

    async fn measure_in(
        &self,
        database: Database,
        cell: &Cell,
    ) -> anyhow::Result<(Database, Values)> {
        let clients = cell.clients().unwrap_or(USUAL_CLIENTS);
        let before = baseline::run(&self.pgbench, clients, self.pgbench_seconds).await?;
        sqlx::query("checkpoint").execute(self.pgbench.pool()).await?;
        let mut system = self.system(database, cell).await?;
        let mut values = load(&mut system, cell).await?;
        let after = baseline::run(&self.pgbench, clients, self.pgbench_seconds).await?;
        let best = f64::midpoint(before, after);
        if let Some(rate) = rate(cell, &values) {
            values.insert(0, ("ratio to pgbench", rate / best));
        }
        values.push(("pgbench (rows/s)", best));
        Ok((system.database, values))
    }

    async fn system(&self, database: Database, cell: &Cell) -> anyhow::Result<System> {
        let settings = match cell {
            Cell::Accept { .. } | Cell::Bulk { .. } => Settings { nodes: 0, ..Settings::default() },
            Cell::Replay { .. } => Settings { at_once: 1, ..Settings::default() },
            _ => Settings { at_once: 64, replay_every_seconds: 30, ..Settings::default() },
        };
        let mut dice = Dice::new(0);
        System::on(database, &self.digester, &self.folder, settings, &mut dice).await
    }
}

/// Carries out the load of one measurement.
async fn load(system: &mut System, cell: &Cell) -> anyhow::Result<Values> {
    match *cell {
        Cell::Accept { clients, requests } => accept(system, clients, requests, 1).await,
        Cell::Bulk { clients, requests, rows } => accept(system, clients, requests, rows).await,
        Cell::EndToEnd { clients, jobs } => carried(system, Pace::Closed { clients }, jobs).await,
        Cell::Latency { per_second, jobs } | Cell::Open { per_second, jobs } => {
            carried(system, Pace::Open { per_second }, jobs).await
        }
        Cell::Replay { jobs, patience_seconds } => {
            replay::run(system, jobs, Duration::from_secs(patience_seconds.into())).await
        }
    }
}

/// The rate to compare with pgbench's, if the load was as fast as it could be.
fn rate(cell: &Cell, values: &Values) -> Option<f64> {
    let compared = matches!(cell, Cell::Accept { .. } | Cell::Bulk { .. } | Cell::EndToEnd { .. });
    let rate = values.iter().find(|(name, _)| name.ends_with("(1/s)"));
    rate.filter(|_| compared).map(|(_, rate)| *rate)
}

async fn accept(
    system: &mut System,
    clients: u32,
    requests: u32,
    rows: u32,
) -> anyhow::Result<Values> {
    let jobs = requests * rows;
    system.start().await?;
    let then = Counters::read(system.database.pool()).await?;
    let load = generator::run(system, Pace::Closed { clients }, requests, rows).await?;
    let mut values = vec![("accepted (1/s)", f64::from(jobs) / load.duration.as_secs_f64())];
    values.extend(answers(&load));
    values.extend(memory(system)?);
    system.stop(STOP_PATIENCE).await?;
    // Our own reading of the counters was two looks.
    values.extend(counted(system, &then, jobs, 2).await?);
    values.push(("lost", precise(audit::missing(system.database.pool(), &load.jobs).await?)));
    Ok(values)
}

async fn carried(system: &mut System, pace: Pace, jobs: u32) -> anyhow::Result<Values> {
    system.start().await?;
    let then = Counters::read(system.database.pool()).await?;
    let begin = std::time::SystemTime::now();
    let load = generator::run(system, pace, jobs, 1).await?;
    let mut looks = 2;
    while !system.database.is_carried().await? {
        looks += 1;
        anyhow::ensure!(begin.elapsed()? < SETTLE_PATIENCE, "jobs are still not settled");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    looks += 1;
    let memory = memory(system)?;
    system.stop(STOP_PATIENCE).await?;
    let counted = counted(system, &then, jobs, looks).await?;
    let mut values =
        vec![("settled (1/s)", f64::from(jobs) / seconds_until_last(system, begin).await?)];
    values.extend(answers(&load));
    values.extend(way(system, "started_at", RUNNING).await?);
    values.extend(way(system, "settled_at", SETTLED).await?);
    values.extend(counted);
    values.extend(memory);
    values.push(("lost", precise(audit::lost(system.database.pool(), &load.jobs).await?)));
    Ok(values)
}

/// How long clients waited for their answers.
fn answers(load: &Generated) -> Values {
    let latency = &load.latency;
    vec![
        ("answer p50 (ms)", latency.quantile_ms(0.5)),
        ("answer p99 (ms)", latency.quantile_ms(0.99)),
        ("answer longest (ms)", latency.longest_ms()),
    ]
}

const RUNNING: [&str; 3] = ["running p50 (ms)", "running p99 (ms)", "running longest (ms)"];
const SETTLED: [&str; 3] = ["settled p50 (ms)", "settled p99 (ms)", "settled longest (ms)"];

/// How long jobs took from being accepted to this moment of their way.
async fn way(system: &System, moment: &str, names: [&'static str; 3]) -> anyhow::Result<Values> {
    let look = format!(
        "select (extract(epoch from {moment} - submitted_at) * 1000000)::bigint from job \
         where {moment} is not null and id > $1"
    );
    let times: Vec<i64> = sqlx::query_scalar(sqlx::AssertSqlSafe(look))
        .bind(crowd::last())
        .fetch_all(system.database.pool())
        .await?;
    let mut latency = Latency::new()?;
    for time in times {
        latency.note(Duration::from_micros(time.unsigned_abs()));
    }
    let values = [latency.quantile_ms(0.5), latency.quantile_ms(0.99), latency.longest_ms()];
    Ok(names.into_iter().zip(values).collect())
}

async fn seconds_until_last(system: &System, begin: std::time::SystemTime) -> anyhow::Result<f64> {
    let look = "select extract(epoch from max(settled_at))::float8 from job where id > $1";
    let last: f64 =
        sqlx::query_scalar(look).bind(crowd::last()).fetch_one(system.database.pool()).await?;
    Ok(last - begin.duration_since(std::time::UNIX_EPOCH)?.as_secs_f64())
}

async fn counted(
    system: &System,
    then: &Counters,
    jobs: u32,
    looks: u64,
) -> anyhow::Result<Values> {
    let counted = Counters::read(system.database.pool()).await?.since(then, looks);
    let per_job = |count: f64| count / f64::from(jobs);
    let mut values = vec![("WAL per job (bytes)", per_job(counted.wal_bytes))];
    if let Some(syncs) = counted.wal_syncs {
        values.push(("WAL syncs per job", per_job(syncs)));
    }
    values.push(("commits per job", per_job(counted.commits)));
    values.push(("… of them writing", per_job(counted.writes)));
    Ok(values)
}

/// Resident memory of the services, at most.
fn memory(system: &System) -> anyhow::Result<Values> {
    let mut values = Vec::new();
    if let Some(web) = &system.web {
        values.push(("web service (MiB)", precise(web.memory()?.peak) / 1024.0));
    }
    for process in system.nodes.iter().filter_map(|node| node.process.as_ref()) {
        values.push(("node (MiB)", precise(process.memory()?.peak) / 1024.0));
    }
    Ok(values)
}

/// A count as a value of the table.
#[expect(clippy::cast_precision_loss, reason = "counts of a test are far below 2^52")]
pub(super) const fn precise(count: u64) -> f64 {
    count as f64
}
