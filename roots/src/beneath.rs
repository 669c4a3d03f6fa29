//! Opens what lies below a handle, without following any link.

use std::{
    ffi::OsStr,
    os::fd::OwnedFd,
    path::{Component, Path},
};

use rustix::{
    fs::{Mode, OFlags, ResolveFlags, mkdirat, openat, openat2},
    io::Errno,
};

/// A folder on the way, of which only the names below it matter.
const STEP: OFlags =
    OFlags::PATH.union(OFlags::DIRECTORY).union(OFlags::NOFOLLOW).union(OFlags::CLOEXEC);

/// Opens a path below a folder, no part of which may be a link.
pub(crate) fn open(root: &OwnedFd, rest: &Path, flags: OFlags) -> Result<OwnedFd, Errno> {
    let rest = if rest.as_os_str().is_empty() { Path::new(".") } else { rest };
    let flags = flags | OFlags::CLOEXEC;
    let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS | ResolveFlags::NO_MAGICLINKS;
    match openat2(root, rest, flags, Mode::empty(), resolve) {
        // A kernel before 5.6, or a container that does not let it through.
        Err(Errno::NOSYS | Errno::PERM) => step_by_step(root, rest, flags),
        opened => opened,
    }
}

/// The same, a name at a time.
fn step_by_step(root: &OwnedFd, rest: &Path, flags: OFlags) -> Result<OwnedFd, Errno> {
    let mut names: Vec<_> = rest.components().filter(is_name).collect();
    let Some(last) = names.pop() else { return openat(root, ".", flags, Mode::empty()) };
    let mut at = root.try_clone().map_err(|_| Errno::MFILE)?;
    for name in names {
        at = openat(&at, name.as_os_str(), STEP, Mode::empty()).map_err(link_or)?;
    }
    openat(&at, last.as_os_str(), flags | OFlags::NOFOLLOW, Mode::empty())
}

/// Makes what is missing of a folder below a folder. Answers the way to it, and whether it was made.
pub(crate) fn make(root: &OwnedFd, rest: &Path) -> Result<(OwnedFd, bool), Errno> {
    let (mut at, mut is_new) = (root.try_clone().map_err(|_| Errno::MFILE)?, false);
    for name in rest.components().filter(is_name) {
        let name = name.as_os_str();
        (at, is_new) = match openat(&at, name, STEP, Mode::empty()) {
            Err(Errno::NOENT) => {
                let is_new = make_step(&at, name)?;
                (openat(&at, name, STEP, Mode::empty())?, is_new)
            }
            opened => (opened?, false),
        };
    }
    Ok((at, is_new))
}

/// Whether it was made here, and not by somebody else at the same time.
fn make_step(at: &OwnedFd, name: &OsStr) -> Result<bool, Errno> {
    match mkdirat(at, name, Mode::from_raw_mode(0o777)) {
        Ok(()) => Ok(true),
        Err(Errno::EXIST) => Ok(false),
        Err(error) => Err(error),
    }
}

/// Opens the folder that one has the way to, to use what is in it.
pub(crate) fn enter(at: &OwnedFd) -> Result<OwnedFd, Errno> {
    openat(at, ".", OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())
}

fn is_name(part: &Component<'_>) -> bool {
    matches!(part, Component::Normal(_))
}

/// A link on the way is not a folder, as the system sees it; a file there is neither.
fn link_or(error: Errno) -> Errno {
    if error == Errno::NOTDIR { Errno::LOOP } else { error }
}

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::symlink};

    use super::*;

    #[test]
    fn step_by_step_the_same_is_opened_and_the_same_refused() {
        let home = tempfile::tempdir().unwrap();
        let (root, outside) = (home.path().join("root"), home.path().join("outside"));
        fs::create_dir_all(root.join("a/b")).unwrap();
        fs::create_dir(&outside).unwrap();
        fs::write(root.join("a/b/file"), "").unwrap();
        fs::write(outside.join("file"), "").unwrap();
        symlink(&outside, root.join("link")).unwrap();
        symlink("b", root.join("a/inside")).unwrap();
        let handle = openat(rustix::fs::CWD, &root, STEP, Mode::empty()).unwrap();
        for path in ["", ".", "a", "a/b/file", "a/inside/file", "link", "link/file", "gone"] {
            let (path, flags) = (Path::new(path), OFlags::RDONLY);
            let whole = open(&handle, path, flags).map(drop);
            let steps = step_by_step(&handle, path, flags | OFlags::CLOEXEC).map(drop);
            assert_eq!(whole, steps, "{path:?}");
            let is_link = path.to_string_lossy().contains("in") && path != Path::new("a");
            assert_eq!(whole == Err(Errno::LOOP), is_link, "{path:?}");
        }
    }
}
