//! GOBii's contract, in front of instructions and jobs.
//!
//! Desktop clients that cannot be changed speak it: `{context}/gobii/v1/…`. It is translated here
//! and nowhere else; nothing behind knows a word of it. What looks odd in here (title-case
//! headers, double slashes, status codes that are never 404) is what those clients need.

mod backend;
mod beside;
mod body;
mod check;
mod config;
mod contact;
mod crop;
mod database;
mod directory;
mod envelope;
mod error;
mod facade;
mod files;
mod instruction;
mod item;
mod job;
mod letter;
mod login;
mod mapping;
mod mirror;
mod names;
mod object;
mod path;
mod settings;
mod upstream;
mod warehouse;
mod words;

pub use backend::{Acceptance, Backend, BackendError, By, LoggedIn, Login, Owner};
pub use check::{LoaderCheck, check_loader};
pub use config::{ContextTaken, CropConfig, Crops, GobiiConfig, PreviewConfig};
pub use contact::{Contact, Email};
pub use crop::{ContextPath, CropId};
pub use database::{Dataset, Experiment, GobiiDatabase, Lookup, NoDatabase};
pub use facade::{router, router_with};
pub use mirror::MirrorConfig;
pub use upstream::UpstreamUrl;
pub use warehouse::Warehouses;

pub(crate) use mirror::{Mirror, NAME as MIRROR};
