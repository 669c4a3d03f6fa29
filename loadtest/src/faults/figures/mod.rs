//! The figures, by the names that they have in the notes on reliability.

mod broken;
mod clock;
mod crash;
mod disk;
mod duplicates;
mod model;
mod poison;
mod receiver;
mod replay;
mod soak;
mod starved;
mod steps;
mod upgrade;
mod zombie;

use clap::ValueEnum;

use super::{Bench, line::Line, plan::Kind};

/// A figure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Figure {
    #[value(name = "mix")]
    Mix,
    #[value(name = "F1")]
    F1,
    #[value(name = "F2")]
    F2,
    #[value(name = "F3")]
    F3,
    #[value(name = "F4")]
    F4,
    #[value(name = "F5")]
    F5,
    #[value(name = "F6")]
    F6,
    #[value(name = "F7")]
    F7,
    #[value(name = "F8")]
    F8,
    #[value(name = "F9")]
    F9,
    #[value(name = "F10")]
    F10,
    #[value(name = "F11")]
    F11,
    #[value(name = "F12")]
    F12,
    #[value(name = "F13")]
    F13,
    #[value(name = "F14")]
    F14,
    #[value(name = "F15")]
    F15,
    #[value(name = "F16")]
    F16,
    #[value(name = "F18")]
    F18,
    #[value(name = "F19")]
    F19,
    #[value(name = "F21")]
    F21,
}

impl Figure {
    /// These; all of them when none is named.
    pub(super) fn chosen(named: &[Self]) -> Vec<Self> {
        match named {
            [] => Self::value_variants().to_vec(),
            named => named.to_vec(),
        }
    }

    /// The name.
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Mix => "mix",
            Self::F1 => "F1",
            Self::F2 => "F2",
            Self::F3 => "F3",
            Self::F4 => "F4",
            Self::F5 => "F5",
            Self::F6 => "F6",
            Self::F7 => "F7",
            Self::F8 => "F8",
            Self::F9 => "F9",
            Self::F10 => "F10",
            Self::F11 => "F11",
            Self::F12 => "F12",
            Self::F13 => "F13",
            Self::F14 => "F14",
            Self::F15 => "F15",
            Self::F16 => "F16",
            Self::F18 => "F18",
            Self::F19 => "F19",
            Self::F21 => "F21",
        }
    }

    /// What is done.
    pub(super) const fn title(self) -> &'static str {
        match self {
            Self::Mix => "everything at random",
            Self::F1 => "node killed",
            Self::F2 => "killed at every named step",
            Self::F3 => "web service killed",
            Self::F4 => "PostgreSQL broken off",
            Self::F5 => "requests or responses lost, either way",
            Self::F6 => "loss, delay, repeats and late requests throughout",
            Self::F7 => "stopped past the lease, then continued",
            Self::F8 => "kill to the job's next attempt",
            Self::F9 => "replay at start",
            Self::F10 => "told to end under load",
            Self::F11 => "mixed versions",
            Self::F12 => "clock skew",
            Self::F13 => "disk full",
            Self::F14 => "poison",
            Self::F15 => "one key, 100 at once",
            Self::F16 => "receiver away",
            Self::F18 => "random operations against a model",
            Self::F19 => "soak beside an open transaction",
            Self::F21 => "false alarms under starvation",
        }
    }
}

/// Makes one figure.
pub(super) async fn run(figure: Figure, bench: &Bench) -> anyhow::Result<Line> {
    match figure {
        Figure::Mix => broken::mix(bench).await,
        Figure::F1 => broken::run(bench, figure, &[Kind::KillNode]).await,
        Figure::F3 => broken::run(bench, figure, &[Kind::KillWeb]).await,
        Figure::F4 if !bench.cluster.is_own() => {
            Ok(Line::not_yet(figure, "a server of our own: run with --durable"))
        }
        Figure::F4 => broken::run(bench, figure, &[Kind::RestartDatabase]).await,
        Figure::F5 => broken::run(bench, figure, &[Kind::Partition]).await,
        Figure::F6 => broken::weather(bench).await,
        Figure::F8 => crash::run(bench).await,
        Figure::F9 => replay::run(bench).await,
        Figure::F10 => broken::run(bench, figure, &[Kind::Terminate]).await,
        Figure::F13 => disk::run(bench).await,
        Figure::F14 => poison::run(bench).await,
        Figure::F15 => duplicates::run(bench).await,
        Figure::F16 => receiver::run(bench).await,
        Figure::F18 => model::run(bench).await,
        Figure::F19 => soak::run(bench).await,
        Figure::F2 => steps::run(bench).await,
        Figure::F7 => zombie::run(bench).await,
        Figure::F12 => clock::run(bench).await,
        Figure::F21 => starved::run(bench).await,
        Figure::F11 => upgrade::run(bench).await,
    }
}
