//! The digest engine: an instruction and its files in, digest files and a report out.
//!
//! Plain synchronous code; the threads of a pool parse, the calling thread reads and writes. Each
//! file is read once for all tables, in chunks, so that memory does not depend on its size.
//!
//! ```
//! use digest::{Options, Unobserved};
//! use schema::gobii::LoaderInstruction;
//!
//! let home = tempfile::tempdir()?;
//! let (source, destination) = (home.path().join("in"), home.path().join("out"));
//! std::fs::create_dir(&source)?;
//! std::fs::write(source.join("markers.txt"), "name\nm1\nm2\n")?;
//! let text = format!(
//!     r#"[{{"table": "marker",
//!          "gobiiFile": {{"source": {source:?}, "destination": {destination:?}, "delimiter": "\\t"}},
//!          "gobiiFileColumns": [
//!            {{"gobiiColumnType": "CONSTANT", "name": "platform_id", "constantValue": "3"}},
//!            {{"gobiiColumnType": "CSV_COLUMN", "name": "name", "rCoord": 1, "cCoord": 0}}]}}]"#
//! );
//! let instruction = LoaderInstruction::parse(&text)?;
//! let report = digest::digest(&instruction, &Options::default(), &Unobserved)?;
//! assert_eq!(report.tables[0].rows, 2);
//! let marker = std::fs::read_to_string(destination.join("digest.marker"))?;
//! assert_eq!(marker, "platform_id\tname\n3\tm1\n3\tm2\n");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod digest;
mod failure;
mod found;
mod make;
mod observer;
mod options;
mod paths;
mod pattern;
mod plan;
mod preview;
mod read;
mod run;
mod summary;
mod sweep;
mod write;

pub use digest::digest;
pub use failure::{Failure, FailureKind};
pub use observer::{Observer, Stage, Unobserved};
pub use options::Options;
pub use preview::preview;
pub use sweep::sweep;
