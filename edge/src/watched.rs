//! What is read from files, and read again when they change.

use std::{
    error::Error,
    fmt,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use tracing::{error, info};

/// How often the files are looked at, at most: whenever the value is asked for.
const LOOK_EVERY: Duration = Duration::from_secs(5);

/// A value that follows its files. When they change to something that cannot be used, that is
/// logged, and the value stays.
///
/// Nothing runs beside: whoever asks for the value looks at the files, if nobody has lately.
pub(crate) struct Watched<T>(Arc<Shared<T>>);

type Read<T> = dyn Fn() -> Result<T, Box<dyn Error + Send + Sync>> + Send + Sync;

struct Shared<T> {
    files: Vec<PathBuf>,
    read: Box<Read<T>>,
    every: Duration,
    state: Mutex<State<T>>,
}

struct State<T> {
    value: Arc<T>,
    marks: Vec<Option<Mark>>,
    looked: Instant,
}

/// What tells one state of a file from the next: when it was written, how long it is, which it is.
type Mark = (i64, i64, u64, u64);

impl<T> Clone for Watched<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T> fmt::Debug for Watched<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The value may be a secret.
        f.debug_tuple("Watched").field(&self.0.files).finish()
    }
}

impl<T> Watched<T> {
    /// Reads the value for the first time: what cannot be used now is an error.
    pub(crate) fn new<E: Error + Send + Sync + 'static>(
        files: Vec<PathBuf>,
        read: impl Fn() -> Result<T, E> + Send + Sync + 'static,
    ) -> Result<Self, E> {
        Self::looking(LOOK_EVERY, files, read)
    }

    /// The same, looking so often.
    pub(crate) fn looking<E: Error + Send + Sync + 'static>(
        every: Duration,
        files: Vec<PathBuf>,
        read: impl Fn() -> Result<T, E> + Send + Sync + 'static,
    ) -> Result<Self, E> {
        // Before they are read: what changes meanwhile is noticed at the next look.
        let marks = marks(&files);
        let state = State { value: Arc::new(read()?), marks, looked: Instant::now() };
        let read = Box::new(move || read().map_err(Into::into));
        Ok(Self(Arc::new(Shared { files, read, every, state: Mutex::new(state) })))
    }

    /// The value as it is now.
    pub(crate) fn get(&self) -> Arc<T> {
        let mut state = self.0.state();
        if !self.0.files.is_empty() && state.looked.elapsed() >= self.0.every {
            self.0.look(&mut state);
        }
        Arc::clone(&state.value)
    }
}

impl<T> Shared<T> {
    fn look(&self, state: &mut State<T>) {
        state.looked = Instant::now();
        let marks = marks(&self.files);
        if marks == state.marks {
            return;
        }
        // Noted although it may be of no use: one mistake is told once.
        state.marks = marks;
        let files: Vec<_> = self.files.iter().map(|file| file.display().to_string()).collect();
        let files = files.join(", ");
        match (self.read)() {
            Ok(value) => {
                state.value = Arc::new(value);
                info!(files, "read anew: {files}");
            }
            Err(error) => {
                error!(error = &*error as &dyn Error, "what was read before stays in use: {error}");
            }
        }
    }

    fn state(&self) -> MutexGuard<'_, State<T>> {
        // Every change is one assignment: nothing is ever half done.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn marks(files: &[PathBuf]) -> Vec<Option<Mark>> {
    files.iter().map(|file| mark(file)).collect()
}

fn mark(file: &Path) -> Option<Mark> {
    let found = file.metadata().ok()?;
    Some((found.mtime(), found.mtime_nsec(), found.len(), found.ino()))
}

#[cfg(test)]
mod tests {
    use std::{fs, io, num::ParseIntError};

    use super::*;

    fn number(text: io::Result<String>) -> Result<u32, ParseIntError> {
        text.unwrap_or_default().trim().parse()
    }

    fn watched(file: &Path, every: Duration) -> Result<Watched<u32>, ParseIntError> {
        let read = file.to_owned();
        Watched::looking(every, vec![file.to_owned()], move || number(fs::read_to_string(&read)))
    }

    #[test]
    fn a_value_follows_its_file_and_stays_while_the_file_is_of_no_use() {
        let home = tempfile::tempdir().unwrap();
        let file = home.path().join("number");
        assert!(watched(&file, Duration::ZERO).is_err());
        fs::write(&file, "1").unwrap();
        let watched = watched(&file, Duration::ZERO).unwrap();
        assert_eq!(*watched.get(), 1);
        fs::write(&file, "twenty").unwrap();
        assert_eq!(*watched.get(), 1);
        fs::remove_file(&file).unwrap();
        assert_eq!(*watched.get(), 1);
        fs::write(&file, "300").unwrap();
        assert_eq!(*watched.get(), 300);
    }

    #[test]
    fn files_are_not_looked_at_more_often_than_they_are_to_be() {
        let home = tempfile::tempdir().unwrap();
        let file = home.path().join("number");
        fs::write(&file, "1").unwrap();
        let watched = watched(&file, Duration::MAX).unwrap();
        fs::write(&file, "20").unwrap();
        assert_eq!(*watched.get(), 1);
    }
}
