//! `digester check`: what would become of an instruction, without executing it.

use std::{fs, path::PathBuf, process::ExitCode};

use ::digest::{Options, Stage, Unobserved};
use anyhow::{Context as _, ensure};
use reqwest::Url;
use schema::{Kind, NewInstruction, Preview, PreviewReport, TablePreview, gobii};

use crate::{
    client::{
        api::{Api, Who},
        submit,
    },
    data::say,
    report,
    terminal::{self, Column, Table},
};

/// How many cells of a row are shown.
const CELLS: usize = 40;

/// What `check` is told.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The instruction, in any of GOBii's dialects. With --url, `-` reads standard input.
    file: PathBuf,
    /// Answer as JSON.
    #[arg(long)]
    json: bool,
    /// Ask this web service, and through it a node that has the files. Without it, they are read here.
    #[arg(long)]
    url: Option<Url>,
    #[command(flatten)]
    who: Who,
    /// Which digester would execute it; without --url it is `loader`.
    #[arg(long, default_value = "loader")]
    kind: Kind,
}

/// Succeeds if nothing is wrong.
pub(crate) async fn run(args: Args) -> anyhow::Result<ExitCode> {
    let preview = match &args.url {
        Some(url) => ask(&args, url).await?,
        None => look(&args)?,
    };
    if args.json {
        say(&serde_json::to_string_pretty(&preview)?)?;
    } else {
        lines(&preview)?.iter().try_for_each(|line| say(line))?;
    }
    Ok(if preview.fine { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn ask(args: &Args, url: &Url) -> anyhow::Result<Preview> {
    let new = NewInstruction {
        key: None,
        kind: args.kind.clone(),
        tenant: None,
        submitted_by: None,
        parent: None,
        traceparent: None,
        notify: Vec::new(),
        body: submit::read(&args.file)?,
    };
    Api::new(url.clone(), &args.who)?.preview(&new).await
}

fn look(args: &Args) -> anyhow::Result<Preview> {
    ensure!(
        args.kind.as_str() == "loader",
        "instructions of kind {} can only be checked by a service: name it with --url",
        args.kind
    );
    let bytes = fs::read(&args.file).with_context(|| format!("read {}", args.file.display()))?;
    let report = match gobii::LoaderInstruction::parse(&gobii::decode(&bytes)) {
        Ok(instruction) => ::digest::preview(&instruction, &Options::default(), &Unobserved),
        Err(unreadable) => Some(PreviewReport {
            findings: vec![report::unreadable(&args.file, &unreadable)],
            failed_in: Some(Stage::Validation.as_str().to_owned()),
            ..PreviewReport::default()
        }),
    };
    Ok(Preview::from(report.context("the look was ended")?))
}

/// What was found first, then the tables.
fn lines(preview: &Preview) -> anyhow::Result<Vec<String>> {
    let mut lines = vec![terminal::verdict(preview.fine, &preview.message)];
    let Some(report) = &preview.report else { return Ok(lines) };
    // Only the reports of this kind are known here; what others say is shown as it is.
    let Ok(report) = serde_json::from_str::<PreviewReport>(report.get()) else {
        lines.push(report.get().to_owned());
        return Ok(lines);
    };
    if report.files_seen < report.files {
        lines.push(format!("looked into {} of {} files", report.files_seen, report.files));
    }
    lines.extend(report.findings.iter().flat_map(report::finding));
    lines.extend(report.tables.iter().flat_map(table));
    Ok(lines)
}

fn table(preview: &TablePreview) -> Vec<String> {
    let cells = |text: &str| text.split('\t').take(CELLS).map(str::to_owned).collect::<Vec<_>>();
    let head = preview.header.iter().map(|header| cells(&header.text));
    let rows: Vec<_> = head.chain(preview.rows.iter().map(|row| cells(&row.text))).collect();
    let width = rows.iter().map(Vec::len).max().unwrap_or_default();
    let mut table = Table::new((0..width).map(|_| Column::plain("")).collect()).headless();
    for row in rows {
        table.row(row.into_iter().map(Into::into).collect());
    }
    let mut lines = vec![String::new(), format!("{}: {} rows so far", preview.table, preview.made)];
    let room = terminal::width().map(|width| width.saturating_sub(2));
    lines.extend(table.lines(room).into_iter().map(|line| format!("  {line}")));
    lines
}
