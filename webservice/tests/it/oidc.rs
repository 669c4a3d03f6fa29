//! Users whom an OpenID provider vouches for.

use std::sync::{Arc, Mutex};

use axum::{
    Router,
    extract::State,
    http::StatusCode,
    response::{IntoResponse as _, Response},
    routing::get,
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit as _, Mac as _};
use reqwest::Method;
use ring::{
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _},
};
use serde_json::{Value, json};
use sha2::Sha256;
use sqlx::PgPool;
use tokio::net::TcpListener;

use crate::{
    access::{call, closed},
    world::{Reply, World, instruction, send},
};

/// When no test runs any more.
const FAR: i64 = 4_102_444_800;

/// Somebody who signs tokens, and shows the keys to verify them by.
struct Issuer {
    url: String,
    shows: Arc<Mutex<Shows>>,
}

struct Shows {
    /// What it says that it is, and its keys.
    answers: [(u16, String); 2],
    /// How often it was asked for its keys.
    asked: usize,
}

impl Issuer {
    async fn with(keys: &[&Signer]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let itself = json!({"issuer": url, "jwks_uri": format!("{url}/keys")});
        let answers = [(200, itself.to_string()), (200, set(keys))];
        let shows = Arc::new(Mutex::new(Shows { answers, asked: 0 }));
        let router = Router::new()
            .route("/.well-known/openid-configuration", get(itself_at))
            .route("/keys", get(keys_at))
            .with_state(Arc::clone(&shows));
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { url, shows }
    }

    /// From now on its keys are asked for in vain, or are others.
    fn show(&self, status: u16, keys: String) {
        self.shows.lock().unwrap().answers[1] = (status, keys);
    }

    fn asked(&self) -> usize {
        self.shows.lock().unwrap().asked
    }

    /// A token for this service, unless it claims something else.
    fn token(&self, signer: &Signer, more: Value) -> String {
        signer.sign(&json!({"alg": "ES256", "kid": signer.kid}), &self.claims(more))
    }

    fn claims(&self, more: Value) -> Value {
        let mut claims = json!({"iss": self.url, "aud": "digester", "exp": FAR,
                                "preferred_username": "ann", "groups": ["breeders"]});
        for (name, value) in more.as_object().unwrap() {
            claims[name] = value.clone();
        }
        claims
    }

    fn settings(&self, more: Value) -> Value {
        let mut oidc = json!({"issuer": self.url, "audience": "digester",
            "grants": {"breeders": ["submit:rice"], "staff": ["operate:*"]}});
        for (name, value) in more.as_object().unwrap() {
            oidc[name] = value.clone();
        }
        json!({ "oidc": oidc })
    }
}

async fn itself_at(State(shows): State<Arc<Mutex<Shows>>>) -> Response {
    answer(&shows.lock().unwrap().answers[0])
}

async fn keys_at(State(shows): State<Arc<Mutex<Shows>>>) -> Response {
    let mut shows = shows.lock().unwrap();
    shows.asked += 1;
    answer(&shows.answers[1])
}

fn answer((status, body): &(u16, String)) -> Response {
    (StatusCode::from_u16(*status).unwrap(), body.clone()).into_response()
}

fn set(keys: &[&Signer]) -> String {
    json!({"keys": keys.iter().map(|key| key.shown()).collect::<Vec<_>>()}).to_string()
}

/// A key of the issuer.
struct Signer {
    kid: &'static str,
    pair: EcdsaKeyPair,
}

impl Signer {
    fn new(kid: &'static str) -> Self {
        let (algorithm, random) = (&ECDSA_P256_SHA256_FIXED_SIGNING, SystemRandom::new());
        let key = EcdsaKeyPair::generate_pkcs8(algorithm, &random).unwrap();
        Self { kid, pair: EcdsaKeyPair::from_pkcs8(algorithm, key.as_ref(), &random).unwrap() }
    }

    fn public(&self) -> &[u8] {
        self.pair.public_key().as_ref()
    }

    fn shown(&self) -> Value {
        let (x, y) = self.public()[1..].split_at(32);
        json!({"kty": "EC", "crv": "P-256", "use": "sig", "kid": self.kid,
               "x": URL_SAFE_NO_PAD.encode(x), "y": URL_SAFE_NO_PAD.encode(y)})
    }

    fn sign(&self, header: &Value, claims: &Value) -> String {
        let signed = unsigned(header, claims);
        let signature = self.pair.sign(&SystemRandom::new(), signed.as_bytes()).unwrap();
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
    }
}

fn unsigned(header: &Value, claims: &Value) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    format!("{}.{}", part(header), part(claims))
}

async fn session(world: &World, token: &str) -> Reply {
    send(world.request(Method::GET, "/session").bearer_auth(token)).await
}

#[sqlx::test(migrations = "../migrations")]
async fn the_users_of_an_issuer_may_what_their_groups_may(db: PgPool) {
    let key = Signer::new("k1");
    let issuer = Issuer::with(&[&key]).await;
    let world = closed(&db, &[], issuer.settings(json!({}))).await;
    let known = session(&world, &issuer.token(&key, json!({}))).await;
    assert_eq!(known.json(), json!({"user": "ann", "grants": ["submit:rice"]}));
    let both = json!({"groups": ["staff", "cooks"], "aud": ["other", "digester"]});
    let known = session(&world, &issuer.token(&key, both)).await;
    assert_eq!(known.json()["grants"], json!(["operate:*"]));
    let mut order = instruction("one");
    order["tenant"] = "rice".into();
    let submit = async |token: &str| {
        send(world.request(Method::POST, "/instruction").bearer_auth(token).json(&order)).await
    };
    let reply = submit(&issuer.token(&key, json!({}))).await;
    assert_eq!((reply.status, &reply.json()["job"]["submitted_by"]), (201, &json!("ann")));
    assert_eq!(submit(&issuer.token(&key, json!({"groups": []}))).await.problem(), "forbidden");
    world.stop().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_token_that_is_not_good_opens_nothing(db: PgPool) {
    let (key, foreign) = (Signer::new("k1"), Signer::new("k1"));
    let issuer = Issuer::with(&[&key]).await;
    let world = closed(&db, &[], issuer.settings(json!({}))).await;
    let good = issuer.token(&key, json!({}));
    assert_eq!(session(&world, &good).await.status, 200);
    let claims = issuer.claims(json!({}));
    let with_public_key = {
        let signed = unsigned(&json!({"alg": "HS256", "kid": "k1"}), &claims);
        let mut mac = Hmac::<Sha256>::new_from_slice(key.public()).unwrap();
        mac.update(signed.as_bytes());
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes()))
    };
    let signature = good.rsplit_once('.').unwrap().1;
    let other = issuer.claims(json!({"groups": ["staff"]}));
    for (token, why) in [
        (issuer.token(&key, json!({"exp": 1_000_000_000})), "expired"),
        (issuer.token(&key, json!({"exp": null})), "good for ever"),
        (issuer.token(&key, json!({"nbf": FAR})), "not good yet"),
        (issuer.token(&key, json!({"aud": "somebody else"})), "for another audience"),
        (issuer.token(&key, json!({"iss": "https://example.org"})), "of another issuer"),
        (issuer.token(&key, json!({"preferred_username": null})), "of nobody"),
        (issuer.token(&foreign, json!({})), "signed by another"),
        (with_public_key, "signed with what all know"),
        (format!("{}.", unsigned(&json!({"alg": "none"}), &claims)), "not signed"),
        (key.sign(&json!({"alg": "RS256", "kid": "k1"}), &claims), "said to be signed otherwise"),
        (format!("{}.{signature}", unsigned(&json!({"alg": "ES256"}), &other)), "changed"),
        ("a.b.c".to_owned(), "nonsense"),
    ] {
        let refused = session(&world, &token).await;
        assert_eq!((refused.status, &*refused.problem()), (401, "unauthorized"), "{why}");
        assert!(!refused.text.contains(&token), "{why}");
    }
    world.stop().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn keys_are_changed_without_a_stop(db: PgPool) {
    let (old, new) = (Signer::new("k1"), Signer::new("k2"));
    let issuer = Issuer::with(&[&old]).await;
    let world = closed(&db, &[], issuer.settings(json!({"ask_seconds": 0}))).await;
    let [by_old, by_new] = [&old, &new].map(|key| issuer.token(key, json!({})));
    assert_eq!(session(&world, &by_old).await.status, 200);
    assert_eq!(session(&world, &by_new).await.status, 401);
    issuer.show(200, set(&[&new, &old]));
    assert_eq!(session(&world, &by_new).await.status, 200);
    assert_eq!(session(&world, &by_old).await.status, 200);
    issuer.show(200, set(&[&new]));
    assert_eq!(session(&world, &issuer.token(&Signer::new("k3"), json!({}))).await.status, 401);
    assert_eq!(session(&world, &by_old).await.status, 401, "it is not shown any more");
    world.stop().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn an_issuer_is_not_flooded_with_names_of_keys_that_it_does_not_have(db: PgPool) {
    let key = Signer::new("k1");
    let issuer = Issuer::with(&[&key]).await;
    let world = closed(&db, &[], issuer.settings(json!({"ask_seconds": 3600}))).await;
    for number in 0..20 {
        let header = json!({"alg": "ES256", "kid": format!("made up {number}")});
        let token = key.sign(&header, &issuer.claims(json!({})));
        assert_eq!(session(&world, &token).await.status, 401);
    }
    assert_eq!(session(&world, &issuer.token(&key, json!({}))).await.status, 200);
    assert_eq!(issuer.asked(), 1);
    world.stop().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn an_issuer_that_is_away_keeps_nobody_out_whose_key_is_known(db: PgPool) {
    let (key, new) = (Signer::new("k1"), Signer::new("k2"));
    let issuer = Issuer::with(&[&key]).await;
    issuer.show(503, String::new());
    let settings = issuer.settings(json!({"ask_seconds": 0}));
    let world = closed(&db, &[("bob", "read:*")], settings).await;
    let token = issuer.token(&key, json!({}));
    assert_eq!(session(&world, &token).await.problem(), "unavailable");
    let bob = call(&world, "bob", Method::GET, "/session", Value::Null).await;
    assert_eq!(bob.status, 200, "others come in as ever");
    issuer.show(200, set(&[&key]));
    assert_eq!(session(&world, &token).await.status, 200);
    issuer.show(503, String::new());
    assert_eq!(session(&world, &issuer.token(&new, json!({}))).await.status, 503);
    assert_eq!(session(&world, &token).await.status, 200);
    world.stop().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn what_an_issuer_should_not_say_is_not_believed(db: PgPool) {
    let key = Signer::new("k1");
    let issuer = Issuer::with(&[&key]).await;
    let world = closed(&db, &[], issuer.settings(json!({"ask_seconds": 0}))).await;
    let token = issuer.token(&key, json!({}));
    let endless = format!("{{\"keys\": [\"{}\"]}}", "x".repeat(1 << 20));
    for keys in [endless, "no JSON".to_owned(), "[".repeat(100_000)] {
        issuer.show(200, keys);
        assert_eq!(session(&world, &token).await.status, 503);
    }
    issuer.show(200, set(&[&key]));
    let itself = |says: &str, keys: &str| json!({"issuer": says, "jwks_uri": keys}).to_string();
    for itself in [
        itself("https://example.org", &format!("{}/keys", issuer.url)),
        itself(&issuer.url, "http://example.org/keys"),
        itself(&issuer.url, "file:///etc/passwd"),
    ] {
        issuer.shows.lock().unwrap().answers[0].1 = itself;
        assert_eq!(session(&world, &token).await.status, 503);
    }
    assert_eq!(issuer.asked(), 3, "keys are not looked for where they cannot be");
    world.stop().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn an_account_is_a_user_of_the_issuer_s_if_it_has_no_password(db: PgPool) {
    let key = Signer::new("k1");
    let issuer = Issuer::with(&[&key]).await;
    let world = closed(&db, &[("root", "admin:*")], issuer.settings(json!({}))).await;
    sqlx::query("insert into account (name, grants) values ('ann', '{read:maize}')")
        .execute(&db)
        .await
        .unwrap();
    let ann = session(&world, &issuer.token(&key, json!({}))).await;
    assert_eq!(ann.json()["grants"], json!(["submit:rice", "read:maize"]));
    let root = issuer.token(&key, json!({"preferred_username": "root"}));
    assert_eq!(session(&world, &root).await.status, 401, "that is somebody else");
    world.stop().await;
}
