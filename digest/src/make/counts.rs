//! How often each call was made.

use super::letters::CODES;

/// How many rows are counted in bytes before they are added up: more would not fit.
const FEW_ROWS: u8 = u8::MAX;

/// From how many calls on it pays to count one code after the other.
const LONG_ROW: usize = 512;

/// How many calls tell which codes a long row has.
const SAMPLE: usize = 64;

/// More codes than these are quicker counted all at once.
const FEW_CODES: u32 = 8;

/// How often each call was made, and where none was.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct CallCounts {
    codes: Codes,
    /// Missing calls by the row's cells.
    missing: Vec<u32>,
    /// The same of the last few rows, in bytes, of which many are counted at once.
    few: Vec<u8>,
    few_rows: u8,
    /// Missing calls by rows.
    rows: Vec<u32>,
}

/// A number for each code.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Codes([u64; CODES]);

impl Default for Codes {
    fn default() -> Self {
        Self([0; CODES])
    }
}

impl CallCounts {
    pub(super) fn new(width: usize) -> Self {
        Self { few: vec![0; width], ..Self::default() }
    }

    /// How often each code was there.
    pub(crate) fn codes(&self) -> &[u64; CODES] {
        &self.codes.0
    }

    /// Missing calls by the row's cells; of a part's, see [`CallCounts::add`].
    pub(crate) fn missing(&self) -> &[u32] {
        &self.missing
    }

    /// Missing calls by rows.
    pub(crate) fn rows(&self) -> &[u32] {
        &self.rows
    }

    /// Counts a row of codes.
    pub(super) fn row(&mut self, codes: &[u8], missing: u8) {
        if self.few_rows == FEW_ROWS {
            self.add_up();
        }
        self.few_rows += 1;
        for (count, code) in self.few.iter_mut().zip(codes) {
            *count += u8::from(*code == missing);
        }
        let missing = usize::from(missing);
        let before = self.codes.0[missing];
        self.codes.count(codes);
        self.rows.push((self.codes.0[missing] - before) as u32);
    }

    fn add_up(&mut self) {
        add(&mut self.missing, &self.few);
        self.few.fill(0);
        self.few_rows = 0;
    }

    /// Adds another part's counts.
    pub(crate) fn add(&mut self, other: &Self) {
        self.codes.0.iter_mut().zip(other.codes.0).for_each(|(sum, count)| *sum += count);
        add(&mut self.missing, &other.missing);
        add(&mut self.missing, &other.few);
        self.rows.extend_from_slice(&other.rows);
    }
}

fn add<T: Copy>(sums: &mut Vec<u32>, counts: &[T])
where
    u32: From<T>,
{
    sums.resize(sums.len().max(counts.len()), 0);
    sums.iter_mut().zip(counts).for_each(|(sum, count)| *sum += u32::from(*count));
}

impl Codes {
    /// A long row mostly has few codes, each of which is counted many calls at a time.
    fn count(&mut self, codes: &[u8]) {
        let kinds = match codes.get(..LONG_ROW) {
            Some(row) => kinds(&row[..SAMPLE]),
            None => return self.count_all(codes),
        };
        if kinds.count_ones() > FEW_CODES {
            return self.count_all(codes);
        }
        let (mut counts, mut sum) = ([0; CODES], 0);
        for code in (0..CODES).filter(|code| kinds >> code & 1 == 1) {
            counts[code] = memchr::memchr_iter(code as u8, codes).count();
            sum += counts[code];
        }
        if sum < codes.len() {
            return self.count_all(codes);
        }
        self.0.iter_mut().zip(counts).for_each(|(sum, count)| *sum += count as u64);
    }

    fn count_all(&mut self, codes: &[u8]) {
        // Four tables, so that equal neighbours do not wait for each other.
        let mut counts = [[0u32; CODES]; 4];
        let (fours, rest) = codes.as_chunks::<4>();
        for code in rest {
            counts[0][usize::from(*code) % CODES] += 1;
        }
        for four in fours {
            for (count, code) in counts.iter_mut().zip(four) {
                count[usize::from(*code) % CODES] += 1;
            }
        }
        for (code, sum) in self.0.iter_mut().enumerate() {
            *sum += counts.iter().map(|table| u64::from(table[code])).sum::<u64>();
        }
    }
}

/// Which codes there are, a bit for each; that of a missing call is always likely.
fn kinds(codes: &[u8]) -> u64 {
    codes.iter().fold(1 << super::letters::NN, |kinds, code| kinds | 1 << (code % CODES as u8))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_by_call_by_cell_and_by_row() {
        let mut counts = CallCounts::new(5);
        for row in [[0, 3, 36, 3, 0], [36, 3, 36, 0, 0]] {
            counts.row(&row, 36);
        }
        let mut sum = CallCounts::default();
        sum.add(&counts);
        assert_eq!(sum.missing(), [1, 0, 2, 0, 0]);
        assert_eq!(sum.rows(), [1, 2]);
        assert_eq!((sum.codes()[0], sum.codes()[3], sum.codes()[36]), (4, 3, 3));
    }

    #[test]
    fn many_rows_and_long_ones_are_counted_like_short_ones() {
        let late_codes = |i: usize| if i < 600 { [0, 9][i % 2] } else { (i % 11) as u8 };
        let rows: [Vec<u8>; 3] = [
            vec![36; 700],
            (0..700).map(|i| [0, 3, 36][i % 3]).collect(),
            (0..700).map(late_codes).collect(),
        ];
        let (mut long, mut short) = (CallCounts::new(700), Codes::default());
        for row in rows.iter().cycle().take(900) {
            long.row(row, 36);
            short.count_all(row);
        }
        let mut sum = CallCounts::default();
        sum.add(&long);
        assert_eq!(sum.codes, short);
        assert_eq!(sum.missing()[..3], [300, 300, 600]);
        assert_eq!(sum.rows()[..3], [700, 233, 0]);
    }
}
