//! An instruction, checked and ready: whatever passes here does not fail for its own sake later.

mod matrix;
mod rules;
mod table;

use std::{collections::BTreeSet, path::PathBuf};

use schema::{
    Finding,
    gobii::{File, FileType, LoaderInstruction},
};

pub(crate) use matrix::{Calls, MatrixPlan, NamePlace};
pub(crate) use table::{Finish, Read, TablePlan, Value};

use crate::{failure::error, pattern::Delimiter};

/// What is to be done.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) source: PathBuf,
    pub(crate) destination: PathBuf,
    pub(crate) delimiter: Delimiter,
    pub(crate) tables: Vec<TablePlan>,
    pub(crate) matrix: Option<MatrixPlan>,
    /// The lines (from 0) that tables of [`Read::Row`] are made of.
    pub(crate) rows: BTreeSet<u64>,
}

impl Plan {
    /// Checks an instruction as far as that is possible without its files.
    pub(crate) fn new(instruction: &LoaderInstruction) -> Result<Self, Vec<Finding>> {
        let mut problems: Vec<_> = rules::broken(instruction).into_iter().map(error).collect();
        problems.extend(table_problems(instruction));
        let mut keep = |problem: Finding| problems.push(problem);
        let file = instruction.file();
        let source = path(file.source.as_deref(), "source").map_err(&mut keep).ok();
        let destination = path(file.destination.as_deref(), "destination").map_err(&mut keep).ok();
        let delimiter = delimiter(file).map_err(&mut keep).ok();
        let mut tables = Vec::new();
        for table in &instruction.tables {
            match TablePlan::new(table) {
                Ok(table) => tables.push(table),
                Err(found) => problems.extend(found),
            }
        }
        let matrix = MatrixPlan::find(instruction, &tables);
        let matrix = matrix.map_err(|problem| problems.push(problem)).ok();
        match (source, destination, delimiter, matrix) {
            (Some(source), Some(destination), Some(delimiter), Some(matrix))
                if problems.is_empty() =>
            {
                let rows = rows(&tables, matrix.as_ref());
                Ok(Self { source, destination, delimiter, tables, matrix, rows })
            }
            _ => Err(problems),
        }
    }
}

impl Plan {
    /// How many lines a file must have for every table to have a row of it.
    pub(crate) fn lines_needed(&self) -> u64 {
        let first_lines = self.tables.iter().filter_map(|table| table.read.from());
        let last = first_lines.chain(self.rows.last().copied()).max();
        last.map_or(0, |last| last.saturating_add(1))
    }
}

fn path(given: Option<&str>, what: &str) -> Result<PathBuf, Finding> {
    match given {
        Some(path) if path.contains('\0') => Err(error(format_args!("the {what} has a NUL"))),
        Some(path) if !path.trim().is_empty() => Ok(PathBuf::from(path)),
        _ => Err(error(format_args!("the instruction names no {what}"))),
    }
}

fn delimiter(file: &File) -> Result<Delimiter, Finding> {
    let pattern = file.delimiter.as_deref().filter(|pattern| !pattern.is_empty());
    let pattern = pattern.ok_or_else(|| error("the instruction names no delimiter"))?;
    Delimiter::compile(pattern).map_err(|problem| error(format_args!("delimiter: {problem}")))
}

/// What the tables must have in common, and what not.
fn table_problems(instruction: &LoaderInstruction) -> Vec<Finding> {
    let mut problems = Vec::new();
    let mut names = BTreeSet::new();
    let file = instruction.file();
    for table in &instruction.tables {
        let mut problem = |message: &str| problems.push(error(message).table(&table.name));
        if !names.insert(&table.name) {
            problem("the table is there twice");
        }
        let other = &table.file;
        if (&other.source, &other.destination) != (&file.source, &file.destination) {
            problem("the table has another source or destination than the first one");
        }
        if other.delimiter != file.delimiter {
            problem("the table has another delimiter than the first one");
        }
        if matches!(other.file_type, Some(FileType::Flapjack | FileType::MetaData)) {
            problem("files of this gobiiFileType cannot be read");
        }
    }
    problems.extend(data_set_problem(instruction));
    problems
}

/// All tables must be for one data set, by whichever of the two properties it is named.
fn data_set_problem(instruction: &LoaderInstruction) -> Option<Finding> {
    let metadata = instruction.tables.iter().map(|table| &table.metadata);
    let ids: BTreeSet<i64> =
        metadata.flat_map(|of| [of.data_set_id, of.dataset.id]).flatten().collect();
    (ids.len() > 1).then(|| error(format_args!("the tables are for different data sets: {ids:?}")))
}

fn rows(tables: &[TablePlan], matrix: Option<&MatrixPlan>) -> BTreeSet<u64> {
    let cells = tables.iter().filter(|table| table.read == Read::Row).flat_map(|table| {
        table.parts.iter().filter_map(|part| match part.value {
            Value::Cell { row, .. } => Some(row),
            _ => None,
        })
    });
    let names = matrix.into_iter().flat_map(|matrix| [matrix.marker_name, matrix.sample_name]);
    cells.chain(names.flatten().filter_map(NamePlace::row)).collect()
}
