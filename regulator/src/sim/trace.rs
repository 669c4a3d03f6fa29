use std::collections::HashMap;
use std::io::{BufRead, Write};
use std::time::Duration;

use jiff::Timestamp;

use super::csv;
use crate::{Ask, AskId, Demand, Moment};

/// One job of a trace: what was asked, and how it turned out.
#[derive(Clone, Debug, PartialEq)]
pub struct TraceJob {
    /// Whose.
    pub id: AskId,
    /// When it was submitted.
    pub submitted: Moment,
    /// How long it ran.
    pub runtime: Duration,
    /// How long it was expected to run, if anyone said.
    pub expected: Option<Duration>,
    /// What sort of work.
    pub kind: String,
    /// Whose share it takes.
    pub tenant: String,
    /// Its serialisation key.
    pub key: Option<String>,
    /// Its priority.
    pub priority: i16,
    /// What it asked for.
    pub demand: Demand,
    /// The most memory it held; with less it runs out.
    pub peak_memory: Option<u64>,
    /// Bytes of input.
    pub size: u64,
}

/// The columns of a trace, each with its meaning; only the first two must be there.
///
/// They may stand in any order. Lines that begin with `#` and empty lines are passed over.
pub const COLUMNS: [(&str, &str); 14] = [
    ("submitted_s", "seconds from the beginning of the trace to the submission"),
    ("runtime_s", "seconds it ran"),
    ("expected_s", "seconds it was expected to run; empty: nobody knew"),
    ("kind", "what sort of work; default `loader`"),
    ("tenant", "whose share of the node it takes, a crop or user; default `all`"),
    ("key", "what it must not do at the same time as another, such as its data set; empty: none"),
    ("priority", "whole number, higher goes first; default 0"),
    ("cores", "processor cores it asked for; default 1"),
    ("memory", "bytes of memory it asked for; default 0"),
    ("scratch", "bytes of scratch disk it asked for; default 0"),
    ("io", "I/O slots it asked for; default 0"),
    ("peak_memory", "the most memory it held, in bytes; empty: no more than it asked for"),
    ("size", "bytes of input; default 0"),
    ("id", "32 hexadecimal digits, hyphens allowed; default the line's number"),
];

/// Why a trace cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum TraceError {
    /// What a line says makes no sense.
    #[error("line {line}: {message}")]
    Line {
        /// The line, from 1.
        line: usize,
        /// What is wrong and what is allowed.
        message: String,
    },
    /// The source gave no more.
    #[error("could not read line {line}")]
    Read {
        /// The line, from 1.
        line: usize,
        /// Why.
        #[source]
        source: std::io::Error,
    },
}

impl TraceJob {
    /// What it asks of a regulator; `dawn` is the wall clock at the trace's zero.
    pub fn ask(&self, dawn: Timestamp) -> Ask {
        let age = jiff::SignedDuration::from_micros(self.submitted.as_micros());
        Ask {
            key: self.key.clone(),
            priority: self.priority,
            demand: self.demand,
            size: self.size,
            runtime: self.expected,
            submitted: dawn.saturating_add(age).unwrap_or(Timestamp::MAX),
            ..Ask::new(self.id, &self.kind, &self.tenant)
        }
    }
}

/// Reads a trace, in the order of submission.
pub fn read(from: impl BufRead) -> Result<Vec<TraceJob>, TraceError> {
    let mut jobs = Vec::new();
    let mut header = None;
    let mut seen = HashMap::new();
    for (at, text) in from.lines().enumerate() {
        let line = at + 1;
        let text = text.map_err(|source| TraceError::Read { line, source })?;
        let text = text.trim_end_matches('\r').trim_start_matches('\u{feff}');
        if text.is_empty() || text.starts_with('#') {
            continue;
        }
        let wrong = |message| TraceError::Line { line, message };
        let fields = csv::split(text).ok_or_else(|| wrong("a quote is out of place".to_owned()))?;
        let Some(header) = &header else {
            header = Some(Header::parse(&fields).map_err(wrong)?);
            continue;
        };
        let job = header.job(&fields, line).map_err(wrong)?;
        if let Some(first) = seen.insert(job.id, line) {
            return Err(wrong(format!("the id {} is that of line {first} too", job.id)));
        }
        jobs.push(job);
    }
    if header.is_none() {
        return Err(TraceError::Line { line: 1, message: "there is no header line".to_owned() });
    }
    jobs.sort_by_key(|job| job.submitted);
    Ok(jobs)
}

/// Where each column stands.
struct Header {
    at: HashMap<&'static str, usize>,
    width: usize,
}

impl Header {
    fn parse(names: &[String]) -> Result<Self, String> {
        let mut at = HashMap::new();
        for (index, name) in names.iter().enumerate() {
            let known = COLUMNS.iter().find(|(column, _)| *column == name.trim());
            let all = || COLUMNS.map(|(column, _)| column).join(", ");
            let (column, _) =
                known.ok_or_else(|| format!("`{name}` is no column; there are {}", all()))?;
            if at.insert(*column, index).is_some() {
                return Err(format!("the column `{column}` stands there twice"));
            }
        }
        match ["submitted_s", "runtime_s"].into_iter().find(|column| !at.contains_key(column)) {
            Some(column) => Err(format!("the column `{column}` is missing")),
            None => Ok(Self { at, width: names.len() }),
        }
    }

    fn job(&self, fields: &[String], line: usize) -> Result<TraceJob, String> {
        if fields.len() != self.width {
            return Err(format!("{} fields where the header has {}", fields.len(), self.width));
        }
        let row = Row { header: self, fields };
        let seconds = |column| row.number(column).and_then(|number| length(column, number));
        let submitted: f64 = row.number("submitted_s")?.unwrap_or(0.0);
        if !(-1e11..=1e11).contains(&submitted) {
            return Err(format!("`submitted_s` is {submitted}; allowed are ±100000000000 seconds"));
        }
        Ok(TraceJob {
            id: row.number("id")?.unwrap_or(AskId(line as u128)),
            submitted: Moment::from_secs_f64(submitted),
            runtime: seconds("runtime_s")?.unwrap_or_default(),
            expected: seconds("expected_s")?,
            kind: row.text("kind").unwrap_or("loader").to_owned(),
            tenant: row.text("tenant").unwrap_or("all").to_owned(),
            key: row.text("key").map(str::to_owned),
            priority: row.number("priority")?.unwrap_or(0),
            demand: row.demand()?,
            peak_memory: row.number("peak_memory")?,
            size: row.number("size")?.unwrap_or(0),
        })
    }
}

fn length(column: &str, seconds: Option<f64>) -> Result<Option<Duration>, String> {
    match seconds {
        Some(seconds) if !(0.0..=1e11).contains(&seconds) => {
            Err(format!("`{column}` is {seconds}; allowed are 0 to 100000000000 seconds"))
        }
        seconds => Ok(seconds.map(|seconds| Duration::from_micros((seconds * 1e6).round() as u64))),
    }
}

/// One line of a trace under its header.
struct Row<'a> {
    header: &'a Header,
    fields: &'a [String],
}

impl Row<'_> {
    fn text(&self, column: &str) -> Option<&str> {
        let text = self.fields[*self.header.at.get(column)?].trim();
        Some(text).filter(|text| !text.is_empty())
    }

    fn number<T: std::str::FromStr>(&self, column: &str) -> Result<Option<T>, String> {
        let Some(text) = self.text(column) else { return Ok(None) };
        let meaning = COLUMNS.iter().find(|(name, _)| *name == column).map_or("", |(_, is)| is);
        let wrong = |_| format!("`{column}` is `{text}`; it says {meaning}");
        text.parse().map(Some).map_err(wrong)
    }

    fn demand(&self) -> Result<Demand, String> {
        let cores: f64 = self.number("cores")?.unwrap_or(1.0);
        if !(0.0..=1e6).contains(&cores) {
            return Err(format!("`cores` is {cores}; allowed are 0 to 1000000"));
        }
        Ok(Demand {
            cpu_milli: (cores * 1000.0).round() as u64,
            memory: self.number("memory")?.unwrap_or(0),
            scratch: self.number("scratch")?.unwrap_or(0),
            io: self.number("io")?.unwrap_or(0),
        })
    }
}

/// Writes a trace with all columns.
pub fn write(jobs: &[TraceJob], mut to: impl Write) -> std::io::Result<()> {
    writeln!(to, "{}", COLUMNS.map(|(column, _)| column).join(","))?;
    for job in jobs {
        let (submitted, runtime) = (job.submitted.as_secs_f64(), job.runtime.as_secs_f64());
        let expected =
            job.expected.map_or(String::new(), |length| length.as_secs_f64().to_string());
        let [kind, tenant] = [&job.kind, &job.tenant].map(|text| csv::quote(text));
        let key = csv::quote(job.key.as_deref().unwrap_or(""));
        let Demand { cpu_milli, memory, scratch, io } = job.demand;
        let cores = cpu_milli as f64 / 1000.0;
        let peak = job.peak_memory.map_or(String::new(), |peak| peak.to_string());
        writeln!(
            to,
            "{submitted},{runtime},{expected},{kind},{tenant},{key},{},{cores},{memory},{scratch},{io},\
             {peak},{},{}",
            job.priority, job.size, job.id
        )?;
    }
    Ok(())
}
