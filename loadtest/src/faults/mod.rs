//! Whether the promises hold while everything around is broken on purpose.

mod campaign;
mod check;
mod figures;
pub(crate) mod history;
mod journal;
mod ledger;
mod line;
pub(crate) mod model;
mod order;
mod plan;
mod published;
mod submit;
mod trial;
mod watch;

use std::path::PathBuf;

use crate::{options::Common, say, system::Cluster};

use self::{
    figures::Figure,
    line::{Line, Verdict},
};

/// What to break, and how much of it.
#[derive(Clone, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    common: Common,
    /// What all randomness comes from.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// How many jobs each figure submits.
    #[arg(long, default_value_t = 200)]
    jobs: u32,
    /// How many faults, rounds or operations each figure has.
    #[arg(long, default_value_t = 20)]
    faults: u32,
    /// How many digester services there are.
    #[arg(long, default_value_t = 1)]
    nodes: usize,
    /// How long the receiver is away (F16), and how long the soak lasts (F19).
    #[arg(long, default_value_t = 10)]
    seconds: u32,
    /// The binary of an earlier release, for F11.
    #[arg(long, value_name = "FILE")]
    previous: Option<PathBuf>,
    /// Only these, such as mix, F1, F15.
    #[arg(long, value_delimiter = ',')]
    figures: Vec<Figure>,
}

/// Where figures are made.
struct Bench {
    args: Args,
    cluster: Cluster,
    digester: PathBuf,
    folder: PathBuf,
}

/// Breaks everything, and prints a line for each figure; `false` if a promise was broken.
pub(crate) async fn run(args: Args) -> anyhow::Result<bool> {
    let bench = Bench {
        cluster: args.common.cluster()?,
        digester: args.common.digester()?,
        folder: args.common.folder("faults")?,
        args,
    };
    let mut lines = Vec::new();
    for figure in Figure::chosen(&bench.args.figures) {
        say::aside(&format!("{figure:?}, seed {}", bench.args.seed));
        let line = figures::run(figure, &bench).await.unwrap_or_else(|error| Line {
            verdict: Verdict::Broken,
            result: format!("{error:#}"),
            ..Line::of(figure, "")
        });
        if !line.is_kept() {
            bench.tell_how_to_repeat(figure, &line);
        }
        lines.push(line);
    }
    line::print(&lines, bench.args.seed, bench.args.common.json)?;
    let kept = lines.iter().all(Line::is_kept);
    if kept {
        bench.args.common.discard(&bench.folder)?;
    }
    Ok(kept)
}

impl Bench {
    /// Makes the version under test of an earlier one, and the other way round.
    fn change(&self, digester: &mut PathBuf) {
        let current = *digester == self.digester;
        let other = self.args.previous.as_ref().filter(|_| current);
        digester.clone_from(other.unwrap_or(&self.digester));
    }

    fn tell_how_to_repeat(&self, figure: Figure, line: &Line) {
        let Args { seed, jobs, faults, nodes, seconds, .. } = self.args;
        say::aside(&format!("{figure:?} is broken: {}", line.result));
        say::aside(&format!(
            "again: loadtest faults --figures {} --seed {seed} --jobs {jobs} --faults {faults} \
             --nodes {nodes} --seconds {seconds}",
            figure.word()
        ));
        say::aside(&format!("logs and state: {}", self.folder.display()));
    }
}
