//! A world of its own for every test.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use digest::{Failure, Options, Unobserved};
use schema::{Report, gobii::LoaderInstruction};
use tempfile::TempDir;

/// Files to read, a folder to write to.
pub(crate) struct World {
    home: TempDir,
}

impl World {
    pub(crate) fn new() -> Self {
        let home = tempfile::tempdir().unwrap();
        fs::create_dir(home.path().join("in")).unwrap();
        Self { home }
    }

    /// A world with one file.
    pub(crate) fn with(text: impl AsRef<[u8]>) -> Self {
        let world = Self::new();
        world.file("a.txt", text);
        world
    }

    /// Where its folders lie.
    pub(crate) fn home(&self) -> &Path {
        self.home.path()
    }

    pub(crate) fn source(&self) -> PathBuf {
        self.home.path().join("in")
    }

    pub(crate) fn destination(&self) -> PathBuf {
        self.home.path().join("out")
    }

    pub(crate) fn file(&self, name: &str, text: impl AsRef<[u8]>) {
        fs::write(self.source().join(name), text).unwrap();
    }

    /// Digests an instruction that has `${INPUT}` and `${OUTPUT}` for its folders.
    pub(crate) fn digest(&self, instruction: &str) -> Result<Report, Failure> {
        self.digest_with(instruction, &Options::default())
    }

    pub(crate) fn digest_with(
        &self,
        instruction: &str,
        options: &Options<'_>,
    ) -> Result<Report, Failure> {
        digest::digest(&self.instruction(instruction), options, &Unobserved)
    }

    pub(crate) fn instruction(&self, text: &str) -> LoaderInstruction {
        let text = text
            .replace("${INPUT}", &self.source().to_string_lossy())
            .replace("${OUTPUT}", &self.destination().to_string_lossy());
        LoaderInstruction::parse(&text).unwrap()
    }

    /// What lies in the destination, hidden files too.
    pub(crate) fn outputs(&self) -> BTreeMap<String, Vec<u8>> {
        if self.destination().exists() { files_in(&self.destination()) } else { BTreeMap::new() }
    }

    pub(crate) fn output(&self, name: &str) -> String {
        String::from_utf8(self.outputs().remove(name).unwrap()).unwrap()
    }
}

/// The plain files of a folder, by name.
pub(crate) fn files_in(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let files = entries.filter(|path| path.is_file());
    files
        .map(|path| (path.file_name().unwrap().to_string_lossy().into(), fs::read(path).unwrap()))
        .collect()
}
