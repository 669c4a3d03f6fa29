//! What was found so far, in the order of the input.

use schema::{Finding, Severity};

use crate::{
    failure::Stop,
    make::{Note, Notes, PLACES, RowLines, Warned},
    plan::{MatrixPlan, NamePlace},
    read::Source,
};

/// Errors up to a number, and warnings counted by their kinds.
pub(crate) struct Found<'a> {
    source: &'a Source,
    matrix: Option<MatrixPlan>,
    max_errors: usize,
    errors: Vec<Finding>,
    warnings: [(u64, Vec<Finding>); Warned::ALL.len()],
}

impl<'a> Found<'a> {
    pub(crate) fn new(source: &'a Source, matrix: Option<MatrixPlan>, max_errors: usize) -> Self {
        let (errors, warnings) = (Vec::new(), Default::default());
        Self { source, matrix, max_errors: max_errors.max(1), errors, warnings }
    }

    /// Takes what was found in a chunk; stops where there are enough errors.
    pub(crate) fn take(&mut self, file: usize, notes: Notes, lines: &RowLines) -> Result<(), Stop> {
        for (at, (count, notes)) in notes.warnings.into_iter().enumerate() {
            for note in notes.into_iter().take(PLACES - self.warnings[at].1.len()) {
                let finding = self.addressed(file, note, lines);
                self.warnings[at].1.push(finding);
            }
            self.warnings[at].0 += count;
        }
        let full = self.max_errors - self.errors.len();
        for note in notes.errors.into_iter().take(full) {
            let finding = self.addressed(file, note, lines);
            self.errors.push(finding);
        }
        self.stop_if_calls()?;
        if self.errors.len() >= self.max_errors { self.result() } else { Ok(()) }
    }

    /// Takes one more error.
    pub(crate) fn error(&mut self, file: usize, note: Note, lines: &RowLines) -> Result<(), Stop> {
        let finding = self.addressed(file, note, lines);
        self.errors.push(finding);
        if self.errors.len() >= self.max_errors { self.result() } else { Ok(()) }
    }

    /// Whether there is an error: nothing needs to be written any more.
    pub(crate) fn has_errors(&self) -> bool {
        !self.errors.is_empty()
    }

    /// Stops if there is an error.
    pub(crate) fn result(&mut self) -> Result<(), Stop> {
        if self.errors.is_empty() {
            return Ok(());
        }
        Err(Stop::Failed(std::mem::take(&mut self.errors)))
    }

    /// Fewer than [`PLACES`] calls that are not supported are tolerated.
    fn stop_if_calls(&mut self) -> Result<(), Stop> {
        let (count, places) = &mut self.warnings[Warned::Call as usize];
        if *count < PLACES as u64 {
            return Ok(());
        }
        *count = 0;
        // What a chunk found behind the last of them would depend on where the chunk ends.
        let place = |of: &Finding| (of.file.clone(), of.line);
        if let Some(last) = places.last().map(place) {
            self.errors.retain(|error| place(error) <= last);
        }
        let room = self.max_errors - self.errors.len();
        for mut finding in std::mem::take(places).into_iter().take(room) {
            finding.severity = Severity::Error;
            finding.remedy = Some(format!("correct the calls; fewer than {PLACES} are tolerated"));
            self.errors.push(finding);
        }
        self.result()
    }

    /// What is worth knowing of a digest that went well.
    pub(crate) fn into_warnings(self) -> Vec<Finding> {
        let mut findings = Vec::new();
        for (kind, (count, places)) in Warned::ALL.into_iter().zip(self.warnings) {
            if kind == Warned::Call {
                findings.extend(places);
            } else if let Some(mut first) = places.into_iter().next() {
                first.count = count;
                findings.push(first);
            }
        }
        findings
    }

    /// What is worth knowing of a digest that was given up behind this error: what was found in
    /// front of it, for how far the threads were beyond is chance.
    pub(crate) fn into_warnings_before(mut self, last: Option<&Finding>) -> Vec<Finding> {
        let place = |of: &Finding| (of.file.clone(), of.line);
        let last = last.map(place);
        let (_, mut calls) = std::mem::take(&mut self.warnings[Warned::Call as usize]);
        calls.retain(|finding| Some(place(finding)) <= last);
        calls
    }

    /// The finding with its file, and the name that stands in another line than its cell.
    fn addressed(&self, file: usize, note: Note, lines: &RowLines) -> Finding {
        let Note { mut finding, call } = note;
        finding.file = Some(self.source.files[file].path.display().to_string());
        let (Some(matrix), Some(call)) = (self.matrix, call) else { return finding };
        let name = |place| match place {
            Some(NamePlace::Row { row, cell }) => lines.name(row, cell + call),
            _ => None,
        };
        finding.marker = finding.marker.or_else(|| name(matrix.marker_name));
        finding.sample = finding.sample.or_else(|| name(matrix.sample_name));
        finding
    }
}

/// Sorts by place: file, line, column, table.
pub(crate) fn sort(findings: &mut [Finding]) {
    findings.sort_by(|a, b| {
        let place = |of: &Finding| (of.severity, of.file.clone(), of.line, of.column);
        place(a).cmp(&place(b)).then_with(|| a.table.cmp(&b.table))
    });
}
