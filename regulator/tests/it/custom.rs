//! A rank and a gate that no strategy knows.

use jiff::Timestamp;
use regulator::{
    Ask, AskId, Blocker, Books, Gate, GateState, Lift, Moment, Now, Rank, Reach, Regulator, Stack,
    Strategy, Want,
};

/// Last come, first served.
struct Lifo;

impl Rank for Lifo {
    fn name(&self) -> &'static str {
        "lifo"
    }

    fn place(&self, _ask: &Ask, since: Moment) -> i64 {
        -since.as_micros()
    }

    fn describe(&self, _ask: &Ask, _books: &Books) -> String {
        "last come, first served".to_owned()
    }
}

/// Jobs of even number only.
struct Even;

impl Gate for Even {
    fn name(&self) -> &'static str {
        "even"
    }

    fn reach(&self) -> Reach {
        Reach::Job
    }

    fn admits(&self, want: &Want<'_>, _books: &Books) -> bool {
        want.ask.id.0.is_multiple_of(2)
    }

    fn blockers(&self, want: &Want<'_>, books: &Books) -> Vec<Blocker> {
        let odd = Blocker {
            gate: "even".to_owned(),
            code: "odd".to_owned(),
            text: "is odd".to_owned(),
            holders: Vec::new(),
            lifts: Lift::Operator,
            expected: None,
        };
        if self.admits(want, books) { Vec::new() } else { vec![odd] }
    }

    fn state(&self, _books: &Books) -> GateState {
        GateState { name: "even", text: "no odd jobs".to_owned(), budgets: Vec::new() }
    }
}

fn at(second: i64) -> Now {
    let wall = Timestamp::new(second, 0).unwrap();
    Now { moment: Moment::from_secs_f64(second as f64), wall }
}

#[test]
fn a_stack_takes_ranks_and_gates_of_ones_own_until_it_is_given_a_strategy() {
    let strategy = Strategy::default();
    let mut node = Stack::of(&strategy, Box::new(Lifo), vec![Box::new(Even)], at(0));
    for id in 1..=5 {
        let submitted = at(id).wall;
        let ask = Ask { submitted, ..Ask::new(AskId(id as u128), "loader", "maize") };
        node.submit(at(id), ask).unwrap();
    }
    let why = node.explain(at(5), AskId(3)).unwrap();
    assert_eq!((why.blockers[0].text.as_str(), why.place.position), ("is odd", 3));
    assert_eq!(why.place.order, "last come, first served");
    let started: Vec<_> = std::iter::from_fn(|| node.admit(at(5))).map(|grant| grant.id).collect();
    assert_eq!(started, [AskId(4), AskId(2)]);
    assert!(node.state(at(5)).gates.iter().any(|gate| gate.text == "no odd jobs"));

    let three = Strategy::from_toml("gates = [{ fixed = { at_once = 3 } }]").unwrap();
    assert!(node.reconfigure(at(5), &three).changed);
    assert_eq!(node.admit(at(5)).map(|grant| grant.id), Some(AskId(1)), "the oldest again");
    assert_eq!(node.admit(at(5)), None, "three run");
}
