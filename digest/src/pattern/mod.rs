//! Patterns as instructions write them: Java's regular expressions and replacements.

mod delimiter;
mod filter;
mod java;
mod replacement;

pub(crate) use delimiter::Delimiter;
pub(crate) use filter::Filter;
