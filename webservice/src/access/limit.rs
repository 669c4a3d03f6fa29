//! How often a login may fail.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::time::Instant;

/// How many users and addresses are remembered; when there are more, the longest quiet go first.
const REMEMBERED: usize = 10_000;

/// Counts the failed logins of each user and of each address, and forgives one after a while.
pub(super) struct Failures {
    at_most: u32,
    forgive: Duration,
    of: Mutex<HashMap<Party, Count>>,
}

#[derive(Clone, PartialEq, Eq, Hash)]
enum Party {
    User(String),
    Address(IpAddr),
}

/// Failures, as they were at a time; there are fewer as time goes on.
#[derive(Clone, Copy)]
struct Count {
    failed: f64,
    at: Instant,
}

impl Failures {
    pub(super) fn new(at_most: u32, forgive: Duration) -> Self {
        let forgive = forgive.max(Duration::from_millis(1));
        Self { at_most: at_most.max(1), forgive, of: Mutex::default() }
    }

    /// How long this user, or this address, has to wait before another try.
    pub(super) fn wait(&self, user: &str, address: Option<IpAddr>) -> Option<Duration> {
        let of = self.lock();
        let over = parties(user, address).filter_map(|party| {
            let failed = self.now(*of.get(&party)?);
            let over = failed - f64::from(self.at_most - 1);
            (over > 0.0).then(|| self.forgive.mul_f64(over))
        });
        over.max()
    }

    /// Notes that a login failed.
    pub(super) fn failed(&self, user: &str, address: Option<IpAddr>) {
        let mut of = self.lock();
        for party in parties(user, address) {
            let before = of.get(&party).map_or(0.0, |&count| self.now(count));
            // No more than is forgiven in as long as it took to get there.
            let failed = (before + 1.0).min(f64::from(self.at_most) + 1.0);
            of.insert(party, Count { failed, at: Instant::now() });
        }
        if of.len() > REMEMBERED {
            self.tidy(&mut of);
        }
    }

    /// Notes that the user is who they say; the address may still be that of somebody who guesses.
    pub(super) fn succeeded(&self, user: &str) {
        self.lock().remove(&Party::User(user.to_owned()));
    }

    fn now(&self, count: Count) -> f64 {
        let forgiven = count.at.elapsed().div_duration_f64(self.forgive);
        (count.failed - forgiven).max(0.0)
    }

    fn tidy(&self, of: &mut HashMap<Party, Count>) {
        of.retain(|_, count| self.now(*count) > 0.0);
        while of.len() > REMEMBERED {
            let quiet = of.iter().min_by_key(|(_, count)| count.at).map(|(party, _)| party.clone());
            quiet.map(|party| of.remove(&party));
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Party, Count>> {
        self.of.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn parties(user: &str, address: Option<IpAddr>) -> impl Iterator<Item = Party> {
    let address = address.map(Party::Address);
    std::iter::once(Party::User(user.to_owned())).chain(address)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: Option<IpAddr> = Some(IpAddr::V4(std::net::Ipv4Addr::LOCALHOST));

    #[tokio::test(start_paused = true)]
    async fn who_fails_too_often_has_to_wait_and_is_forgiven_with_time() {
        let failures = Failures::new(3, Duration::from_secs(60));
        for _ in 0..3 {
            assert_eq!(failures.wait("ann", HERE), None);
            failures.failed("ann", HERE);
        }
        assert_eq!(failures.wait("ann", None), Some(Duration::from_secs(60)));
        tokio::time::advance(Duration::from_secs(60)).await;
        assert_eq!(failures.wait("ann", None), None);
    }

    #[tokio::test(start_paused = true)]
    async fn one_address_cannot_try_every_user_and_one_user_cannot_be_tried_from_everywhere() {
        let failures = Failures::new(2, Duration::from_secs(60));
        failures.failed("ann", HERE);
        failures.failed("bob", HERE);
        assert!(failures.wait("eve", HERE).is_some());
        assert!(failures.wait("ann", None).is_none());
        let there = Some("192.0.2.1".parse().unwrap());
        failures.failed("ann", there);
        assert!(failures.wait("ann", Some("192.0.2.2".parse().unwrap())).is_some());
        failures.succeeded("ann");
        assert!(failures.wait("ann", None).is_none());
    }

    #[tokio::test(start_paused = true)]
    async fn no_more_is_remembered_than_there_is_room_for() {
        let failures = Failures::new(2, Duration::from_secs(60));
        for number in 0..REMEMBERED + 5 {
            failures.failed(&format!("user {number}"), None);
        }
        assert_eq!(failures.lock().len(), REMEMBERED);
    }
}
