//! From chunks of lines to rows of tables; everything here runs on many threads at once.

mod alts;
mod calls;
mod cells;
mod chunk;
mod matrix;
mod notes;
mod row;
mod rows;
mod unique;
mod vcf;

pub(crate) use calls::{CODES, CallCounts, Codec, SSR_BYTES};
pub(crate) use chunk::{Made, MadeRows, Maker, Task};
pub(crate) use notes::{Note, Notes, PLACES, Warned};
pub(crate) use rows::RowLines;
pub(crate) use unique::header as unique_header;
