//! From chunks of lines to rows of tables; everything here runs on many threads at once.

mod alts;
mod cells;
mod chunk;
mod codec;
mod counts;
mod excerpt;
mod letters;
mod made;
mod matrix;
mod notes;
mod plain;
mod row;
mod rows;
mod scan;
mod sizes;
mod twos;
mod unique;
mod vcf;

pub(crate) use chunk::{Made, Maker, Task};
pub(crate) use codec::Codec;
pub(crate) use counts::CallCounts;
pub(crate) use letters::CODES;
pub(crate) use made::MadeRows;
pub(crate) use notes::{Note, Notes, PLACES, Warned};
pub(crate) use rows::RowLines;
pub(crate) use sizes::SSR_BYTES;
pub(crate) use unique::header as unique_header;
