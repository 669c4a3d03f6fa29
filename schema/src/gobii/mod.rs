//! GOBii's loader instructions: three dialects and several wrappings in, one type out.
//!
//! ```
//! use schema::gobii::{Dialect, LoaderInstruction};
//!
//! let text = r#"[{"table": "marker", "gobiiFile": {"source": "/in", "destination": "/out"}}]"#;
//! let instruction = LoaderInstruction::parse(text)?;
//! assert_eq!(instruction.dialect, Dialect::A);
//! assert_eq!(instruction.tables[0].name, "marker");
//!
//! let wrong = LoaderInstruction::parse(r#"[{"tabel": "marker"}]"#).unwrap_err();
//! assert_eq!(wrong.path, "[0].tabel");
//! # Ok::<(), schema::gobii::Unreadable>(())
//! ```

mod column;
mod dialect;
mod fields;
mod loader;
mod metadata;
mod node;
mod text;
mod unreadable;

pub use column::{Column, ColumnKind, DataSetType, Orientation};
pub use dialect::Dialect;
pub use loader::{File, FileType, LoaderInstruction, Table};
pub use metadata::{Metadata, Named};
pub use text::decode;
pub use unreadable::Unreadable;

#[cfg(test)]
mod tests;
