//! The strategy in force, kept across restarts.

use std::{
    fs::{self, File},
    io::{self, Write as _},
    path::Path,
};

use regulator::Strategy;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tracing::{info, warn};

/// What an operator changed while the service ran, and what the configuration said then.
#[derive(Serialize, Deserialize)]
struct Kept {
    configured: Strategy,
    in_force: Strategy,
}

/// The strategy to start with: the configured one, unless an operator changed it since and the
/// configuration still says what it said then.
pub(crate) fn recall(folder: &Path, configured: &Strategy) -> Strategy {
    let kept: Option<Kept> = read(&folder.join("strategy.json"));
    match kept {
        Some(kept) if kept.configured == *configured => {
            info!("the strategy is the one that was set while the service ran");
            kept.in_force
        }
        _ => configured.clone(),
    }
}

/// Keeps a strategy that was set while the service runs.
pub(crate) fn keep(folder: &Path, configured: &Strategy, in_force: &Strategy) -> io::Result<()> {
    let kept = Kept { configured: configured.clone(), in_force: in_force.clone() };
    write(&folder.join("strategy.json"), &serde_json::to_vec_pretty(&kept)?)
}

/// What the regulator had learned, when the service last stopped.
pub(crate) fn recall_learned(folder: &Path) -> Option<Value> {
    read(&folder.join("learned.json"))
}

/// Keeps what the regulator has learned.
pub(crate) fn keep_learned(folder: &Path, learned: &Value) -> io::Result<()> {
    write(&folder.join("learned.json"), &serde_json::to_vec(learned)?)
}

/// What cannot be read is as good as absent: the configuration is always there.
fn read<T: for<'de> Deserialize<'de>>(path: &Path) -> Option<T> {
    let text = match fs::read(path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return None,
        Err(error) => {
            warn!(%error, "could not read {}", path.display());
            return None;
        }
    };
    serde_json::from_slice(&text)
        .inspect_err(|error| warn!(%error, "passed over {}", path.display()))
        .ok()
}

/// Writes a file as a whole or not at all.
fn write(path: &Path, text: &[u8]) -> io::Result<()> {
    let fresh = path.with_extension("new");
    let mut file = File::create(&fresh)?;
    file.write_all(text)?;
    file.sync_all()?;
    fs::rename(&fresh, path)
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;

    use super::*;

    fn at_once(number: u32) -> Strategy {
        Strategy::at_once(NonZeroU32::new(number).unwrap())
    }

    #[test]
    fn what_was_set_outlives_a_restart() {
        let folder = tempfile::tempdir().unwrap();
        keep(folder.path(), &at_once(2), &at_once(7)).unwrap();
        assert_eq!(recall(folder.path(), &at_once(2)), at_once(7));
    }

    #[test]
    fn a_changed_configuration_wins_over_what_was_set_before() {
        let folder = tempfile::tempdir().unwrap();
        keep(folder.path(), &at_once(2), &at_once(7)).unwrap();
        assert_eq!(recall(folder.path(), &at_once(3)), at_once(3));
    }

    #[test]
    fn a_file_that_cannot_be_read_is_passed_over() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("strategy.json"), "{").unwrap();
        assert_eq!(recall(folder.path(), &at_once(3)), at_once(3));
    }
}
