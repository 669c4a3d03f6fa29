//! How much of the node's disk the unfinished digests of a tenant may hold at once.

use std::{
    collections::{BTreeMap, btree_map::Entry},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
};

use prometheus_client::metrics::counter::Counter;
use regulator::Bytes;
use serde::{Deserialize, Serialize};

/// What digests may have of the disk.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Quota {
    /// What the unfinished digests of a tenant that is not named below may hold; as much as there is
    /// when absent.
    pub default: Option<Bytes>,
    /// The same for these tenants.
    pub tenants: BTreeMap<String, Bytes>,
    /// How large an output may become.
    pub max_file: Option<Bytes>,
}

impl Quota {
    fn of(&self, tenant: Option<&str>) -> Option<Bytes> {
        tenant.and_then(|tenant| self.tenants.get(tenant)).copied().or(self.default)
    }
}

/// What is held by whom.
#[derive(Debug, Default)]
pub(crate) struct Scratch {
    quota: Quota,
    held: Mutex<BTreeMap<Option<String>, u64>>,
    /// How often more was wanted than there was.
    pub(crate) refusals: Counter,
}

/// What the unfinished digests of a tenant hold.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Holding {
    tenant: Option<String>,
    bytes: u64,
    /// How much it may be.
    #[serde(skip_serializing_if = "Option::is_none")]
    quota: Option<u64>,
}

impl Scratch {
    pub(crate) fn new(quota: Quota) -> Self {
        Self { quota, ..Self::default() }
    }

    /// What is held, by tenant.
    pub(crate) fn holdings(&self) -> Vec<Holding> {
        let of = |(tenant, bytes): (&Option<String>, &u64)| {
            let quota = self.quota.of(tenant.as_deref()).map(|quota| quota.0);
            Holding { tenant: tenant.clone(), bytes: *bytes, quota }
        };
        self.held().iter().map(of).collect()
    }

    /// How much is held by all of them.
    pub(crate) fn bytes(&self) -> u64 {
        self.held().values().sum()
    }

    fn held(&self) -> MutexGuard<'_, BTreeMap<Option<String>, u64>> {
        // Every change is one assignment.
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What one digest holds; given back with it.
#[derive(Debug)]
pub(crate) struct Share {
    scratch: Arc<Scratch>,
    tenant: Option<String>,
    taken: AtomicU64,
}

impl Share {
    pub(crate) fn new(scratch: Arc<Scratch>, tenant: Option<String>) -> Self {
        Self { scratch, tenant, taken: AtomicU64::new(0) }
    }

    /// Takes so much more, or tells why not.
    pub(crate) fn hold(&self, bytes: u64) -> Result<(), String> {
        let mut held = self.scratch.held();
        let now = held.get(&self.tenant).copied().unwrap_or_default();
        let then = now.saturating_add(bytes);
        if let Some(quota) = self.scratch.quota.of(self.tenant.as_deref())
            && then > quota.0
        {
            self.scratch.refusals.inc();
            return Err(refusal(self.tenant.as_deref(), quota, Bytes(now), Bytes(bytes)));
        }
        held.insert(self.tenant.clone(), then);
        self.taken.fetch_add(bytes, Relaxed);
        Ok(())
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        let taken = self.taken.load(Relaxed);
        if let Entry::Occupied(mut held) = self.scratch.held().entry(self.tenant.take()) {
            *held.get_mut() -= taken;
            if *held.get() == 0 {
                held.remove();
            }
        }
    }
}

fn refusal(tenant: Option<&str>, quota: Bytes, held: Bytes, more: Bytes) -> String {
    let whose = tenant.map_or("without a crop".to_owned(), |tenant| format!("of {tenant}"));
    format!(
        "unfinished digests {whose} may hold {quota} of the disk of this node, they hold {held}, and \
         this one needs {more} more"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scratch(quota: &str) -> Arc<Scratch> {
        Arc::new(Scratch::new(serde_json::from_str(quota).unwrap()))
    }

    fn share(scratch: &Arc<Scratch>, tenant: &str) -> Share {
        Share::new(Arc::clone(scratch), Some(tenant.to_owned()))
    }

    #[test]
    fn the_digests_of_a_tenant_share_its_quota_and_that_of_no_other() {
        let scratch = scratch(r#"{"default": 100, "tenants": {"rice": "1 KiB"}}"#);
        let (one, other) = (share(&scratch, "maize"), share(&scratch, "maize"));
        one.hold(60).unwrap();
        let why = other.hold(41).unwrap_err();
        assert!(why.contains("of maize may hold 100 B") && why.contains("hold 60 B"), "{why}");
        other.hold(40).unwrap();
        share(&scratch, "wheat").hold(100).unwrap();
        let rice = share(&scratch, "rice");
        rice.hold(1024).unwrap();
        assert!(rice.hold(1).is_err());
        assert_eq!(scratch.refusals.get(), 2);
        assert_eq!(scratch.bytes(), 1124);
    }

    #[test]
    fn what_a_digest_held_is_given_back_with_it() {
        let scratch = scratch(r#"{"default": 100}"#);
        let (one, other) = (share(&scratch, "maize"), share(&scratch, "maize"));
        one.hold(60).unwrap();
        other.hold(30).unwrap();
        drop(one);
        let held = Holding { tenant: Some("maize".to_owned()), bytes: 30, quota: Some(100) };
        assert_eq!(scratch.holdings(), [held]);
        drop(other);
        assert_eq!(scratch.holdings(), []);
    }

    #[test]
    fn without_a_quota_there_is_as_much_as_there_is() {
        let scratch = Arc::new(Scratch::default());
        let share = Share::new(Arc::clone(&scratch), None);
        share.hold(u64::MAX).unwrap();
        share.hold(1).unwrap();
    }
}
