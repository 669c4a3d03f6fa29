//! Who may be handed jobs, and who comes first.

use std::time::Duration;

use edge::Backoff;
use jiff::Timestamp;
use schema::{Kind, Node, NodeState};
use tokio::time::Instant;

use super::client::Closed;

/// How many jobs a digester service is thought to hold at most that never says.
const UNKNOWN_CAPACITY: u32 = 10_000;

/// A digester service that may be handed jobs.
#[derive(Debug)]
pub(super) struct Target {
    pub(super) address: String,
    /// What it said of itself; nothing of an address that is only configured.
    known: Option<Known>,
    /// How many jobs it was handed since.
    handed: u32,
    /// Until when it is left alone.
    closed_until: Option<Instant>,
    backoff: Backoff,
}

#[derive(Debug, PartialEq, Eq)]
struct Known {
    kinds: Vec<Kind>,
    capacity: u32,
    held: u32,
    seen_at: Timestamp,
}

impl Target {
    /// Whether it takes many jobs in one request: those that make themselves known do.
    pub(super) const fn takes_many(&self) -> bool {
        self.known.is_some()
    }

    fn is_open(&self, now: Instant) -> bool {
        self.closed_until.is_none_or(|until| until <= now)
    }

    fn serves(&self, kind: &str) -> bool {
        let known = self.known.as_ref();
        known.is_none_or(|known| known.kinds.iter().any(|served| served.as_str() == kind))
    }

    /// How full it is, as far as is known.
    fn load(&self) -> f64 {
        let (held, capacity) = match &self.known {
            Some(known) => (known.held, known.capacity),
            None => (0, UNKNOWN_CAPACITY),
        };
        (f64::from(held) + f64::from(self.handed)) / f64::from(capacity.max(1))
    }

    /// It was handed so many jobs more.
    pub(super) fn took(&mut self, jobs: usize) {
        self.handed = self.handed.saturating_add(u32::try_from(jobs).unwrap_or(u32::MAX));
    }

    /// It has answered for everything, or says why not.
    pub(super) fn answered(&mut self, closed: Option<Closed>, now: Instant) {
        let asked = match closed {
            None => {
                self.backoff.reset();
                return;
            }
            Some(Closed::Full { retry_after }) => Some(retry_after),
            Some(Closed::Away) => None,
        };
        self.closed_until = Some(now + self.backoff.pause(asked));
    }
}

/// Everybody who may be handed jobs.
pub(super) struct Targets {
    list: Vec<Target>,
    configured: Vec<String>,
    longest: Duration,
}

impl Targets {
    /// The configured addresses, before anybody made itself known.
    pub(super) fn new(configured: &[String], longest: Duration) -> Self {
        let configured = configured.iter().map(|url| trimmed(url).to_owned()).collect();
        let mut targets = Self { list: Vec::new(), configured, longest };
        targets.refresh(&[]);
        targets
    }

    /// Takes in what the nodes said lately. A configured address at which a live node takes jobs in
    /// is that node.
    pub(super) fn refresh(&mut self, nodes: &[Node]) {
        let mut before = std::mem::take(&mut self.list);
        let mut keep = |address: &str| {
            let place = before.iter().position(|target| target.address == address);
            place.map(|place| before.swap_remove(place))
        };
        for node in nodes.iter().filter(|node| node.state == NodeState::Live) {
            let address = trimmed(&node.address);
            let known = Known {
                kinds: node.kinds.clone(),
                capacity: node.capacity,
                held: node.held,
                seen_at: node.seen_at,
            };
            let mut target = keep(address).unwrap_or_else(|| new(address, self.longest));
            target.hears(known);
            self.list.push(target);
        }
        for address in &self.configured {
            if !self.list.iter().any(|target| target.address == *address) {
                let mut target = keep(address).unwrap_or_else(|| new(address, self.longest));
                target.known = None;
                self.list.push(target);
            }
        }
    }

    /// Nothing waits: those who never say how much they hold have had time to work it off.
    pub(super) fn rest(&mut self) {
        for target in self.list.iter_mut().filter(|target| target.known.is_none()) {
            target.handed = 0;
        }
    }

    /// Spreads jobs: the least loaded gets the next one that it serves. One list per target; a job
    /// that nobody open serves is in none. `refused` says who was asked in vain.
    pub(super) fn assign<'a>(
        &self,
        jobs: impl Iterator<Item = (usize, &'a str)>,
        refused: impl Fn(usize, usize) -> bool,
        now: Instant,
    ) -> Vec<Vec<usize>> {
        let mut assigned = vec![Vec::new(); self.list.len()];
        for (job, kind) in jobs {
            let fits = |at: &usize| {
                let target = &self.list[*at];
                target.is_open(now) && target.serves(kind) && !refused(job, *at)
            };
            let load = |at: usize| self.list[at].load_with(assigned[at].len());
            let least = (0..self.list.len())
                .filter(fits)
                .min_by(|&one, &other| load(one).total_cmp(&load(other)));
            if let Some(at) = least {
                assigned[at].push(job);
            }
        }
        assigned
    }

    pub(super) fn get(&self, at: usize) -> &Target {
        &self.list[at]
    }

    pub(super) fn get_mut(&mut self, at: usize) -> &mut Target {
        &mut self.list[at]
    }

    /// Whether anybody may be asked now.
    pub(super) fn any_open(&self, now: Instant) -> bool {
        self.list.iter().any(|target| target.is_open(now))
    }

    /// When the next one may be asked again, if somebody is left alone.
    pub(super) fn reopens(&self, now: Instant) -> Option<Instant> {
        let closed = self.list.iter().filter_map(|target| target.closed_until);
        closed.filter(|until| *until > now).min()
    }

    /// Who is there, in a word that changes when somebody comes or goes.
    pub(super) fn addresses(&self) -> Vec<&str> {
        self.list.iter().map(|target| target.address.as_str()).collect()
    }
}

impl Target {
    fn hears(&mut self, known: Known) {
        let heard = self.known.as_ref().is_some_and(|before| before.seen_at == known.seen_at);
        if !heard {
            self.handed = 0;
        }
        self.known = Some(known);
    }

    fn load_with(&self, more: usize) -> f64 {
        let capacity = self.known.as_ref().map_or(UNKNOWN_CAPACITY, |known| known.capacity);
        self.load() + more as f64 / f64::from(capacity.max(1))
    }
}

fn new(address: &str, longest: Duration) -> Target {
    Target {
        address: address.to_owned(),
        known: None,
        handed: 0,
        closed_until: None,
        backoff: Backoff::new(longest),
    }
}

fn trimmed(address: &str) -> &str {
    address.trim_end_matches('/')
}

#[cfg(test)]
mod tests {
    use schema::NodeId;

    use super::*;

    const LONGEST: Duration = Duration::from_secs(10);

    fn node(name: &str, held: u32, kinds: &[&str]) -> Node {
        Node {
            id: NodeId::new(name).unwrap(),
            state: NodeState::Live,
            address: format!("http://{name}/"),
            kinds: kinds.iter().map(|kind| Kind::new(*kind).unwrap()).collect(),
            capacity: 100,
            held,
            running: 0,
            room: 100 - held,
            version: "1".to_owned(),
            since: Timestamp::UNIX_EPOCH,
            seen_at: Timestamp::UNIX_EPOCH,
            lease_until: Timestamp::UNIX_EPOCH,
        }
    }

    /// How many of so many jobs of kind `a` each target gets.
    fn spread(targets: &Targets, jobs: usize) -> Vec<usize> {
        let jobs = (0..jobs).map(|job| (job, "a"));
        let assigned = targets.assign(jobs, |_, _| false, Instant::now());
        assigned.iter().map(Vec::len).collect()
    }

    #[test]
    fn the_least_loaded_comes_first_and_all_are_filled_evenly() {
        let mut targets = Targets::new(&[], LONGEST);
        targets.refresh(&[node("one", 40, &["a"]), node("two", 0, &["a"])]);
        assert_eq!(spread(&targets, 40), [0, 40]);
        assert_eq!(spread(&targets, 60), [10, 50]);
    }

    #[test]
    fn what_was_handed_over_counts_until_the_node_is_heard_again() {
        let mut targets = Targets::new(&[], LONGEST);
        let mut nodes = [node("one", 0, &["a"]), node("two", 0, &["a"])];
        targets.refresh(&nodes);
        targets.get_mut(0).took(30);
        targets.refresh(&nodes);
        assert_eq!(spread(&targets, 30), [0, 30]);
        nodes[0].seen_at += Duration::from_secs(2);
        targets.refresh(&nodes);
        assert_eq!(spread(&targets, 30), [15, 15]);
    }

    #[test]
    fn a_job_goes_only_to_those_who_serve_its_kind() {
        let mut targets = Targets::new(&[], LONGEST);
        targets.refresh(&[node("one", 0, &["b"]), node("two", 90, &["a", "b"])]);
        assert_eq!(spread(&targets, 4), [0, 4]);
    }

    #[test]
    fn a_lapsed_node_gets_nothing() {
        let mut targets = Targets::new(&[], LONGEST);
        targets.refresh(&[Node { state: NodeState::Lapsed, ..node("one", 0, &["a"]) }]);
        assert!(spread(&targets, 4).is_empty());
    }

    #[test]
    fn a_configured_address_is_the_node_that_takes_jobs_in_there() {
        let mut targets = Targets::new(&["http://one".to_owned()], LONGEST);
        assert_eq!(spread(&targets, 4), [4], "nobody has to make itself known");
        assert!(!targets.get(0).takes_many());
        targets.refresh(&[node("one", 0, &["b"])]);
        assert_eq!(spread(&targets, 4), [0]);
        assert!(targets.get(0).takes_many());
        targets.refresh(&[]);
        assert_eq!(spread(&targets, 4), [4]);
    }

    #[test]
    fn who_is_full_is_left_alone_for_as_long_as_it_asks_while_others_get_jobs() {
        let mut targets = Targets::new(&[], LONGEST);
        targets.refresh(&[node("one", 0, &["a"]), node("two", 50, &["a"])]);
        let retry_after = Duration::from_secs(3);
        let now = Instant::now();
        targets.get_mut(0).answered(Some(Closed::Full { retry_after }), now);
        assert_eq!(spread(&targets, 4), [0, 4]);
        assert_eq!(targets.reopens(now), Some(now + retry_after));
        let assigned = targets.assign([(0, "a")].into_iter(), |_, _| false, now + retry_after);
        assert_eq!(assigned, [vec![0], vec![]]);
    }

    #[test]
    fn who_refused_a_job_is_not_asked_again_while_somebody_else_can_be() {
        let mut targets = Targets::new(&[], LONGEST);
        targets.refresh(&[node("one", 0, &["a"]), node("two", 50, &["a"])]);
        let jobs = (0..2).map(|job| (job, "a"));
        let assigned = targets.assign(jobs, |job, at| (job, at) == (1, 0), Instant::now());
        assert_eq!(assigned, [vec![0], vec![1]]);
    }
}
