//! Where a digest may read and write.

use std::path::{Path, PathBuf};

use roots::{Denied, Roots};
use schema::Finding;

use crate::failure::{error, io_error};

/// Opens the folders that everything must lie under.
pub(crate) fn open(folders: &[PathBuf]) -> Result<Roots, Finding> {
    Roots::open(folders).map_err(|e| error(format_args!("could not open an allowed folder: {e}")))
}

/// What it means that something could not be used.
pub(crate) fn denied(doing: &str, path: &Path, why: &Denied) -> Finding {
    match why {
        Denied::Io(source) => io_error(doing, path, source),
        Denied::Outside { .. } => error(why).remedy("use a folder under one of the allowed ones"),
        Denied::Special(_) => error(why).remedy("take it out of the source folder"),
        Denied::Link(_) | Denied::Changed(_) => {
            error(why).remedy("leave the folder alone while it is loaded")
        }
    }
}
