//! Directories that paths must lie under, whatever links and dots they lead through.

use std::{
    fs, io,
    path::{Component, Path, PathBuf},
};

/// Directories that paths must lie under.
pub(super) struct Roots(Vec<PathBuf>);

impl Roots {
    /// Takes the directories as they really are; one that cannot be resolved holds nothing.
    pub(super) fn new(directories: &[PathBuf]) -> Self {
        Self(directories.iter().filter_map(|directory| resolve(directory).ok()).collect())
    }

    /// Where a path really leads, if that is under one of the directories.
    pub(super) fn resolve(&self, path: &Path) -> Option<PathBuf> {
        let real = resolve(path).ok()?;
        self.0.iter().any(|root| real.starts_with(root)).then_some(real)
    }
}

/// Where a path really leads. It need not exist: its nearest existing ancestor is resolved, and
/// what follows is taken by its word, without `..`.
fn resolve(path: &Path) -> io::Result<PathBuf> {
    if !path.is_absolute() {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    for ancestor in path.ancestors() {
        let real = match fs::canonicalize(ancestor) {
            Ok(real) => real,
            // A link that leads nowhere may lead somewhere later.
            Err(error) if fs::symlink_metadata(ancestor).is_ok() => return Err(error),
            Err(error) if is_absent(&error) => continue,
            Err(error) => return Err(error),
        };
        let rest = path.strip_prefix(ancestor).map_err(io::Error::other)?;
        let plain = |part: Component<'_>| matches!(part, Component::Normal(_) | Component::CurDir);
        if !rest.components().all(plain) {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        // Part by part: to join nothing would add a slash, and make a directory of a file.
        return Ok(real.components().chain(rest.components()).collect());
    }
    Err(io::ErrorKind::NotFound.into())
}

fn is_absent(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    fn holds(root: &Path, path: impl AsRef<Path>) -> bool {
        Roots::new(&[root.to_owned()]).resolve(path.as_ref()).is_some()
    }

    #[test]
    fn a_path_lies_under_a_root_whether_it_exists_or_not() {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir(root.path().join("in")).unwrap();
        for path in ["", "in", "in/", "in/./x", "in/../in", "not/yet/there"] {
            assert!(holds(root.path(), root.path().join(path)), "{path}");
        }
    }

    #[test]
    fn a_file_resolves_to_itself() {
        let root = tempfile::tempdir().unwrap();
        let file = root.path().canonicalize().unwrap().join("file");
        fs::write(&file, "").unwrap();
        let real = Roots::new(&[root.path().to_owned()]).resolve(&file).unwrap();
        assert_eq!(real.as_os_str(), file.as_os_str());
    }

    #[test]
    fn dots_links_and_neighbours_do_not_lead_out() {
        let both = tempfile::tempdir().unwrap();
        let (root, outside) = (both.path().join("root"), both.path().join("root2"));
        fs::create_dir_all(&root).unwrap();
        fs::create_dir_all(&outside).unwrap();
        symlink(&outside, root.join("link")).unwrap();
        symlink(both.path().join("nowhere"), root.join("dangling")).unwrap();
        symlink(root.join("loop"), root.join("loop")).unwrap();
        for path in ["..", "../root2", "link", "link/x", "dangling", "dangling/x", "loop", "a/../b"]
        {
            assert!(!holds(&root, root.join(path)), "{path}");
        }
        for path in ["root", "", "/root\0", "/"] {
            assert!(!holds(&root, path), "{path:?}");
        }
    }

    #[test]
    fn a_root_may_itself_be_reached_by_a_link() {
        let both = tempfile::tempdir().unwrap();
        fs::create_dir(both.path().join("real")).unwrap();
        symlink(both.path().join("real"), both.path().join("root")).unwrap();
        assert!(holds(&both.path().join("root"), both.path().join("root/new")));
        assert!(holds(&both.path().join("root"), both.path().join("real/new")));
    }
}
