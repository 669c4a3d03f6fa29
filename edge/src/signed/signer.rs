//! Who signs.

use axum::http::HeaderValue;
use reqwest::Request;
use schema::NodeId;

use super::{ID, Keys, NODE, SIGNATURE, TIMESTAMP, Way, now, preface};

/// Signs calls about one node.
#[derive(Clone, Debug)]
pub struct Signer {
    node: NodeId,
    way: Way,
    keys: Keys,
}

impl Signer {
    /// Signs calls that go this way.
    #[must_use]
    pub const fn new(node: NodeId, way: Way, keys: Keys) -> Self {
        Self { node, way, keys }
    }

    /// Signs the request as it is now, under an id of its own.
    pub(crate) fn sign(&self, request: &mut Request) {
        let id = format!("{:016x}{:016x}", random(), random());
        self.sign_as(&id, now(), request);
    }

    pub(super) fn sign_as(&self, id: &str, at: u64, request: &mut Request) {
        let url = request.url();
        let query = url.query().map(|query| format!("?{query}")).unwrap_or_default();
        let address = format!("{}{query}", url.path());
        let preface = preface(self.way, self.node.as_str(), request.method().as_str(), &address);
        let body = request.body().and_then(|body| body.as_bytes()).unwrap_or_default();
        let at = at.to_string();
        let signature = self.keys.sign(id, &at, &[preface.as_bytes(), body]);
        let value = |text: &str| {
            HeaderValue::from_bytes(text.as_bytes()).expect("neither names nor numbers end a line")
        };
        let (id, at) = (value(id), value(&at));
        let (node, signature) = (value(self.node.as_str()), value(&signature));
        let headers = request.headers_mut();
        for (name, value) in [(NODE, node), (ID, id), (TIMESTAMP, at), (SIGNATURE, signature)] {
            headers.insert(name, value);
        }
    }
}

/// Where the machine has no randomness left nothing can be secret: the process may as well end.
fn random() -> u64 {
    getrandom::u64().expect("the machine gives random numbers")
}
