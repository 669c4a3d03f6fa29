//! Whatever digesters say, in whatever order and however often, a job's way makes sense.

use proptest::{
    prelude::*,
    strategy::ValueTree as _,
    test_runner::{RngAlgorithm, TestRng, TestRunner},
};
use schema::JobStatus;
use serde_json::{Value, json};
use sqlx::PgPool;
use uuid::Uuid;

use crate::world::{World, patch};

/// How many histories are tried.
const HISTORIES: usize = 40;

#[derive(Clone, Debug)]
enum Word {
    /// Said by this attempt of this node, with this number; sent so many times.
    Patch {
        attempt: u32,
        sequence: u32,
        node: usize,
        status: Option<JobStatus>,
        times: usize,
    },
    Cancel,
}

fn word() -> impl Strategy<Value = Word> {
    let status = prop_oneof![
        3 => Just(None),
        4 => Just(Some(JobStatus::Running)),
        2 => Just(Some(JobStatus::Submitted)),
        1 => Just(Some(JobStatus::Completed)),
        1 => Just(Some(JobStatus::Failed)),
        1 => Just(Some(JobStatus::Cancelled)),
    ];
    let said = (1..4u32, 0..4u32, 0..3usize, status, 1..3usize).prop_map(
        |(attempt, sequence, node, status, times)| {
            let sequence = if status == Some(JobStatus::Running) { 0 } else { sequence };
            Word::Patch { attempt, sequence, node, status, times }
        },
    );
    prop_oneof![20 => said, 1 => Just(Word::Cancel)]
}

#[sqlx::test(migrations = "../migrations")]
async fn no_order_of_words_makes_a_job_go_backwards(db: PgPool) {
    let world = World::new(&db).await;
    let mut runner = TestRunner::new_with_rng(
        ProptestConfig::default(),
        TestRng::deterministic_rng(RngAlgorithm::ChaCha),
    );
    let words = proptest::collection::vec(word(), 1..25);
    let mut settled = 0;
    for history in 0..HISTORIES {
        let words = words.new_tree(&mut runner).unwrap().current();
        let job = world.submit(&history.to_string()).await;
        settled += usize::from(listen(&world, job, &words).await);
    }
    assert!((1..HISTORIES).contains(&settled), "{settled} histories came to an end");
    world.stop().await;
}

/// Says the words, and looks at the job after each; true if it came to its end.
async fn listen(world: &World, job: Uuid, words: &[Word]) -> bool {
    let mut before = world.job(job).await;
    for word in words {
        let accepted = say(world, job, word).await;
        let after = world.job(job).await;
        check(&before, &after, word, accepted, words);
        before = after;
    }
    status(&before).is_settled()
}

async fn say(world: &World, job: Uuid, word: &Word) -> bool {
    let Word::Patch { attempt, sequence, node, status, times } = word else {
        return world.post(&format!("/job/{job}/cancel"), &json!(null)).await.status == 200;
    };
    let body = patch(*attempt, *sequence, &format!("n{node}"), status.map(JobStatus::as_str));
    let mut accepted = false;
    for _ in 0..*times {
        accepted = world.say(job, &body).await.status == 200;
    }
    accepted
}

fn check(before: &Value, after: &Value, word: &Word, accepted: bool, words: &[Word]) {
    let (from, to) = (status(before), status(after));
    let context = format!("{from} -> {to} at {word:?} of {words:?}");
    assert!(from == to || from.may_become(to), "an illegal move: {context}");
    assert!(after["attempt"].as_u64() >= before["attempt"].as_u64(), "an older attempt: {context}");
    if from.is_settled() {
        assert_eq!(before, after, "a settled job changed: {context}");
    }
    if !accepted {
        assert_eq!(before, after, "what was refused changed the job: {context}");
    }
    let held = |job: &Value| (job["attempt"].clone(), job["node"].clone());
    if from == JobStatus::Running && to == JobStatus::Running {
        assert_eq!(held(before), held(after), "two attempts hold the job: {context}");
    }
    if let (Word::Patch { attempt, node, .. }, true) = (word, before != after) {
        assert_eq!(after["attempt"], *attempt, "somebody else's word: {context}");
        if to == JobStatus::Running {
            assert_eq!(after["node"], format!("n{node}"), "somebody else's word: {context}");
        }
    }
}

fn status(job: &Value) -> JobStatus {
    job["status"].as_str().unwrap().parse().unwrap()
}

/// How many nodes claim each job at once.
const CLAIMERS: usize = 8;

#[sqlx::test(migrations = "../migrations")]
async fn of_many_claims_at_once_one_wins(db: PgPool) {
    let world = World::new(&db).await;
    for round in 0..10 {
        let job = world.submit(&round.to_string()).await;
        let claims: Vec<_> =
            (0..CLAIMERS).map(|n| crate::world::claim(1, &format!("n{n}"))).collect();
        let replies =
            futures_util::future::join_all(claims.iter().map(|c| world.say(job, c))).await;
        let won: Vec<_> = (0..CLAIMERS).filter(|&n| replies[n].status == 200).collect();
        assert_eq!(won.len(), 1, "round {round}");
        assert_eq!(world.job(job).await["node"], format!("n{}", won[0]));
    }
    world.stop().await;
}
