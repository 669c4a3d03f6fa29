//! What is in a matrix, from the counts of its calls.

use std::{io::Write as _, iter};

use schema::MatrixReport;

use crate::{
    make::{CODES, CallCounts, Codec},
    plan::MatrixPlan,
};

/// About how long a line of the tables of missing calls is.
const MISSING_LINE_BYTES: u64 = 20;

/// How many of them are put together at once.
const MISSING_LINES: usize = 1 << 14;

/// A whole matrix, counted.
pub(crate) struct Summary<'a> {
    pub(crate) matrix: MatrixPlan,
    pub(crate) counts: &'a CallCounts,
    /// How many calls a row has.
    pub(crate) width: u64,
}

impl Summary<'_> {
    /// What the report says of it.
    pub(crate) fn report(&self) -> MatrixReport {
        let codec = Codec { calls: self.matrix.calls };
        let rows = self.counts.rows().len() as u64;
        let (markers, samples) =
            if self.matrix.turned { (self.width, rows) } else { (rows, self.width) };
        let missing: u64 = self.counts.missing().iter().map(|count| u64::from(*count)).sum();
        let mut report = MatrixReport {
            data_set_type: self.matrix.calls.as_str().to_owned(),
            markers,
            samples,
            missing_rate: ratio(missing, rows * self.width),
            ..MatrixReport::default()
        };
        let (mut different, mut called) = (0, 0);
        for code in 0..CODES as u8 {
            let count = self.counts.codes()[usize::from(code)];
            if count == 0 {
                continue;
            }
            if let Some(text) = codec.name(code) {
                report.calls.insert(text.to_owned(), count);
            }
            if code != codec.missing() {
                called += count;
                different += if codec.is_heterozygous(code) { count } else { 0 };
            }
        }
        report.heterozygosity = codec.tells_heterozygosity().then(|| ratio(different, called));
        report
    }

    /// Small tables of how many calls are missing by marker and by sample, in the order of the
    /// matrix, with the names of their files.
    pub(crate) fn missing(&self) -> [(&'static str, impl Iterator<Item = Vec<u8>>); 2] {
        let (rows, columns) = (self.counts.rows(), self.counts.missing());
        let (markers, samples) = if self.matrix.turned { (columns, rows) } else { (rows, columns) };
        [
            ("missing.markers.tsv", missing("marker", markers, samples.len())),
            ("missing.samples.tsv", missing("sample", samples, markers.len())),
        ]
    }

    /// About how large those tables become.
    pub(crate) fn missing_bytes(&self) -> u64 {
        (self.counts.rows().len() + self.counts.missing().len()) as u64 * MISSING_LINE_BYTES
    }
}

/// The text of such a table in parts, for there may be millions of samples.
fn missing(what: &str, counts: &[u32], of: usize) -> impl Iterator<Item = Vec<u8>> {
    let header = format!("{what}_idx\tmissing\trate\n").into_bytes();
    let parts = counts.chunks(MISSING_LINES).enumerate().map(move |(part, counts)| {
        let mut text = Vec::with_capacity(counts.len() * MISSING_LINE_BYTES as usize);
        for (i, count) in (part * MISSING_LINES..).zip(counts) {
            let rate = ratio(u64::from(*count), of as u64);
            writeln!(text, "{i}\t{count}\t{rate:.6}").expect("a buffer takes everything");
        }
        text
    });
    iter::once(header).chain(parts)
}

fn ratio(part: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}
