//! The digester services that have keys of their own: known by name, at an address that is
//! configured, and believed for themselves alone.

use std::collections::{BTreeMap, HashMap};

use anyhow::{Context as _, ensure};
use axum::http::request::Parts;
use edge::{Answer, Credentials, Keys, Signer, Token, Verifier, Way, distrusted};
use schema::{NodeId, ProblemKind};

use crate::config::{Config, NodeConfig};

/// Who the digester services are, as far as the configuration says.
pub(crate) struct Peers {
    nodes: HashMap<NodeId, Known>,
    /// What all the others share; without it and without nodes, anybody is one.
    token: Option<Token>,
}

struct Known {
    address: String,
    signer: Signer,
    verifier: Verifier,
}

/// A digester service, as far as its call shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Service {
    /// One that has the shared token, or anybody where none is asked for.
    Any,
    /// The one of this name, by its own key.
    Node(NodeId),
}

impl Peers {
    /// Reads what the configuration names.
    pub(crate) fn load(config: &Config) -> anyhow::Result<Self> {
        let mut nodes = HashMap::new();
        let mut addresses = BTreeMap::new();
        for (name, node) in &config.nodes {
            let keys = node.keys().load();
            let keys = keys.with_context(|| format!("the keys of `webservice.nodes.{name}`"))?;
            let known = Known::new(name, node, keys);
            if let Some(other) = addresses.insert(known.address.clone(), name) {
                ensure!(
                    false,
                    "the nodes {other} and {name} have the same address, {}: calls to it would not \
                     know whose key to be signed with",
                    known.address
                );
            }
            nodes.insert(name.clone(), known);
        }
        Ok(Self { nodes, token: config.token.clone() })
    }

    /// Whether who has the token is believed, although nodes have keys.
    pub(crate) fn also_believe_a_token(&self) -> bool {
        self.token.is_some() && !self.nodes.is_empty()
    }

    /// How a digester service at this address is told who calls.
    pub(crate) fn credentials(&self, address: &str) -> Credentials {
        match self.at(address) {
            Some((_, known)) => Credentials::Signed(known.signer.clone()),
            None => self.token.clone().into(),
        }
    }

    /// The name of the node that is configured to be at this address.
    pub(crate) fn name_at(&self, address: &str) -> Option<&NodeId> {
        self.at(address).map(|(name, _)| name)
    }

    fn at(&self, address: &str) -> Option<(&NodeId, &Known)> {
        let address = trimmed(address);
        self.nodes.iter().find(|(_, known)| known.address == address)
    }

    /// Where a node is configured to be.
    pub(crate) fn address(&self, node: &NodeId) -> Option<&str> {
        self.nodes.get(node).map(|known| known.address.as_str())
    }

    /// Who a call says that it is from, if its signature shows it.
    pub(crate) fn believe(&self, head: &Parts, body: &[u8]) -> Result<Service, Answer> {
        let unknown = |detail: String| Answer::new(ProblemKind::Unauthorized, detail);
        if let Some(name) = Verifier::node_of(&head.headers) {
            let Some(known) = self.nodes.get(&name) else {
                return Err(unknown(format!("no key of a node {name} is known here")));
            };
            known.verifier.verify(head, body).map_err(distrusted)?;
            return Ok(Service::Node(name));
        }
        match &self.token {
            Some(token) if token.opens(&head.headers) => Ok(Service::Any),
            None if self.nodes.is_empty() => Ok(Service::Any),
            Some(_) => Err(unknown(
                "send the services' shared token as “Authorization: Bearer …”, or sign the call \
                 with the node's own key"
                    .to_owned(),
            )),
            None => Err(unknown("sign the call with the node's own key".to_owned())),
        }
    }

    /// Whether a service may say something in the name of this node: each that has a key of its own
    /// speaks for itself, and nobody else does.
    pub(crate) fn speaks_for(&self, service: &Service, node: &NodeId) -> bool {
        match service {
            Service::Node(name) => name == node,
            Service::Any => !self.nodes.contains_key(node),
        }
    }
}

impl Known {
    fn new(name: &NodeId, node: &NodeConfig, keys: Keys) -> Self {
        Self {
            address: trimmed(&node.address).to_owned(),
            signer: Signer::new(name.clone(), Way::ToNode, keys.clone()),
            verifier: Verifier::new(name.clone(), Way::ToWebService, keys),
        }
    }
}

fn trimmed(address: &str) -> &str {
    address.trim_end_matches('/')
}
