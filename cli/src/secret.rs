//! Secrets: made up here, kept where only their owner can read them, never shown.

use std::{
    fs::OpenOptions,
    io::{IsTerminal as _, Write as _, stdin},
    os::unix::fs::OpenOptionsExt as _,
    path::Path,
    process::ExitCode,
};

use anyhow::{Context as _, ensure};

/// A secret that nobody can guess.
pub(crate) fn make_up() -> String {
    // Two version 4 UUIDs carry 244 random bits.
    format!("{}{}", uuid::Uuid::new_v4().simple(), uuid::Uuid::new_v4().simple())
}

/// Makes up a secret and keeps it in a file that only its owner can read.
pub(crate) fn keep(path: &Path) -> anyhow::Result<String> {
    let secret = make_up();
    let fresh = path.with_extension("new");
    let mut options = OpenOptions::new();
    let file = options.write(true).create(true).truncate(true).mode(0o600).open(&fresh);
    let kept = file.and_then(|mut file| file.write_all(secret.as_bytes()));
    let kept = kept.and_then(|()| std::fs::rename(&fresh, path));
    kept.with_context(|| format!("write {}", path.display()))?;
    Ok(secret)
}

/// Hashes a password for the users of a crop in a configuration file.
pub(crate) fn hash_password() -> anyhow::Result<ExitCode> {
    crate::data::say(&webservice::access::hash_password(&read_password()?))?;
    Ok(ExitCode::SUCCESS)
}

/// A password, from a line of standard input.
pub(crate) fn read_password() -> anyhow::Result<String> {
    if stdin().is_terminal() {
        eprint!("password (it will be seen): ");
    }
    let mut password = String::new();
    stdin().read_line(&mut password).context("read the password from standard input")?;
    let password = password.trim_end_matches(['\r', '\n']);
    ensure!(!password.is_empty(), "the password is empty");
    Ok(password.to_owned())
}
