//! The rows of a matrix: calls are read, counted, checked and written.

mod notes;

use super::{
    cells::Tail,
    codec::{BadCall, Codec, Form},
    counts::CallCounts,
    made::MadeRows,
    notes::Notes,
    row::{self, Line},
    scan, sizes,
    vcf::Alleles,
};
use crate::{
    failure::error,
    plan::{Calls, MatrixPlan, Plan, Read, TablePlan},
};
use notes::MatrixNotes;

/// Makes the matrix's rows of one chunk.
pub(super) struct MatrixMaker<'a> {
    all: &'a Plan,
    plan: MatrixPlan,
    codec: Codec,
    /// Where rows may be left.
    chunk: &'a [u8],
    width: Option<usize>,
    /// The line's cells are the row's cells.
    bare: bool,
    codes: Vec<u8>,
    scratch: Vec<u8>,
    counts: Option<CallCounts>,
}

/// A row's text with what stands between its cells.
#[derive(Clone, Copy)]
struct Row<'a> {
    text: &'a [u8],
    delimiter: u8,
}

impl<'a> MatrixMaker<'a> {
    pub(super) fn new(
        all: &'a Plan,
        plan: MatrixPlan,
        chunk: &'a [u8],
        width: Option<usize>,
        counts: Option<CallCounts>,
    ) -> Self {
        Self {
            all,
            plan,
            codec: Codec { calls: plan.calls },
            chunk,
            width,
            bare: all.tables[plan.table].is_bare_block(),
            codes: Vec::new(),
            scratch: Vec::new(),
            counts,
        }
    }

    pub(super) fn into_counts(self) -> Option<CallCounts> {
        self.counts
    }

    /// Appends the row that a line makes.
    pub(super) fn row(
        &mut self,
        table: &TablePlan,
        line: Line<'_>,
        number: u64,
        counter: u64,
        out: &mut MadeRows,
        notes: &mut Notes,
    ) {
        let mut notes = MatrixNotes { plan: self.plan, table, line, number, notes };
        let mut scratch = std::mem::take(&mut self.scratch);
        scratch.clear();
        let row = match bare_row(table, line).filter(|_| self.bare) {
            Some(row) => Ok(row),
            None => row::push(table, line, counter, &mut scratch)
                .map(|_| Row { text: &scratch, delimiter: b'\t' }),
        };
        match row {
            Ok(row) => self.calls(row, line, out, &mut notes),
            Err(few) => notes.too_few(few),
        }
        self.scratch = scratch;
    }

    fn calls(
        &mut self,
        row: Row<'_>,
        line: Line<'_>,
        out: &mut MadeRows,
        notes: &mut MatrixNotes<'_, '_>,
    ) {
        match self.plan.calls {
            Calls::Ssr => self.sizes(row, &mut out.bytes, notes),
            Calls::Vcf { table, reference, alternates } => {
                match self.alleles(table, reference, alternates, line) {
                    Ok(alleles) => self.vcf(&alleles, row, out, notes),
                    Err(why) => notes.row_error(error(why)),
                }
            }
            _ => {
                let mut codes = std::mem::take(&mut self.codes);
                let form = self.codec.read(row.text, row.delimiter, &mut codes, |i, cell, why| {
                    notes.bad_call(i, cell, why);
                });
                let written = form == Form::Written && row.delimiter == b'\t';
                self.keep(&codes, written.then_some(row.text), out, notes);
                self.codes = codes;
            }
        }
    }

    /// Counts and writes a row of codes, with its text if that is known.
    fn keep(
        &mut self,
        codes: &[u8],
        text: Option<&[u8]>,
        out: &mut MadeRows,
        notes: &mut MatrixNotes<'_, '_>,
    ) {
        if !notes.is_even(codes.len(), self.width) {
            return;
        }
        self.count(codes, self.codec.missing());
        match text {
            _ if self.plan.turned => out.bytes.extend_from_slice(codes),
            Some(text) => out.push_as_it_is(text, self.chunk),
            None => self.codec.write(codes, &mut out.bytes),
        }
    }

    fn count(&mut self, codes: &[u8], missing: u8) {
        if let Some(counts) = &mut self.counts {
            counts.row(codes, missing);
        }
    }

    fn sizes(&mut self, row: Row<'_>, out: &mut Vec<u8>, notes: &mut MatrixNotes<'_, '_>) {
        let mut cells = 0;
        let mut codes = std::mem::take(&mut self.codes);
        codes.clear();
        for cell in scan::cells(row.text, row.delimiter) {
            if !sizes::is_size(cell) {
                notes.bad_call(cells, cell, BadCall::Wrong);
            } else if self.plan.turned {
                sizes::keep(cell, out);
            } else {
                out.extend_from_slice(cell);
                out.push(b'\t');
            }
            codes.push(u8::from(sizes::is_missing(cell)));
            cells += 1;
        }
        if let (false, Some(last)) = (self.plan.turned, out.last_mut()) {
            *last = b'\n';
        }
        if notes.is_even(cells, self.width) {
            self.count(&codes, 1);
        }
        self.codes = codes;
    }

    fn alleles(
        &self,
        table: usize,
        reference: usize,
        alternates: usize,
        line: Line<'_>,
    ) -> Result<Alleles, &'static str> {
        let marker = &self.all.tables[table];
        let mut values = [Vec::new(), Vec::new()];
        for (value, part) in values.iter_mut().zip([reference, alternates]) {
            row::push_value(&marker.parts[part].value, line, 0, value)
                .map_err(|_| "the row has no alleles")?;
        }
        Alleles::new(&values[0], &values[1])
    }

    fn vcf(
        &mut self,
        alleles: &Alleles,
        row: Row<'_>,
        out: &mut MadeRows,
        notes: &mut MatrixNotes<'_, '_>,
    ) {
        let mut codes = std::mem::take(&mut self.codes);
        let bad = |i, cell: &[u8], why| notes.bad(i, cell, error(why));
        if alleles.codes(row.text, row.delimiter, &mut codes, bad) {
            self.keep(&codes, None, out, notes);
            self.codes = codes;
            return;
        }
        codes.clear();
        for (i, cell) in scan::cells(row.text, row.delimiter).enumerate() {
            codes.push(alleles.push(cell, &mut out.bytes).unwrap_or_else(|why| {
                notes.bad(i, cell, error(why));
                self.codec.missing()
            }));
            out.bytes.push(b'\t');
        }
        out.bytes.push(b'\n');
        if notes.is_even(codes.len(), self.width) {
            self.count(&codes, self.codec.missing());
        }
        self.codes = codes;
    }
}

/// The line's own cells, where they are the row as it is: nothing empty at its start to vanish, no
/// tab within a cell.
fn bare_row<'a>(table: &TablePlan, line: Line<'a>) -> Option<Row<'a>> {
    let Read::Block { cell, .. } = table.read else { return None };
    match line.cells.tail(line.text, line.delimiter, cell) {
        Ok(Tail::Joined(text, delimiter)) if !text.is_empty() && text[0] != delimiter => {
            let plain = delimiter == b'\t' || memchr::memchr(b'\t', text).is_none();
            plain.then_some(Row { text, delimiter })
        }
        _ => None,
    }
}
