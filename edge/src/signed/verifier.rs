//! Who believes.

use std::sync::{Mutex, PoisonError};

use axum::http::{HeaderMap, HeaderName, request::Parts};
use schema::NodeId;

use super::{ID, Keys, NODE, SIGNATURE, TIMESTAMP, WINDOW_SECONDS, Way, now, preface, seen::Seen};

/// How long an id may be.
const MAX_ID: usize = 64;

/// Why a call is not believed.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum Distrust {
    /// It carries no signature, or none that can be read.
    #[error(
        "this call must be signed: see “Signed calls” in docs/network.md for webhook-id, \
         webhook-timestamp, webhook-signature and digester-node"
    )]
    Unsigned,
    /// It is of another time.
    #[error(
        "the call was signed at another time: the caller's clock is {seconds} s {way} this one, and \
         at most {WINDOW_SECONDS} s are allowed"
    )]
    OtherTime {
        /// How far the clocks are apart.
        seconds: u64,
        /// `behind` or `ahead of`.
        way: &'static str,
    },
    /// The signature is not that of one of the keys.
    #[error(
        "the signature does not fit: the keys of the two services differ, or something between them \
         changes their calls"
    )]
    NotOurs,
    /// It was heard before.
    #[error("a call with this id was heard already; a call that is made again gets a new id")]
    Repeated,
}

/// Tells whether calls about one node are signed by whom they should be.
#[derive(Debug)]
pub struct Verifier {
    node: NodeId,
    way: Way,
    keys: Keys,
    seen: Mutex<Seen>,
}

impl Verifier {
    /// Believes calls that go this way.
    #[must_use]
    pub fn new(node: NodeId, way: Way, keys: Keys) -> Self {
        Self { node, way, keys, seen: Mutex::default() }
    }

    /// The node that a call says it is about.
    #[must_use]
    pub fn node_of(headers: &HeaderMap) -> Option<NodeId> {
        NodeId::new(text(headers, &NODE)?).ok()
    }

    /// Believes the call, or says why not. What is believed once is not believed again.
    pub fn verify(&self, head: &Parts, body: &[u8]) -> Result<(), Distrust> {
        self.verify_at(now(), head, body)
    }

    pub(super) fn verify_at(&self, now: u64, head: &Parts, body: &[u8]) -> Result<(), Distrust> {
        let headers = &head.headers;
        let part = |name| text(headers, &name).ok_or(Distrust::Unsigned);
        let (id, at, signatures) = (part(ID)?, part(TIMESTAMP)?, part(SIGNATURE)?);
        let time: u64 = at.parse().map_err(|_| Distrust::Unsigned)?;
        let is_ours = Self::node_of(headers).as_ref() == Some(&self.node);
        if !is_ours || id.len() > MAX_ID || id.contains('.') {
            return Err(Distrust::Unsigned);
        }
        let seconds = time.abs_diff(now);
        if seconds > WINDOW_SECONDS {
            let way = if time < now { "behind" } else { "ahead of" };
            return Err(Distrust::OtherTime { seconds, way });
        }
        let address = head.uri.path_and_query().map_or("/", |address| address.as_str());
        let preface = preface(self.way, self.node.as_str(), head.method.as_str(), address);
        if !self.keys.know(signatures, id, at, &[preface.as_bytes(), body]) {
            return Err(Distrust::NotOurs);
        }
        // Only what is believed is remembered: others could make us forget.
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if seen.is_new(id, time, now) { Ok(()) } else { Err(Distrust::Repeated) }
    }
}

fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    std::str::from_utf8(headers.get(name)?.as_bytes()).ok()
}
