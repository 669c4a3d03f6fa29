//! What digests leave.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    time::SystemTime,
};

use anyhow::Context as _;

/// The files of a digest: what is in each, and when it was written.
pub(super) type Published = BTreeMap<PathBuf, (Vec<u8>, SystemTime)>;

/// Every file in the folder and the folders in it.
pub(super) fn published(folder: &Path) -> anyhow::Result<Published> {
    let mut files = Published::new();
    for entry in fs::read_dir(folder).context("look at what was published")? {
        let (path, about) = {
            let entry = entry?;
            (entry.path(), entry.metadata()?)
        };
        match about.is_dir() {
            true => files.append(&mut published(&path)?),
            false => drop(files.insert(path.clone(), (fs::read(&path)?, about.modified()?))),
        }
    }
    Ok(files)
}
