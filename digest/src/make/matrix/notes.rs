//! What is found in a row of calls, with its address.

use schema::Finding;

use crate::{
    failure::error,
    make::{
        chunk,
        codec::BadCall,
        notes::{Notes, Place, Warned, shown},
        row::{Line, TooFew},
    },
    plan::{MatrixPlan, NamePlace, Read, TablePlan},
};

/// Gives what is found in a row its address.
pub(super) struct MatrixNotes<'n, 'l> {
    pub(super) plan: MatrixPlan,
    pub(super) table: &'n TablePlan,
    pub(super) line: Line<'l>,
    pub(super) number: u64,
    pub(super) notes: &'n mut Notes,
}

impl<'l> MatrixNotes<'_, 'l> {
    pub(super) fn bad_call(&mut self, i: usize, cell: &[u8], why: BadCall) {
        let kind = self.plan.calls.as_str();
        match why {
            BadCall::Wrong => self.bad(i, cell, error(format_args!("this is no {kind} call"))),
            BadCall::Tolerated => {
                let place = self.place(Some(i));
                let (plan, line, table) = (self.plan, self.line, self.table);
                self.notes.warn(Warned::Call, place, || {
                    let mut finding = error(format_args!("this is no {kind} call, taken as NN"));
                    finding.cell = Some(shown(cell));
                    named(plan, line, finding.table(&table.name))
                });
            }
        }
    }

    pub(super) fn bad(&mut self, i: usize, cell: &[u8], mut finding: Finding) {
        if self.notes.is_full() {
            return;
        }
        finding.cell = Some(shown(cell));
        let finding = named(self.plan, self.line, finding.table(&self.table.name));
        self.notes.error(self.place(Some(i)), finding);
    }

    pub(super) fn row_error(&mut self, finding: Finding) {
        let finding = named(self.plan, self.line, finding.table(&self.table.name));
        self.notes.error(self.place(None), finding);
    }

    pub(super) fn too_few(&mut self, few: TooFew) {
        let place = Place { cell: Some(few.found), ..self.place(None) };
        self.notes.error(place, chunk::too_few(self.table, few, self.line.text));
    }

    /// Every row must be as long as the first one.
    pub(super) fn is_even(&mut self, cells: usize, width: Option<usize>) -> bool {
        let Some(width) = width.filter(|width| *width != cells) else { return true };
        let mut finding =
            error(format_args!("the row has {cells} calls, the first row of the matrix {width}"));
        finding.cell = Some(shown(self.line.text));
        let finding = finding.remedy("every row of a matrix must have as many calls as the first");
        let finding = named(self.plan, self.line, finding.table(&self.table.name));
        let mut place = self.place(Some(cells.min(width)));
        place.call = None;
        self.notes.error(place, finding);
        false
    }

    fn place(&self, call: Option<usize>) -> Place<'l> {
        let cell = match (self.table.read, call) {
            (Read::Block { cell, .. }, Some(call)) => Some(cell + call),
            _ => None,
        };
        Place { number: self.number, line: self.line, cell, call }
    }
}

/// Adds the names that stand in the line itself.
fn named(plan: MatrixPlan, line: Line<'_>, mut finding: Finding) -> Finding {
    let name = |place: Option<NamePlace>| match place {
        Some(NamePlace::Line { cell }) => line.cells.get(line.text, cell).map(shown),
        _ => None,
    };
    finding.marker = name(plan.marker_name);
    finding.sample = name(plan.sample_name);
    finding
}
