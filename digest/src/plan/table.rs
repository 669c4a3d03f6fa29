//! One table, ready to be made.

use schema::{
    Finding,
    gobii::{Column, ColumnKind, Table},
};

use crate::{failure::error, pattern::Filter};

/// How a table is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Read {
    /// One row for every line from this one on.
    Column { from: u64 },
    /// One row for every cell of certain lines.
    Row,
    /// Lines from this one on, cells from this one on.
    Block { from: u64, cell: usize },
}

impl Read {
    /// The first line that makes a row of its own.
    pub(crate) fn from(self) -> Option<u64> {
        match self {
            Self::Column { from } | Self::Block { from, .. } => Some(from),
            Self::Row => None,
        }
    }
}

/// What becomes of a table's rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Finish {
    /// Written as they are.
    Plain,
    /// The cell of this column becomes an array.
    Alts { column: usize },
    /// Equal rows are written once; so many columns has each.
    Unique { columns: usize },
    /// Calls are brought into one form and checked.
    Matrix,
}

/// A table, ready to be made.
#[derive(Debug)]
pub(crate) struct TablePlan {
    pub(crate) name: String,
    pub(crate) header: Vec<u8>,
    pub(crate) read: Read,
    pub(crate) parts: Vec<Part>,
    pub(crate) finish: Finish,
}

/// One value of a row.
#[derive(Debug)]
pub(crate) struct Part {
    pub(crate) name: String,
    /// No tab before it.
    pub(crate) glued: bool,
    pub(crate) value: Value,
}

/// Where a value comes from.
#[derive(Debug)]
pub(crate) enum Value {
    Constant(Vec<u8>),
    Counter,
    /// A cell of the input, or from this cell on. `row` matters for the lines of [`Read::Row`].
    Cell {
        row: u64,
        cell: usize,
        filter: Filter,
    },
    /// Only a header.
    Nothing,
}

impl TablePlan {
    /// Checks one table by itself.
    pub(crate) fn new(table: &Table) -> Result<Self, Vec<Finding>> {
        let (mut parts, mut problems) = (Vec::new(), Vec::new());
        for column in &table.columns {
            match Part::new(column) {
                Ok(part) => parts.push(part),
                Err(problem) => problems.push(problem),
            }
        }
        problems.extend(name_problem(&table.name));
        let read = read(table, &parts).map_err(|problem| problems.push(problem)).ok();
        match read {
            Some(read) if problems.is_empty() => Ok(Self::ready(table, read, parts)),
            _ => {
                Err(problems.into_iter().map(|problem| error(problem).table(&table.name)).collect())
            }
        }
    }

    fn ready(table: &Table, read: Read, mut parts: Vec<Part>) -> Self {
        if let Read::Block { .. } = read {
            only_first_block(&mut parts);
        }
        let header = header(&parts);
        let finish = finish(&table.name, &header);
        Self { name: table.name.clone(), header, read, parts, finish }
    }

    /// The name of the file it becomes.
    pub(crate) fn output(&self) -> String {
        format!("digest.{}", self.name)
    }

    /// The column that is read from the input under this name.
    pub(crate) fn cell(&self, name: &str) -> Option<(u64, usize)> {
        self.parts.iter().find_map(|part| match part.value {
            Value::Cell { row, cell, .. } if part.name == name => Some((row, cell)),
            _ => None,
        })
    }

    /// Whether rows are the input's cells from one on, as they are.
    pub(crate) fn is_bare_block(&self) -> bool {
        match &self.parts[..] {
            [Part { glued: false, value: Value::Cell { filter, .. }, .. }] => {
                matches!(self.read, Read::Block { .. }) && filter.is_none()
            }
            _ => false,
        }
    }
}

impl Part {
    fn new(column: &Column) -> Result<Self, String> {
        let name = column.name.clone().unwrap_or_else(|| "null".to_owned());
        let value = match column.kind {
            ColumnKind::Constant => {
                let text = column.constant.clone().unwrap_or_else(|| "null".to_owned());
                Value::Constant(text.into_bytes())
            }
            ColumnKind::Autoincrement => Value::Counter,
            ColumnKind::CsvBoth | ColumnKind::CsvColumn | ColumnKind::CsvRow => Value::Cell {
                row: coordinate(&name, "rCoord", column.row)?,
                cell: coordinate(&name, "cCoord", column.cell)?,
                filter: Filter::of(column).map_err(|e| format!("column “{name}”: {e}"))?,
            },
            kind => {
                return Err(format!(
                    "column “{name}” is a {}, which cannot be read",
                    kind.as_str()
                ));
            }
        };
        Ok(Self { name, glued: column.subcolumn, value })
    }
}

fn coordinate<T: TryFrom<i64>>(name: &str, what: &str, given: Option<i64>) -> Result<T, String> {
    let given = given.ok_or_else(|| format!("column “{name}” has no {what}"))?;
    T::try_from(given).map_err(|_| format!("column “{name}” has the impossible {what} {given}"))
}

/// The name becomes a part of a file's name.
fn name_problem(name: &str) -> Option<String> {
    let bad = name.is_empty()
        || name.len() > 200
        || name.contains(|c: char| c == '/' || c == '\\' || c.is_control());
    bad.then(|| format!("“{name}” cannot be the name of a table: it becomes part of a file name"))
}

/// One kind of column decides how a table is read; its first one decides where.
fn read(table: &Table, parts: &[Part]) -> Result<Read, String> {
    use ColumnKind::{CsvBoth, CsvColumn, CsvRow};
    let mut kinds = table.columns.iter().map(|column| column.kind);
    let csv = |kind: &ColumnKind| matches!(kind, CsvBoth | CsvColumn | CsvRow);
    let Some(kind) = kinds.find(csv) else {
        return Err("no column is read from the input".to_owned());
    };
    if let Some(other) = kinds.find(|other| csv(other) && *other != kind) {
        let (one, other) = (kind.as_str(), other.as_str());
        return Err(format!("{one} and {other} cannot stand in one table"));
    }
    let first = parts.iter().find_map(|part| match part.value {
        Value::Cell { row, cell, .. } => Some((row, cell)),
        _ => None,
    });
    // Without a first one its coordinates are wrong, which has been said.
    let (from, cell) = first.unwrap_or_default();
    Ok(match kind {
        CsvColumn => Read::Column { from },
        CsvRow => Read::Row,
        _ => Read::Block { from, cell },
    })
}

fn only_first_block(parts: &mut [Part]) {
    let blocks = parts.iter_mut().filter(|part| matches!(part.value, Value::Cell { .. }));
    for part in blocks.skip(1) {
        part.value = Value::Nothing;
    }
}

fn header(parts: &[Part]) -> Vec<u8> {
    let mut header = Vec::new();
    for part in parts.iter().filter(|part| !part.glued) {
        if !header.is_empty() {
            header.push(b'\t');
        }
        header.extend_from_slice(part.name.as_bytes());
    }
    header
}

fn finish(table: &str, header: &[u8]) -> Finish {
    let mut names = header.split(|byte| *byte == b'\t');
    match table {
        "matrix" => Finish::Matrix,
        "linkage_group" | "germplasm" | "germplasm_prop" => {
            Finish::Unique { columns: names.count() }
        }
        "marker" => match names.position(|name| name.eq_ignore_ascii_case(b"alts")) {
            Some(column) => Finish::Alts { column },
            None => Finish::Plain,
        },
        _ => Finish::Plain,
    }
}
