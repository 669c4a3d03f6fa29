//! What is known of a node, looked at once for all who ask at about the same time.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use schema::{Held, Node, NodeId, Regulation};

use crate::{
    app::App,
    error::{ApiError, Doing as _},
    forward::Unanswered,
    pages::{error::PageError, recent::Recent},
    store,
};

/// How many of its jobs are looked at.
const HELD: usize = 50;

/// How a node stood a moment ago.
pub(super) struct Look {
    pub(super) node: Node,
    pub(super) regulation: Result<Regulation, Unanswered>,
    pub(super) held: Result<Vec<Held>, Unanswered>,
}

/// The nodes that somebody looked at lately.
#[derive(Default)]
pub(in crate::pages) struct Looks(Mutex<HashMap<NodeId, Arc<Recent<Look>>>>);

impl Looks {
    /// How a node stands; whoever asks while somebody looks already waits for that.
    pub(super) async fn at(&self, app: &App, id: &NodeId) -> Result<Arc<Look>, PageError> {
        let recent = self.recent(id);
        recent.or(async || look(app, id).await).await
    }

    /// What was seen of a node before it was steered is not how it stands.
    pub(super) fn forget(&self, id: &NodeId) {
        self.lock().remove(id);
    }

    fn recent(&self, id: &NodeId) -> Arc<Recent<Look>> {
        let mut looks = self.lock();
        if let Some(recent) = looks.get(id) {
            return Arc::clone(recent);
        }
        // So that names that were asked for once are not kept for ever.
        looks.retain(|_, recent| Arc::strong_count(recent) > 1);
        Arc::clone(looks.entry(id.clone()).or_default())
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<NodeId, Arc<Recent<Look>>>> {
        // Every change is one insertion or removal, or leaves out what nobody uses.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn look(app: &App, id: &NodeId) -> Result<Look, PageError> {
    let node = look_up(app, id).await?;
    let (regulation, held) = tokio::join!(
        app.forwarder.regulation(&node.address),
        app.forwarder.foremost(&node.address, HELD)
    );
    Ok(Look { node, regulation, held })
}

/// What the database knows of a node.
pub(super) async fn look_up(app: &App, id: &NodeId) -> Result<Node, PageError> {
    let found = store::node::list(&app.pages, Some(id)).await.doing("look up the node")?;
    Ok(found.into_iter().next().ok_or_else(|| ApiError::NoSuchNode(id.clone()))?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(name: &str) -> NodeId {
        name.parse().unwrap()
    }

    #[test]
    fn a_look_is_shared_until_the_node_is_steered() {
        let looks = Looks::default();
        let first = looks.recent(&node("n1"));
        assert!(Arc::ptr_eq(&first, &looks.recent(&node("n1"))));
        assert!(!Arc::ptr_eq(&first, &looks.recent(&node("n2"))));
        looks.forget(&node("n1"));
        assert!(!Arc::ptr_eq(&first, &looks.recent(&node("n1"))));
    }

    #[test]
    fn what_nobody_asks_for_any_more_is_not_kept() {
        let looks = Looks::default();
        let used = looks.recent(&node("used"));
        for number in 0..100 {
            looks.recent(&node(&format!("made up {number}")));
        }
        assert_eq!(looks.lock().len(), 2);
        assert!(Arc::ptr_eq(&used, &looks.recent(&node("used"))));
    }
}
