//! Why a path cannot be used.

use std::{
    io,
    path::{Path, PathBuf},
};

use rustix::io::Errno;

/// Why a path cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum Denied {
    /// It leads out of the roots. What lies there is not told, not even whether anything does.
    #[error("{}", outside(path, link.as_ref()))]
    Outside {
        /// As it was asked for.
        path: PathBuf,
        /// The link below a root that leads out, and the root.
        link: Option<(PathBuf, PathBuf)>,
    },
    /// A pipe, a device or a socket.
    #[error("{} is neither a file nor a folder", .0.display())]
    Special(PathBuf),
    /// It leads through a link, where none is followed.
    #[error("{} leads through a link", .0.display())]
    Link(PathBuf),
    /// Between being resolved and being opened.
    #[error("{} became a link while it was opened", .0.display())]
    Changed(PathBuf),
    /// The system says no.
    #[error(transparent)]
    Io(#[from] io::Error),
}

impl Denied {
    /// What it means that a resolved path was not opened.
    pub(crate) fn of(path: &Path, error: Errno) -> Self {
        match error {
            Errno::LOOP | Errno::XDEV => Self::Changed(path.to_owned()),
            error => Self::Io(error.into()),
        }
    }
}

fn outside(path: &Path, link: Option<&(PathBuf, PathBuf)>) -> String {
    let path = path.display();
    match link {
        Some((link, root)) => format!(
            "{path} is not allowed here: the link {} leads out of the folder {}",
            link.display(),
            root.display()
        ),
        None => format!("{path} is not allowed here: it lies under none of the allowed folders"),
    }
}
