//! Accounts, tokens and the audit.

pub(crate) mod audit;
pub(crate) mod token;
pub(crate) mod user;

use schema::Grant;

/// Grants in one cell of a table.
fn list(grants: &[Grant]) -> String {
    grants.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
}
