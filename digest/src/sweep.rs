//! What is left of digests that were killed.

use std::{io, path::PathBuf};

use roots::{Denied, Roots};
use schema::gobii::LoaderInstruction;

use crate::write;

/// Removes what killed digests of the instruction's destination left there; live ones are left
/// alone. The next digest does so by itself.
pub fn sweep(instruction: &LoaderInstruction, roots: &[PathBuf]) -> io::Result<()> {
    let Some(destination) = &instruction.file().destination else { return Ok(()) };
    match Roots::open(roots)?.directory(destination.as_ref()) {
        Ok(directory) => write::sweep(&directory),
        Err(Denied::Io(error)) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(Denied::Io(error)) => Err(error),
        Err(denied) => Err(io::Error::other(denied)),
    }
}
