//! No secret gets out: not into a log, not into an answer, not into a table.

use std::{
    io::Write as _,
    process::{Command, Stdio},
};

use edge::client;
use reqwest::{Client, Method, RequestBuilder};
use schema::JobStatus;
use serde_json::{Value, json};
use sqlx::PgPool;

use crate::{
    servers::{Told, directory, mail_server},
    system::{System, digester, until},
};

const TOKEN: &str = "secret-token-of-the-services";
const KEY: &str = "c2VjcmV0LWtleS1vZi1ub2RlLXgtMTIzNDU2Nzg5";
const WEBHOOK: &str = "c2VjcmV0LXRvLXNpZ24td2ViaG9va3MtMTIzNDU2";
const SMTP: &str = "secret-password-for-mail";
const ACCOUNT: &str = "secret-password-of-root";
const GUESS: &str = "secret-password-that-is-wrong";
const GOBII: &str = "secret-password-of-a-reader";

/// Of a user whom the directory knows.
const DIRECTORY: &str = "secret-password-in-the-directory";

fn configure(system: &System, directory: u16, mail_server: u16) {
    system.configure("of this test", TOKEN);
    let mut hash = digester();
    let hash = hash.arg("hash-password").stdin(Stdio::piped()).stdout(Stdio::piped());
    let hash = asked(hash, GOBII);
    let root = system.folder().display().to_string();
    system.append(&format!(
        r#"
        [webservice.nodes.node-x]
        address = "http://127.0.0.1:9"
        keys = ["whsec_{KEY}"]
        [webservice.access]
        [webservice.access.login]
        secure_cookies = false
        [webservice.access.ldap]
        url = "ldap://127.0.0.1:{directory}"
        bind = "uid={{user}},dc=example,dc=org"
        grants = ["read:*"]
        [webservice.notifications]
        webhooks = ["http://127.0.0.1:9"]
        private = true
        secret = "whsec_{WEBHOOK}"
        [webservice.notifications.smtp]
        host = "127.0.0.1"
        port = {mail_server}
        encryption = "none"
        user = "mailer"
        password = "{SMTP}"
        from = "digester@example.org"
        [webservice.gobii.crops.dev]
        context = "/gobii-dev"
        root = "{root}"
        contacts = [{{ id = 7, first_name = "R", last_name = "R", email = "r@example.org", user_name = "reader" }}]
        [webservice.gobii.crops.dev.users]
        reader = "{}"
        "#,
        hash.trim()
    ));
}

/// What a command says that is told this on its standard input.
fn asked(command: &mut Command, input: &str) -> String {
    let mut child = command.spawn().unwrap();
    writeln!(child.stdin.take().unwrap(), "{input}").unwrap();
    String::from_utf8(child.wait_with_output().unwrap().stdout).unwrap()
}

/// Somebody who asks, and keeps what is answered.
struct Asker {
    http: Client,
    url: String,
    answers: String,
}

impl Asker {
    async fn send(&mut self, request: RequestBuilder) -> (String, Value) {
        let answer = request.send().await.unwrap();
        let head = format!("{:?}", answer.headers());
        let text = answer.text().await.unwrap();
        self.answers.push_str(&text);
        let body = serde_json::from_str(&text).unwrap_or_default();
        (head, body)
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, format!("{}{path}", self.url))
    }
}

/// What one is given out, to be kept; the answer is not one of those that are searched.
async fn given(request: RequestBuilder, header: &str) -> String {
    let answer = request.send().await.unwrap();
    let given = answer.headers().get(header).map(|value| value.to_str().unwrap().to_owned());
    let status = answer.status();
    let body: Value = answer.json().await.unwrap_or_default();
    let given = given.or_else(|| body["secret"].as_str().map(str::to_owned));
    given.unwrap_or_else(|| panic!("{status}: nothing in {body}"))
}

/// Every row of every table, as text.
async fn tables(db: &PgPool) -> String {
    let names: Vec<String> = sqlx::query_scalar(
        "select table_name::text from information_schema.tables where table_schema = 'public'",
    )
    .fetch_all(db)
    .await
    .unwrap();
    let mut all = String::new();
    for name in names {
        let rows = sqlx::AssertSqlSafe(format!("select row_to_json(t)::text from {name} as t"));
        let rows: Vec<String> = sqlx::query_scalar(rows).fetch_all(db).await.unwrap();
        all.extend(rows);
    }
    all
}

#[sqlx::test]
async fn no_secret_is_in_a_log_or_an_answer_or_a_table(db: PgPool) {
    let mut system = System::new(&db);
    system.log_everything();
    let (directory, came) = directory(DIRECTORY);
    let (mail_server, told) = mail_server();
    configure(&system, directory, mail_server);
    let (_web, _node) = (system.start("webservice"), system.start("service"));
    until("the web service is there", || {
        let shown = system.client(&["nodes"]);
        String::from_utf8_lossy(&shown.stderr).contains("say who you are").then_some(())
    });
    let mut add = digester();
    add.args(["user", "add", "root", "--grant", "admin:*", "--config"]).arg(system.config());
    asked(add.stdin(Stdio::piped()).stdout(Stdio::piped()), ACCOUNT);

    let url = format!("http://127.0.0.1:{}", system.web_port());
    let mut asker = Asker { http: client().build().unwrap(), url, answers: String::new() };
    let made = asker.request(Method::POST, "/token").basic_auth("root", Some(ACCOUNT));
    let api_token =
        given(made.json(&json!({"label": "t", "grants": ["admin:*"], "days": 1})), "-").await;
    let login = asker.request(Method::POST, "/session");
    let login = login.json(&json!({"user": "root", "password": ACCOUNT}));
    let cookie = given(login, "set-cookie").await;
    let session = cookie.split(['=', ';']).nth(1).unwrap().to_owned();
    let gobii = asker.request(Method::POST, "/gobii-dev/gobii/v1/auth");
    let gobii = gobii.header("x-username", "reader").header("x-password", GOBII);
    let gobii_token = given(gobii.body("empty"), "x-auth-token").await;

    let instruction = json!({"kind": "sleep", "body": {"milliseconds": 1},
                             "notify": [{"webhook": "http://127.0.0.1:9/hook"}, {"email": "somebody@example.org"}]});
    let bearer = |request: RequestBuilder| request.bearer_auth(&api_token);
    system.be(&api_token);
    let mut job = String::new();
    // The mail server does not know the first who comes.
    for _ in 0..2 {
        let create = bearer(asker.request(Method::POST, "/instruction")).json(&instruction);
        let (_, made) = asker.send(create).await;
        job = made["job"]["id"].as_str().unwrap_or_else(|| panic!("{made}")).to_owned();
        system.until_status(&job, JobStatus::Completed);
    }
    let mut auth = Vec::new();
    until("a letter is taken", || match told.try_recv().ok()? {
        Told::Letter => Some(()),
        Told::Auth(line) => {
            auth.push(line);
            None
        }
    });
    assert!(auth.len() > 1 && auth.iter().all(|line| *line == auth[0]), "{auth:?}");
    let encoded_smtp = auth[0].rsplit(' ').next().unwrap();

    for (password, is_right) in [(DIRECTORY, true), (GUESS, false)] {
        asker.send(asker.request(Method::GET, "/job").basic_auth("lee", Some(password))).await;
        assert_eq!(came.recv(), Ok(is_right), "the directory was asked");
    }

    let get = |asker: &Asker, path: &str| bearer(asker.request(Method::GET, path));
    for path in
        ["/", "/jobs", "/node", "/audit", "/token", "/session", "/metrics", "/notification", "/job"]
    {
        asker.send(get(&asker, path)).await;
    }
    asker.send(get(&asker, &format!("/job/{job}"))).await;
    for (user, password) in [("root", GUESS), ("somebody else", GUESS), ("root", TOKEN)] {
        asker.send(asker.request(Method::GET, "/job").basic_auth(user, Some(password))).await;
        let login = asker.request(Method::POST, "/session");
        asker.send(login.json(&json!({"user": user, "password": password}))).await;
        let gobii = asker.request(Method::POST, "/gobii-dev/gobii/v1/auth");
        asker.send(gobii.header("x-username", user).header("x-password", password)).await;
    }
    for wrong in [api_token.replace("dgt_", "dgt_x"), TOKEN.to_owned() + "x"] {
        asker.send(asker.request(Method::PATCH, "/job").bearer_auth(wrong).json(&json!([]))).await;
    }
    let with_cookie = asker.request(Method::GET, "/jobs").header("cookie", &cookie);
    asker.send(with_cookie).await;
    let gobii = asker.request(Method::GET, "/gobii-dev/gobii/v1/names/dataset");
    // Its contract has the bearer's own token in every answer, which therefore is not searched.
    gobii.header("x-auth-token", &gobii_token).send().await.unwrap();
    let broken = asker.request(Method::POST, "/session").header("content-type", "application/json");
    asker.send(broken.body(format!(r#"{{"user": "root", "password": "{GUESS}"#))).await;

    let (logs, tables) = (system.logs(), tables(&db).await);
    assert!(logs.len() > 10_000 && logs.contains("TRACE"), "everything is logged");
    let secrets = [
        TOKEN,
        KEY,
        WEBHOOK,
        SMTP,
        encoded_smtp,
        DIRECTORY,
        ACCOUNT,
        GUESS,
        GOBII,
        System::DATABASE_PASSWORD,
        &api_token,
        &session,
        &gobii_token,
    ];
    for secret in secrets {
        for (place, text) in [("log", &logs), ("answer", &asker.answers), ("table", &tables)] {
            let found = text.find(secret).map(|at| {
                let from = (0..=at.saturating_sub(200)).rev().find(|&at| text.is_char_boundary(at));
                text[from.unwrap_or(0)..].chars().take(400).collect::<String>()
            });
            assert_eq!(found, None, "{secret} is in a {place}");
        }
    }
}
