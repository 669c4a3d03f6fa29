//! The log, on standard error.

use std::io::{IsTerminal as _, stderr};

use tracing_subscriber::EnvFilter;

use crate::Command;

/// Starts the log: the services tell what they do, the other commands only what goes wrong.
///
/// `RUST_LOG` says otherwise, in the usual way.
pub(crate) fn start(json: bool, command: &Command) {
    let serves = matches!(command, Command::Up(_) | Command::Webservice(_) | Command::Service(_));
    let default = if serves { "info,sqlx=warn,tower_http=warn" } else { "warn" };
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(default));
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(stderr);
    if json {
        log.json().init();
    } else {
        log.with_ansi(stderr().is_terminal()).init();
    }
}
