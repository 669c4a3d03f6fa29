//! Where a digest may read and write.

use std::{
    fs,
    path::{Path, PathBuf},
};

use schema::Finding;

use crate::failure::{error, io_error};

/// The directories that everything must lie under, after links and `..` are resolved.
#[derive(Debug)]
pub(crate) struct Roots(Vec<PathBuf>);

impl Roots {
    /// Resolves the roots themselves. None means that every path is allowed.
    pub(crate) fn new(roots: &[PathBuf]) -> Result<Self, Finding> {
        let real = roots.iter().map(|root| {
            fs::canonicalize(root).map_err(|e| io_error("find the allowed folder", root, &e))
        });
        real.collect::<Result<_, _>>().map(Self)
    }

    /// Refuses a path that leads out of the roots. Of a path that does not exist yet, the part
    /// that does is followed, and the rest must be plain names.
    pub(crate) fn check(&self, what: &str, path: &Path) -> Result<(), Finding> {
        if self.0.is_empty() {
            return Ok(());
        }
        let real = real(path).map_err(|e| io_error("find", path, &e))?;
        match real {
            Some(real) if self.0.iter().any(|root| real.starts_with(root)) => Ok(()),
            _ => Err(error(format_args!("the {what} {} is not allowed here", path.display()))
                .remedy("use a folder under one of the allowed ones")),
        }
    }
}

/// The path without links and `..`; none if something that does not exist is left with `..`.
fn real(path: &Path) -> std::io::Result<Option<PathBuf>> {
    for ancestor in path.ancestors() {
        let rest = path.strip_prefix(ancestor).unwrap_or(Path::new(""));
        let start = if ancestor.as_os_str().is_empty() { Path::new(".") } else { ancestor };
        if fs::symlink_metadata(start).is_err() {
            continue;
        }
        let plain = rest.components().all(|part| matches!(part, std::path::Component::Normal(_)));
        return Ok(if plain { Some(fs::canonicalize(start)?.join(rest)) } else { None });
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_leads_out_of_the_roots_is_refused() {
        let home = tempfile::tempdir().unwrap();
        let (inside, outside) = (home.path().join("in"), home.path().join("out"));
        fs::create_dir(&inside).unwrap();
        fs::create_dir(&outside).unwrap();
        std::os::unix::fs::symlink(&outside, inside.join("link")).unwrap();
        std::os::unix::fs::symlink(home.path().join("gone"), inside.join("dangling")).unwrap();
        let roots = Roots::new(std::slice::from_ref(&inside)).unwrap();
        let allowed = |path: &str| roots.check("source", &inside.join(path)).is_ok();
        assert!(allowed("") && allowed("new/folder") && allowed("new"));
        for path in ["..", "link", "link/x", "../out", "new/../../out", "dangling", "dangling/x"] {
            assert!(!allowed(path), "{path}");
        }
    }
}
