//! Signed calls: the two services prove to each other who they are.
//!
//! As <https://www.standardwebhooks.com> has it, with more in front of the body of what is signed: the
//! way that the call goes, the node it is about, its method and its address. Otherwise one call
//! without a body would prove as much as any other, and a node could send the web service's own words
//! back to it.

mod keys;
mod seen;
mod signer;
mod verifier;

pub use keys::{Keys, KeysConfig, KeysError, SigningKey};
pub use signer::Signer;
pub use verifier::{Distrust, Verifier};

use axum::http::HeaderName;

/// How far the clocks of two services may be apart, and how old a call may be, in seconds.
pub const WINDOW_SECONDS: u64 = 5 * 60;

/// The node that a call is about.
const NODE: HeaderName = HeaderName::from_static("digester-node");
const ID: HeaderName = HeaderName::from_static("webhook-id");
const TIMESTAMP: HeaderName = HeaderName::from_static("webhook-timestamp");
const SIGNATURE: HeaderName = HeaderName::from_static("webhook-signature");

/// Which way a call goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// From a node to the web service.
    ToWebService,
    /// From the web service to a node.
    ToNode,
}

impl Way {
    const fn as_str(self) -> &'static str {
        match self {
            Self::ToWebService => "to-webservice",
            Self::ToNode => "to-node",
        }
    }
}

/// What is signed in front of the body. No part of it can hold a line end.
fn preface(way: Way, node: &str, method: &str, address: &str) -> String {
    format!("{}\n{node}\n{method}\n{address}\n", way.as_str())
}

/// Seconds since 1970.
fn now() -> u64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since.map_or(0, |since| since.as_secs())
}

#[cfg(test)]
mod tests;
