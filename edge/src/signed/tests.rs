use std::fs;

use axum::http::{Method, request::Parts};
use reqwest::{Request, Url};
use schema::NodeId;

use super::*;

const NOW: u64 = 1_700_000_000;
const KEY: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const OTHER: &str = "whsec_AAKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

fn keys(texts: &[&str]) -> Keys {
    let keys = texts.iter().map(|text| SigningKey::try_from((*text).to_owned()).unwrap());
    KeysConfig { keys: keys.collect(), key_file: None }.load().unwrap()
}

fn node() -> NodeId {
    NodeId::new("node a").unwrap()
}

fn signer(texts: &[&str]) -> Signer {
    Signer::new(node(), Way::ToWebService, keys(texts))
}

fn verifier(texts: &[&str]) -> Verifier {
    Verifier::new(node(), Way::ToWebService, keys(texts))
}

fn request(method: Method, address: &str, body: &'static str) -> Request {
    let mut request =
        Request::new(method, Url::parse("http://web").unwrap().join(address).unwrap());
    *request.body_mut() = Some(body.into());
    request
}

/// The call as it arrives.
fn arrived(request: Request) -> (Parts, Vec<u8>) {
    let body = request.body().and_then(|body| body.as_bytes()).unwrap_or_default().to_vec();
    let url = request.url();
    let query = url.query().map(|query| format!("?{query}")).unwrap_or_default();
    let call = axum::http::Request::builder()
        .method(request.method().clone())
        .uri(format!("{}{query}", url.path()));
    let (mut head, ()) = call.body(()).unwrap().into_parts();
    head.headers = request.headers().clone();
    (head, body)
}

fn signed(signer: &Signer, id: &str, at: u64) -> (Parts, Vec<u8>) {
    let mut request = request(Method::PATCH, "/job?a=%20b", "[1]");
    signer.sign_as(id, at, &mut request);
    arrived(request)
}

#[test]
fn a_signature_is_that_of_the_specification_s_example() {
    let key = SigningKey::try_from(KEY.to_owned()).unwrap();
    let content: [&[u8]; 2] = [br#"{"test": "#, b"2432232314}"];
    let signed = key.sign("msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", &content);
    assert_eq!(signed, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
}

#[test]
fn a_call_is_believed_once() {
    let (signer, verifier) = (signer(&[KEY]), verifier(&[KEY]));
    let (head, body) = signed(&signer, "1", NOW);
    assert_eq!(verifier.verify_at(NOW, &head, &body), Ok(()));
    assert_eq!(verifier.verify_at(NOW + 1, &head, &body), Err(Distrust::Repeated));
    let (again, body) = signed(&signer, "2", NOW);
    assert_eq!(verifier.verify_at(NOW, &again, &body), Ok(()));
}

#[test]
fn the_clocks_may_be_some_minutes_apart_and_the_difference_is_told() {
    let (signer, verifier) = (signer(&[KEY]), verifier(&[KEY]));
    for (id, at) in [("1", NOW - WINDOW_SECONDS), ("2", NOW + WINDOW_SECONDS)] {
        let (head, body) = signed(&signer, id, at);
        assert_eq!(verifier.verify_at(NOW, &head, &body), Ok(()), "{at}");
    }
    for (at, way) in [(NOW - 301, "behind"), (NOW + 301, "ahead of")] {
        let (head, body) = signed(&signer, "3", at);
        let refused = verifier.verify_at(NOW, &head, &body).unwrap_err();
        assert_eq!(refused, Distrust::OtherTime { seconds: 301, way });
    }
}

type Change = fn(&mut Parts, &mut Vec<u8>);

#[test]
fn nothing_of_a_call_can_be_changed() {
    let changes: [(&str, Change); 8] = [
        ("the method", |head, _| head.method = Method::POST),
        ("the path", |head, _| head.uri = "/jobs?a=%20b".parse().unwrap()),
        ("the query", |head, _| head.uri = "/job?a=%20c".parse().unwrap()),
        ("its encoding", |head, _| head.uri = "/job?a=+b".parse().unwrap()),
        ("the body", |_, body| body.push(b' ')),
        ("the id", |head, _| drop(head.headers.insert(ID, "2".parse().unwrap()))),
        ("the time", |head, _| {
            drop(head.headers.insert(TIMESTAMP, (NOW + 1).to_string().parse().unwrap()));
        }),
        ("the signature", |head, _| {
            drop(head.headers.insert(SIGNATURE, "v1,AAAA".parse().unwrap()));
        }),
    ];
    let signer = signer(&[KEY]);
    for (what, change) in changes {
        let (mut head, mut body) = signed(&signer, "1", NOW);
        change(&mut head, &mut body);
        let refused = verifier(&[KEY]).verify_at(NOW, &head, &body);
        assert_eq!(refused, Err(Distrust::NotOurs), "{what}");
    }
}

#[test]
fn what_one_says_proves_nothing_in_the_mouth_of_the_other() {
    let (head, body) = signed(&signer(&[KEY]), "1", NOW);
    let back = Verifier::new(node(), Way::ToNode, keys(&[KEY]));
    assert_eq!(back.verify_at(NOW, &head, &body), Err(Distrust::NotOurs));
    let other = Verifier::new(NodeId::new("b").unwrap(), Way::ToWebService, keys(&[KEY]));
    assert_eq!(other.verify_at(NOW, &head, &body), Err(Distrust::Unsigned));
}

#[test]
fn a_call_without_a_signature_that_can_be_read_is_unsigned() {
    let bare = arrived(request(Method::GET, "/job", ""));
    assert_eq!(verifier(&[KEY]).verify_at(NOW, &bare.0, &bare.1), Err(Distrust::Unsigned));
    for (name, value) in [(TIMESTAMP, "soon"), (ID, "1.2"), (NODE, "")] {
        let (mut head, body) = signed(&signer(&[KEY]), "1", NOW);
        head.headers.insert(name, value.parse().unwrap());
        assert_eq!(verifier(&[KEY]).verify_at(NOW, &head, &body), Err(Distrust::Unsigned));
    }
}

#[test]
fn a_key_is_changed_without_a_stop() {
    // First the new key is accepted everywhere, then it signs, then the old one goes.
    for (signs, accepts, believed) in [
        (&[KEY][..], &[KEY][..], true),
        (&[KEY], &[KEY, OTHER], true),
        (&[OTHER, KEY], &[KEY, OTHER], true),
        (&[OTHER], &[OTHER], true),
        (&[KEY], &[OTHER], false),
        (&[OTHER, KEY], &[KEY], false),
    ] {
        let (head, body) = signed(&signer(signs), "1", NOW);
        let heard = verifier(accepts).verify_at(NOW, &head, &body);
        assert_eq!(heard.is_ok(), believed, "{} and {}", signs.len(), accepts.len());
    }
}

#[test]
fn keys_are_read_from_a_file_with_remarks_and_a_slip_is_told_with_its_line() {
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("keys");
    let load = |text: &str| {
        fs::write(&file, text).unwrap();
        KeysConfig { keys: Vec::new(), key_file: Some(file.clone()) }.load()
    };
    let read = load(&format!("# of June\n\n{OTHER}\n  {KEY}  \n")).unwrap();
    let (head, body) = signed(&signer(&[KEY]), "1", NOW);
    let verifier = Verifier::new(node(), Way::ToWebService, read);
    assert_eq!(verifier.verify_at(NOW, &head, &body), Ok(()));
    let slip = load(&format!("{KEY}\nwhsec_short\n")).unwrap_err().to_string();
    assert!(slip.contains("line 2 of the key file") && !slip.contains("short"), "{slip}");
    assert!(matches!(load("# none\n"), Err(KeysError::None)));
    fs::remove_file(&file).unwrap();
    let config = KeysConfig { keys: Vec::new(), key_file: Some(file) };
    assert!(matches!(config.load(), Err(KeysError::Unreadable { .. })));
}

#[test]
fn a_key_is_long_enough_and_is_not_shown() {
    let read = |text: &str| SigningKey::try_from(text.to_owned());
    assert!(read("whsec_AAAA").is_err() && read(KEY.trim_start_matches("whsec_")).is_err());
    assert_eq!(format!("{:?}", read(KEY).unwrap()), "SigningKey(…)");
    assert!(!format!("{:?}", keys(&[KEY])).contains("MfKQ"));
}
