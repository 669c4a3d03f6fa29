//! What real clients of three generations sent, byte for byte, in the order they sent it.
//!
//! The recordings are not part of this repository; cases of our own stand beside this file.

use std::{
    fs,
    path::{Path, PathBuf},
};

use serde_json::Value;

use super::world::{Answer, KEY, NAME, World};

const RECORDED_TOKEN: &str = "q83Zf0M1yL7u2o0iYh0mJw6C5l8l5m3V1o2n4b6c8d0=";
const RECORDED_ROOT: &str = "/data/gobii_bundle";
pub(super) const GENERATIONS: [&str; 3] = ["client-1.x", "client-2.1", "client-2.2.3"];
/// Calls that this service does not offer.
const NOT_OFFERED: [&str; 3] = ["POST-jobs", "PUT-jobs", "POST-instructions-extractor"];

/// The requests of one generation, by name; none where there are no recordings.
pub(super) fn recorded(generation: &str) -> Vec<(String, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../shared/specs/gobii-wire-captures")
        .join(generation);
    let Ok(entries) = fs::read_dir(&folder) else {
        eprintln!("skipped: there are no recordings at {}", folder.display());
        return Vec::new();
    };
    let paths = entries.map(|entry| entry.unwrap().path());
    let mut requests: Vec<PathBuf> =
        paths.filter(|path| path.to_string_lossy().ends_with(".request.http")).collect();
    requests.sort();
    let name = |path: &Path| path.file_name().unwrap().to_string_lossy().into_owned();
    requests.iter().map(|path| (name(path), fs::read(path).unwrap())).collect()
}

/// A recorded request with our token, which is as long, and our root, which is not.
pub(super) fn ours(world: &World, request: &[u8]) -> Vec<u8> {
    let root = world.root.path().to_string_lossy();
    let request = replace(request, RECORDED_TOKEN.as_bytes(), world.token.as_bytes());
    let longer = replace(&request, RECORDED_ROOT.as_bytes(), root.as_bytes());
    let body = |bytes: &[u8]| bytes.len() - find(bytes, b"\r\n\r\n").unwrap() - 4;
    let length = |n: usize| format!("Content-Length: {n}\r\n").into_bytes();
    replace(&longer, &length(body(&request)), &length(body(&longer)))
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes.windows(wanted.len()).position(|window| window == wanted)
}

fn replace(bytes: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    match find(bytes, from) {
        None => bytes.to_vec(),
        Some(at) => {
            let rest = replace(&bytes[at + from.len()..], from, to);
            [&bytes[..at], to, &rest].concat()
        }
    }
}

#[tokio::test]
async fn every_recorded_conversation_gets_answers_that_its_client_accepts() {
    for generation in GENERATIONS {
        let world = World::new().await;
        world.upload(NAME, "markers.txt", "marker_name\tref\talt\nm1\tA\tC\n");
        for (name, request) in recorded(generation) {
            let answer = world.exchange(&ours(&world, &request)).await;
            let expected = match name.as_str() {
                name if NOT_OFFERED.iter().any(|call| name.contains(call)) => 501,
                name if name.contains("POST-instructions-loader") => 201,
                _ => 200,
            };
            assert_eq!(answer.status(), expected, "{generation}/{name}: {}", answer.text());
            if name.contains("POST-auth") {
                assert!(answer.head.contains("\r\nX-Auth-Token: "), "{}", answer.head);
            } else {
                assert_eq!(Answer::of(answer).succeeded(), expected != 501, "{generation}/{name}");
            }
        }
    }
}

#[tokio::test]
async fn every_recorded_create_is_kept_and_echoed_in_its_own_dialect() {
    for generation in GENERATIONS {
        let world = World::new().await;
        world.upload(NAME, "markers.txt", "");
        for (name, request) in recorded(generation) {
            if !name.contains("POST-instructions-loader") {
                continue;
            }
            let request = ours(&world, &request);
            let answer = Answer::of(world.exchange(&request).await);
            let body = &request[find(&request, b"\r\n\r\n").unwrap() + 4..];
            let text = schema::gobii::decode(body);
            let mut sent =
                serde_json::from_str::<Value>(&text).unwrap()["payload"]["data"][0].take();
            let kept = world.memory.instruction_of(KEY);
            assert_eq!(serde_json::from_str::<Value>(kept.body.get()).unwrap(), sent);
            sent["allowedProcessTypes"] = serde_json::json!(["READ", "UPDATE"]);
            assert_eq!(answer.data()[0], sent, "{generation}");
        }
    }
}

#[tokio::test]
async fn a_recorded_create_as_it_is_names_the_file_that_is_not_there() {
    if Path::new(RECORDED_ROOT).exists() {
        return eprintln!("skipped: {RECORDED_ROOT} exists here");
    }
    for generation in GENERATIONS {
        let world = World::with(|_, crop| crop.root = RECORDED_ROOT.into()).await;
        for (name, request) in recorded(generation) {
            if name.contains("POST-instructions-loader") {
                let request = replace(&request, RECORDED_TOKEN.as_bytes(), world.token.as_bytes());
                let error = Answer::of(world.exchange(&request).await).error();
                assert!(error.contains("was specified to exist, but does not exist"), "{error}");
            }
            if name.contains("POST-auth") {
                assert_eq!(world.exchange(&request).await.status(), 200);
            }
        }
    }
}
