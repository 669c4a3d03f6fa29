//! The service that keeps instructions and jobs, and speaks to the outside.
//!
//! It knows jobs, not genotypes: what an instruction of a kind means is known by its
//! [`KindCheck`] here and by its digester on the compute node.

mod accept;
pub mod access;
mod app;
pub mod config;
mod error;
mod facade;
mod forward;
pub mod gobii;
mod mapping;
mod metrics;
mod news;
mod nodes;
pub mod notify;
mod origin;
mod outside;
mod pages;
mod peers;
mod preview;
mod retention;
mod routes;
mod service;
mod store;
mod streams;

pub use app::{KindCheck, Refusal};
pub use config::Config;
pub use mapping::{MappedColumn, MappedTable, Mapping, Origin, Source};
#[doc(hidden)]
pub use nodes::Grace;
pub use service::{Service, openapi};
