//! One service per state folder.

use std::{
    fs::{self, File, TryLockError},
    path::Path,
};

use anyhow::{Context as _, bail};

/// Held as long as the service lives; the system gives it back however the process ends.
#[derive(Debug)]
pub(crate) struct StateLock(#[expect(dead_code, reason = "held, not used")] File);

impl StateLock {
    /// Takes the folder, making it if need be; fails if another process has it.
    pub(crate) fn take(folder: &Path) -> anyhow::Result<Self> {
        fs::create_dir_all(folder).with_context(|| format!("make {}", folder.display()))?;
        let path = folder.join("lock");
        let file = File::create(&path).with_context(|| format!("open {}", path.display()))?;
        match file.try_lock() {
            Ok(()) => Ok(Self(file)),
            Err(TryLockError::WouldBlock) => bail!(
                "another digester service uses {}; give this one its own `node` and `state`",
                folder.display()
            ),
            Err(TryLockError::Error(error)) => {
                Err(error).with_context(|| format!("lock {}", path.display()))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_services_cannot_share_a_state_folder() {
        let folder = tempfile::tempdir().unwrap();
        let held = StateLock::take(folder.path()).unwrap();
        let refusal = StateLock::take(folder.path()).unwrap_err().to_string();
        assert!(refusal.contains("another digester service"), "{refusal}");
        drop(held);
        assert!(StateLock::take(folder.path()).is_ok());
    }
}
