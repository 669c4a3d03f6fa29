//! Whatever clients send: they are answered, and no answer says that the server failed.

use proptest::{
    prelude::*,
    sample::{Index, select},
    strategy::ValueTree as _,
    test_runner::{RngAlgorithm, TestRng, TestRunner},
};
use serde_json::{Value, json};

use super::{
    captures::{GENERATIONS, ours, recorded},
    world::{LOGIN, NAME, World},
};

/// How many requests are tried.
const TRIES: usize = 800;
/// What a server says that has failed.
const FAILED: &str = "The server failed";

/// A change of some bytes.
#[derive(Clone, Debug)]
enum Change {
    /// Another byte.
    Other(Index, u8),
    /// Nothing from here on.
    Cut(Index),
    /// Something in between.
    Insert(Index, Vec<u8>),
    /// What comes from here on, once more.
    Again(Index),
}

impl Change {
    fn apply(&self, bytes: &mut Vec<u8>) {
        // There is a place behind the last byte, too.
        let place = |at: &Index| at.index(bytes.len() + 1);
        match self {
            Self::Other(at, byte) => {
                let at = place(at);
                bytes.splice(at..(at + 1).min(bytes.len()), [*byte]);
            }
            Self::Cut(at) => bytes.truncate(place(at)),
            Self::Insert(at, what) => {
                let at = place(at);
                bytes.splice(at..at, what.iter().copied());
            }
            Self::Again(at) => bytes.extend_from_within(place(at)..),
        }
    }
}

fn change() -> impl Strategy<Value = Change> {
    let words: Vec<Vec<u8>> = [
        &b"%"[..],
        b"%ff",
        b"%00",
        b"%2e%2e%2f",
        b"../",
        b"//",
        b"?",
        b"\0",
        b"\\u0000",
        b"\\ud800",
        b"\xff\xfe",
        b"null",
        b"-1",
        b"1e999",
        b"99999999999999999999",
        b"\"",
        b"{",
        b"]",
        b",",
    ]
    .map(<[u8]>::to_vec)
    .into_iter()
    .chain([b"[".repeat(5000), b"{\"a\":".repeat(5000), b"a".repeat(70_000)])
    .collect();
    prop_oneof![
        3 => (any::<Index>(), any::<u8>()).prop_map(|(at, byte)| Change::Other(at, byte)),
        1 => any::<Index>().prop_map(Change::Cut),
        3 => (any::<Index>(), select(words)).prop_map(|(at, what)| Change::Insert(at, what)),
        1 => any::<Index>().prop_map(Change::Again),
    ]
}

/// A request with other bytes for its address or its body, and the length of what it has then.
fn changed(request: &[u8], of_address: bool, changes: &[Change]) -> Vec<u8> {
    let end = request.windows(4).position(|four| four == b"\r\n\r\n").unwrap();
    let (head, mut body) = (&request[..end], request[end + 4..].to_vec());
    let mut lines = head.split(|&byte| byte == b'\n').map(<[u8]>::trim_ascii_end);
    let mut parts = lines.next().unwrap().splitn(3, |&byte| byte == b' ');
    let mut part = || parts.next().unwrap().to_vec();
    let (method, mut address, version) = (part(), part(), part());
    let bytes = if of_address { &mut address } else { &mut body };
    changes.iter().for_each(|change| change.apply(bytes));
    let is_length = |line: &[u8]| line.to_ascii_lowercase().starts_with(b"content-length:");
    let kept = lines.filter(|line| !is_length(line)).flat_map(|line| [line, b"\r\n"].concat());
    let length = format!("Content-Length: {}\r\n\r\n", body.len()).into_bytes();
    let first = [&method[..], b" ", &address, b" ", &version, b"\r\n"].concat();
    first.into_iter().chain(kept).chain(length).chain(body).collect()
}

/// What clients send: of every call one, and what was recorded of real ones.
fn requests(world: &World) -> Vec<Vec<u8>> {
    let envelope = |item: Value| json!({"payload": {"data": [item]}, "header": {}}).to_string();
    let calls = [
        ("GET", "configsettings".to_owned(), String::new()),
        ("GET", "contact-search?email=reader@example.org&userName=x".to_owned(), String::new()),
        ("GET", "names/dataset?filterType=NAMES_BY_TYPE_NAME".to_owned(), String::new()),
        ("GET", format!("files/loader/{NAME}/preview"), String::new()),
        ("PUT", format!("files/loader/{NAME}"), String::new()),
        ("GET", format!("instructions/loader/jobs/{NAME}"), String::new()),
        ("POST", "instructions/loader".to_owned(), envelope(world.item())),
        ("POST", "instructions/loader".to_owned(), envelope(world.procedure())),
    ];
    let token = &world.token;
    let own = calls.iter().map(|(method, path, body)| {
        format!(
            "{method} /gobii-dev//gobii/v1/{path} HTTP/1.1\r\nX-Auth-Token: {token}\r\nHost: x\r\n\
             Content-Type: application/json\r\n\r\n{body}"
        )
        .into_bytes()
    });
    let recorded = GENERATIONS.into_iter().flat_map(recorded);
    let recorded = recorded.map(|(_, request)| ours(world, &request));
    own.chain([LOGIN.as_bytes().to_vec()]).chain(recorded).collect()
}

#[tokio::test]
async fn no_bytes_make_the_server_fail() {
    let world = World::new().await;
    let requests = requests(&world);
    let rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let mut runner = TestRunner::new_with_rng(ProptestConfig::default(), rng);
    let tried = (select(requests), any::<bool>(), proptest::collection::vec(change(), 1..4));
    for _ in 0..TRIES {
        let (request, of_address, changes) = tried.new_tree(&mut runner).unwrap().current();
        let sent = changed(&request, of_address, &changes);
        let answer = world.server.exchange(&sent).await;
        let (status, text) = (answer.status(), String::from_utf8_lossy(&answer.body));
        let what = || format!("{status} {text}\nto\n{}", String::from_utf8_lossy(&sent));
        assert!(!text.contains(FAILED), "{}", what());
        // The contract tells everything that is refused by 500, in its envelope.
        let told = |envelope: Value| envelope["header"]["status"]["succeeded"] == false;
        let refused = || serde_json::from_slice(&answer.body).is_ok_and(told);
        assert!(status < 500 || refused(), "{}", what());
    }
}
