//! Where paths really lead.

use std::{
    fs, io,
    path::{Component, Path, PathBuf},
};

/// Where a path really leads. It need not exist: its nearest existing ancestor is resolved, and what
/// follows is taken by its word, without `..`.
pub(crate) fn resolve(path: &Path) -> io::Result<PathBuf> {
    for ancestor in path.ancestors() {
        let start = if ancestor.as_os_str().is_empty() { Path::new(".") } else { ancestor };
        let real = match fs::canonicalize(start) {
            Ok(real) => real,
            // A link that leads nowhere may lead somewhere later.
            Err(error) if fs::symlink_metadata(start).is_ok() => return Err(error),
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(error) => return Err(error),
        };
        let rest = path.strip_prefix(ancestor).map_err(io::Error::other)?;
        if !is_plain(rest) {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        // Part by part: to join nothing would add a slash.
        return Ok(real.components().chain(rest.components()).collect());
    }
    Err(io::ErrorKind::NotFound.into())
}

/// Whether a path goes down only.
pub(crate) fn is_plain(path: &Path) -> bool {
    path.components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir))
}
