//! One file for every role, and the environment on top of it.

use std::path::Path;

use anyhow::Context as _;
use config::{Config, Environment, File, FileFormat};
use serde::de::DeserializeOwned;

/// Reads a role's section: from the file, then from variables such as
/// `DIGESTER__WEBSERVICE__LISTEN`, which win.
pub(crate) fn section<T: DeserializeOwned>(file: Option<&Path>, role: &str) -> anyhow::Result<T> {
    let mut sources = Config::builder();
    if let Some(file) = file {
        sources = sources.add_source(File::from(file).format(FileFormat::Toml));
    }
    if let Some(url) = std::env::var("DATABASE_URL").ok().filter(|_| role == "webservice") {
        sources = sources.set_default("webservice.database.url", url)?;
    }
    let environment = Environment::with_prefix("DIGESTER").prefix_separator("__").separator("__");
    let whole = sources.add_source(environment).build().context("read the configuration")?;
    whole.get(role).with_context(|| match file {
        Some(file) => format!("the section [{role}] of {}", file.display()),
        None => format!("the section [{role}]; name a file with --config"),
    })
}
