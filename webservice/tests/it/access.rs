//! Who may do what.

use reqwest::Method;
use schema::Grant;
use serde_json::{Value, json};
use sqlx::{ConnectOptions as _, PgPool};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
    time::timeout,
};
use webservice::{
    access::Accounts,
    config::{DatabaseConfig, DatabaseUrl},
};

use crate::world::{GUARD, Reply, World, id, instruction, send};

const SERVICES: &str = "shared by the services";

/// A service that wants to know who calls, with an account for each of these.
pub(crate) async fn closed(db: &PgPool, accounts: &[(&str, &str)], more: Value) -> World {
    let accounts_of = Accounts::open(&at(db)).await.unwrap();
    for (name, grants) in accounts {
        let grants: Vec<Grant> = grants.split(' ').map(|grant| grant.parse().unwrap()).collect();
        accounts_of.put(name, Some(&password(name)), Some(&grants)).await.unwrap();
    }
    let mut access = json!({"login": {"secure_cookies": false}});
    for (name, value) in more.as_object().unwrap() {
        access[name] = value.clone();
    }
    World::with(db, json!({"token": SERVICES, "access": access})).await
}

fn at(db: &PgPool) -> DatabaseConfig {
    DatabaseConfig::new(DatabaseUrl::new(db.connect_options().to_url_lossy().to_string()))
}

fn password(name: &str) -> String {
    format!("of {name}")
}

/// A call by somebody who shows a password.
pub(crate) async fn call(
    world: &World,
    who: &str,
    method: Method,
    path: &str,
    body: Value,
) -> Reply {
    let request = world.request(method, path).basic_auth(who, Some(password(who)));
    send(if body.is_null() { request } else { request.json(&body) }).await
}

async fn get(world: &World, who: &str, path: &str) -> Reply {
    call(world, who, Method::GET, path, Value::Null).await
}

fn of(tenant: &str, key: &str) -> Value {
    let mut new = instruction(key);
    new["tenant"] = tenant.into();
    new
}

async fn submit(world: &World, who: &str, tenant: &str, key: &str) -> Reply {
    call(world, who, Method::POST, "/instruction", of(tenant, key)).await
}

#[sqlx::test(migrations = "../migrations")]
async fn a_user_sees_the_jobs_of_their_tenants_and_of_others_not_even_that_they_are(db: PgPool) {
    let accounts = [("ann", "submit:rice"), ("bob", "submit:maize"), ("eve", "read:*")];
    let world = closed(&db, &accounts, json!({})).await;
    let reply = submit(&world, "ann", "rice", "one").await;
    assert_eq!(reply.status, 201, "{}", reply.text);
    let job = format!("/job/{}", id(&reply.json()["job"]));
    for path in [job.as_str(), &format!("{job}/events"), "/instruction/one"] {
        assert_eq!(get(&world, "ann", path).await.status, 200, "{path}");
        assert_eq!(get(&world, "eve", path).await.status, 200, "{path}");
        let hidden = get(&world, "bob", path).await;
        assert_eq!(hidden.problem(), "not-found", "{path}");
        let absent = path.replace("/job/0", "/job/1").replace("one", "two");
        assert_eq!(get(&world, "bob", &absent).await.problem(), "not-found");
    }
    for who in ["ann", "eve"] {
        let page = get(&world, who, "/job").await.json();
        assert_eq!(page["items"].as_array().unwrap().len(), 1, "{who}");
    }
    for query in ["/job", "/job?settled=false", "/job?tenant=rice"] {
        assert_eq!(get(&world, "bob", query).await.json()["items"], json!([]), "{query}");
    }
    for action in ["cancel", "rerun"] {
        let path = format!("{job}/{action}");
        assert_eq!(call(&world, "bob", Method::POST, &path, Value::Null).await.status, 404);
        assert_eq!(call(&world, "eve", Method::POST, &path, Value::Null).await.status, 403);
    }
    world.stop().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn nobody_submits_for_another_tenant_or_in_the_name_of_another(db: PgPool) {
    let accounts = [("ann", "submit:rice"), ("root", "admin:*")];
    let world = closed(&db, &accounts, json!({})).await;
    assert_eq!(submit(&world, "ann", "maize", "one").await.problem(), "forbidden");
    let plain = call(&world, "ann", Method::POST, "/instruction", instruction("two")).await;
    assert_eq!(plain.problem(), "forbidden");
    let mut forged = of("rice", "three");
    forged["submitted_by"] = "root".into();
    let reply = call(&world, "ann", Method::POST, "/instruction", forged.clone()).await;
    assert_eq!(reply.json()["job"]["submitted_by"], "ann");
    forged["key"] = "four".into();
    forged["submitted_by"] = "carl".into();
    let reply = call(&world, "root", Method::POST, "/instruction", forged).await;
    assert_eq!(reply.json()["job"]["submitted_by"], "carl");
    world.stop().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn strangers_may_what_anonymous_may_and_are_asked_for_a_name_otherwise(db: PgPool) {
    let accounts = [("ann", "submit:rice submit:maize")];
    let world = closed(&db, &accounts, json!({"anonymous": ["read:rice"]})).await;
    submit(&world, "ann", "rice", "open").await;
    submit(&world, "ann", "maize", "shut").await;
    assert_eq!(world.get("/instruction/open").await.status, 200);
    assert_eq!(world.get("/instruction/shut").await.problem(), "not-found");
    let refused = world.post("/instruction", &of("rice", "mine")).await;
    assert_eq!(refused.problem(), "unauthorized");
    assert_eq!(refused.headers["www-authenticate"], "Bearer");
    assert_eq!(world.get("/node").await.problem(), "unauthorized");
    for path in ["/health/live", "/health/ready", "/metrics"] {
        assert_eq!(world.get(path).await.status, 200, "{path}");
    }
    world.stop().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_token_is_shown_once_kept_as_a_hash_and_good_until_revoked(db: PgPool) {
    let accounts = [("ann", "submit:rice"), ("bob", "submit:rice")];
    let world = closed(&db, &accounts, json!({})).await;
    submit(&world, "ann", "rice", "one").await;
    let wanted = json!({"label": "nightly", "grants": ["read:rice"], "days": 7});
    let made = call(&world, "ann", Method::POST, "/token", wanted).await;
    assert_eq!(made.status, 201, "{}", made.text);
    let made = made.json();
    let secret = made["secret"].as_str().unwrap();
    assert!(secret.starts_with("dgt_"));
    let dump: String =
        sqlx::query_scalar("select string_agg(credential::text, ' ') from credential")
            .fetch_one(&db)
            .await
            .unwrap();
    assert!(!dump.contains(secret) && !dump.contains(&secret[4..]));
    assert!(!get(&world, "ann", "/token").await.text.contains("secret"));

    let bearer = async |method, path: &str| {
        let request = world.request(method, path).bearer_auth(secret);
        send(request.json(&of("rice", "two"))).await
    };
    assert_eq!(bearer(Method::GET, "/instruction/one").await.status, 200);
    assert_eq!(bearer(Method::POST, "/instruction").await.problem(), "forbidden");
    let path = format!("/token/{}", made["id"].as_str().unwrap());
    assert_eq!(call(&world, "bob", Method::DELETE, &path, Value::Null).await.status, 404);
    assert_eq!(call(&world, "ann", Method::DELETE, &path, Value::Null).await.status, 204);
    assert_eq!(bearer(Method::GET, "/instruction/one").await.problem(), "unauthorized");
    world.stop().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn nobody_makes_a_token_that_allows_more_than_they_may_or_for_ever(db: PgPool) {
    let world = closed(&db, &[("ann", "submit:rice")], json!({})).await;
    for (grants, days, problem) in [
        (json!(["operate:rice"]), 7, "forbidden"),
        (json!(["read:*"]), 7, "forbidden"),
        (json!([]), 7, "invalid"),
        (json!(["read:rice"]), 0, "invalid"),
        (json!(["read:rice"]), 367, "invalid"),
    ] {
        let wanted = json!({"label": "", "grants": grants, "days": days});
        let reply = call(&world, "ann", Method::POST, "/token", wanted).await;
        assert_eq!(reply.problem(), problem, "{}", reply.text);
    }
    world.stop().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn what_is_taken_from_an_account_is_taken_from_its_tokens_and_sessions(db: PgPool) {
    let world = closed(&db, &[("ann", "submit:rice")], json!({})).await;
    submit(&world, "ann", "rice", "one").await;
    let wanted = json!({"label": "", "grants": ["submit:rice"], "days": 7});
    let made = call(&world, "ann", Method::POST, "/token", wanted).await.json();
    let secret = made["secret"].as_str().unwrap();
    let read =
        async || send(world.request(Method::GET, "/instruction/one").bearer_auth(secret)).await;
    assert_eq!(read().await.status, 200);
    let accounts = Accounts::open(&at(&db)).await.unwrap();
    accounts.put("ann", None, Some(&["read:maize".parse().unwrap()])).await.unwrap();
    assert_eq!(read().await.problem(), "forbidden");
    assert!(accounts.remove("ann").await.unwrap());
    assert_eq!(read().await.problem(), "unauthorized");
    world.stop().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_browser_stays_logged_in_by_a_cookie_that_no_other_site_can_use(db: PgPool) {
    let world = closed(&db, &[("ann", "submit:rice")], json!({})).await;
    let login = json!({"user": "ann", "password": password("ann")});
    let reply = world.post("/session", &login).await;
    assert_eq!(reply.status, 200, "{}", reply.text);
    let cookie = reply.headers["set-cookie"].to_str().unwrap().to_owned();
    assert!(cookie.contains("HttpOnly; SameSite=Strict"), "{cookie}");
    let cookie = cookie.split(';').next().unwrap();
    let with_cookie = |method, path: &str| world.request(method, path).header("cookie", cookie);
    let session = send(with_cookie(Method::GET, "/session")).await.json();
    assert_eq!(session, json!({"user": "ann", "grants": ["submit:rice"]}));
    for (header, value, status) in [
        ("sec-fetch-site", "cross-site", 403),
        ("origin", "https://elsewhere.example.org", 403),
        ("sec-fetch-site", "same-origin", 201),
    ] {
        let request = with_cookie(Method::POST, "/instruction").header(header, value);
        let reply = send(request.json(&of("rice", "one"))).await;
        assert_eq!(reply.status, status, "{header}: {value}: {}", reply.text);
    }
    assert_eq!(send(with_cookie(Method::DELETE, "/session")).await.status, 204);
    assert_eq!(send(with_cookie(Method::GET, "/session")).await.json(), json!({"grants": []}));
    world.stop().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn who_guesses_passwords_has_to_wait_even_for_the_right_one(db: PgPool) {
    let more = json!({"login": {"failures": 3, "forgive_seconds": 600}});
    let world = closed(&db, &[("ann", "submit:rice")], more).await;
    let guess = async |password: &str| {
        let login = json!({"user": "ann", "password": password});
        world.post("/session", &login).await
    };
    for _ in 0..3 {
        assert_eq!(guess("wrong").await.problem(), "unauthorized");
    }
    let reply = guess(&password("ann")).await;
    assert_eq!(reply.problem(), "too-many-requests");
    assert!(reply.headers["retry-after"].to_str().unwrap().parse::<u32>().unwrap() <= 601);
    assert_eq!(get(&world, "ann", "/job").await.problem(), "too-many-requests");
    world.stop().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn the_audit_tells_who_did_what_and_what_was_refused_and_cannot_be_changed(db: PgPool) {
    let accounts = [("ann", "submit:rice"), ("bob", "read:rice"), ("root", "admin:*")];
    let world = closed(&db, &accounts, json!({})).await;
    let job = id(&submit(&world, "ann", "rice", "one").await.json()["job"]);
    let cancel = format!("/job/{job}/cancel");
    call(&world, "bob", Method::POST, &cancel, Value::Null).await;
    call(&world, "ann", Method::POST, &cancel, Value::Null).await;
    assert_eq!(get(&world, "ann", "/audit").await.problem(), "forbidden");
    let page = get(&world, "root", &format!("/audit?object={job}")).await.json();
    let told: Vec<_> = page["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| json!([entry["actor"], entry["action"], entry["tenant"], entry["allowed"]]))
        .collect();
    assert_eq!(
        told,
        [json!(["ann", "cancel", "rice", true]), json!(["bob", "cancel", "rice", false])]
    );
    for who in ["ann", "bob"] {
        let path = "/instruction?dry_run=true";
        call(&world, who, Method::POST, path, of("rice", "seen")).await;
    }
    let looks = get(&world, "root", "/audit?action=preview&object=seen").await.json();
    let looks = looks["items"].as_array().unwrap().iter().map(|look| look["allowed"].clone());
    assert_eq!(looks.collect::<Vec<_>>(), [false, true], "bob may not, and ann may");
    let logins = get(&world, "root", "/audit?action=login&actor=bob&limit=1").await.json();
    assert_eq!(logins["items"][0]["origin"], "127.0.0.1");
    for change in ["update audit set actor = 'eve'", "delete from audit", "truncate audit"] {
        let error = sqlx::query(change).execute(&db).await.unwrap_err().to_string();
        assert!(error.contains("only ever added to"), "{error}");
    }
    world.stop().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn accounts_that_are_changed_beside_the_service_stand_in_the_audit(db: PgPool) {
    let world = closed(&db, &[("ann", "submit:rice"), ("root", "admin:*")], json!({})).await;
    let accounts = Accounts::open(&at(&db)).await.unwrap();
    accounts.put("ann", None, Some(&["read:rice".parse().unwrap()])).await.unwrap();
    accounts.remove("ann").await.unwrap();
    let page = get(&world, "root", "/audit?object=ann").await.json();
    let told = page["items"].as_array().unwrap().iter();
    let told: Vec<_> = told.map(|entry| json!([entry["action"], entry["detail"]])).collect();
    let changed = |grant: &str, password: bool| json!(["change account", {"grants": [grant], "password": password}]);
    let removed = json!(["remove account", null]);
    assert_eq!(told, [removed, changed("read:rice", false), changed("submit:rice", true)]);
    world.stop().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_gobii_client_stays_as_long_as_its_account_may_submit(db: PgPool) {
    let root = tempfile::tempdir().unwrap();
    let contact = json!({"id": 7, "first_name": "Ann", "last_name": "B", "email": "ann@example.org",
                         "user_name": "ann"});
    let crop = json!({"context": "/gobii-dev", "root": root.path(), "contacts": [contact]});
    let accounts = Accounts::open(&at(&db)).await.unwrap();
    let grant = async |grant: &str, password: Option<&str>| {
        accounts.put("ann", password, Some(&[grant.parse().unwrap()])).await.unwrap();
    };
    grant("submit:dev", Some("of ann")).await;
    let world = World::with(
        &db,
        json!({"token": SERVICES, "access": {}, "gobii": {"crops": {"dev": crop}}}),
    )
    .await;
    let call =
        |method: Method, path: &str| world.request(method, &format!("/gobii-dev/gobii/v1/{path}"));
    let login = call(Method::POST, "auth").header("x-username", "ann");
    let login = send(login.header("x-password", "of ann").body("empty")).await;
    assert_eq!(login.status, 200, "{}", login.text);
    let token = &login.headers["x-auth-token"];
    let status =
        async || send(call(Method::GET, "names/cvs").header("x-auth-token", token)).await.status;
    assert_eq!(status().await, 200);
    let read = call(Method::GET, "jobs/load");
    assert_eq!(send(read.header("x-auth-token", token)).await.status, 200);
    let noted: (String, String) = sqlx::query_as(
        "select actor, origin from audit where action = 'read' and object = 'dev:load'",
    )
    .fetch_one(&db)
    .await
    .unwrap();
    assert_eq!(noted, ("ann".to_owned(), "127.0.0.1".to_owned()));
    grant("read:dev", None).await;
    assert_eq!(status().await, 401);
    grant("admin:*", None).await;
    assert_eq!(status().await, 200);
    world.stop().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn the_services_know_each_other_and_nobody_else_may_speak_for_them(db: PgPool) {
    let world = closed(&db, &[("root", "admin:*")], json!({})).await;
    let page = send(world.request(Method::GET, "/job").bearer_auth(SERVICES)).await;
    assert_eq!(page.status, 200);
    let reply = send(
        world.request(Method::POST, "/instruction").bearer_auth(SERVICES).json(&instruction("one")),
    )
    .await;
    assert_eq!(reply.problem(), "forbidden");
    let beat = world.request(Method::PUT, "/node/n").basic_auth("root", Some(password("root")));
    assert_eq!(send(beat.json(&json!({}))).await.problem(), "unauthorized");
    world.stop().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_page_asks_who_comes_and_then_shows_what_was_wanted(db: PgPool) {
    let world = closed(&db, &[("ann", "read:rice")], json!({})).await;
    let browser = edge::client().redirect(reqwest::redirect::Policy::none());
    let browser = browser.build().unwrap();
    let page = |path: &str| browser.get(format!("{}{path}", world.url));
    let asked = send(page("/jobs?status=failed")).await;
    assert_eq!(asked.status, 303);
    assert_eq!(asked.headers["location"], "/login?to=%2Fjobs%3Fstatus%3Dfailed");
    let form = send(page("/login?to=/jobs?status=failed")).await;
    assert!(form.text.contains(r#"name="to" value="/jobs?status=failed""#), "{}", form.text);
    let log_in = |password: &str| {
        let form = [("user", "ann"), ("password", password), ("to", "/jobs?status=failed")];
        browser.post(format!("{}/login", world.url)).form(&form)
    };
    let refused = send(log_in("wrong")).await;
    assert_eq!(refused.status, 403);
    assert!(refused.text.contains("Nobody goes by that name and password."));
    let welcome = send(log_in(&password("ann"))).await;
    assert_eq!(
        (welcome.status, &welcome.headers["location"]),
        (303, &"/jobs?status=failed".parse().unwrap())
    );
    let cookie = welcome.headers["set-cookie"].to_str().unwrap().split(';').next().unwrap();
    assert_eq!(send(page("/jobs?status=failed").header("cookie", cookie)).await.status, 200);
    assert_eq!(send(page("/nodes").header("cookie", cookie)).await.status, 403);
    assert_eq!(send(page("/").header("cookie", cookie)).await.headers["location"], "/jobs");
    let out = send(browser.post(format!("{}/logout", world.url)).header("cookie", cookie)).await;
    assert_eq!(out.headers["location"], "/login");
    assert_eq!(send(page("/jobs").header("cookie", cookie)).await.status, 303);
    world.stop().await;
}

/// A directory that knows one user, and answers one bind a connection (RFC 4511, 4.2).
async fn directory() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("ldap://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        loop {
            let (mut client, _) = listener.accept().await.unwrap();
            let mut request = [0; 512];
            let length = client.read(&mut request).await.unwrap();
            let request = String::from_utf8_lossy(&request[..length]).into_owned();
            let known = request.contains("uid=lda,ou=people") && request.contains("of lda");
            let code = if known { 0 } else { 49 };
            // LDAPMessage { messageID 1, bindResponse { resultCode, "", "" } }
            let answer = [0x30, 12, 2, 1, 1, 0x61, 7, 0x0a, 1, code, 4, 0, 4, 0];
            client.write_all(&answer).await.unwrap();
        }
    });
    url
}

#[sqlx::test(migrations = "../migrations")]
async fn a_user_of_the_directory_comes_in_with_its_grants_or_those_of_an_account(db: PgPool) {
    let bind = "uid={user},ou=people,dc=example,dc=org";
    let ldap = json!({"url": directory().await, "bind": bind, "grants": ["read:rice"]});
    let world = closed(&db, &[("ann", "submit:rice")], json!({"ldap": ldap})).await;
    let session = async |user: &str, password: &str| {
        world.post("/session", &json!({"user": user, "password": password})).await
    };
    assert_eq!(session("lda", "of lda").await.json()["grants"], json!(["read:rice"]));
    for (user, password) in [("lda", "wrong"), ("lda", ""), ("x,uid=lda", "of lda"), ("", "")] {
        assert_eq!(session(user, password).await.problem(), "unauthorized", "{user} {password}");
    }
    assert_eq!(session("ann", "of ann").await.status, 200, "an account's password is its own");
    let accounts = Accounts::open(&at(&db)).await.unwrap();
    accounts.put("lda", None, Some(&["submit:maize".parse().unwrap()])).await.unwrap();
    assert_eq!(session("lda", "of lda").await.json()["grants"], json!(["submit:maize"]));
    world.stop().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_directory_that_is_away_keeps_out_its_own_users_only(db: PgPool) {
    let ldap = json!({"url": "ldap://127.0.0.1:9", "bind": "uid={user}"});
    let world = closed(&db, &[("ann", "submit:rice")], json!({"ldap": ldap})).await;
    let lda = json!({"user": "lda", "password": "of lda"});
    assert_eq!(world.post("/session", &lda).await.problem(), "unavailable");
    assert_eq!(get(&world, "ann", "/job").await.status, 200);
    world.stop().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn pages_show_and_tell_only_what_their_reader_may_see(db: PgPool) {
    let accounts = [("ann", "submit:rice"), ("bob", "submit:maize"), ("eve", "read:*")];
    let world = closed(&db, &accounts, json!({})).await;
    let job = id(&submit(&world, "ann", "rice", "grain").await.json()["job"]);
    for asked in ["", "status=submitted", "text=grain", "tenant=rice"] {
        let path = format!("/jobs?{asked}");
        assert!(get(&world, "ann", &path).await.text.contains(">grain<"), "{asked}");
        assert!(get(&world, "eve", &path).await.text.contains(">grain<"), "{asked}");
        assert!(!get(&world, "bob", &path).await.text.contains(">grain<"), "{asked}");
    }
    assert_eq!(get(&world, "bob", &format!("/jobs/{job}")).await.status, 404);
    assert_eq!(get(&world, "bob", &format!("/jobs/{job}/live")).await.status, 404);
    assert_eq!(get(&world, "ann", "/live").await.status, 403, "the overview tells of all");
    let follow = async |who: &str| {
        let request = world.request(Method::GET, "/jobs/live").basic_auth(who, Some(password(who)));
        let mut response = request.send().await.unwrap();
        let mut told = String::new();
        while !told.contains("data:") {
            let chunk = timeout(GUARD, response.chunk()).await.expect("it is told").unwrap();
            told.push_str(std::str::from_utf8(&chunk.unwrap()).unwrap());
        }
        told.contains("grain")
    };
    assert_eq!(
        [follow("ann").await, follow("bob").await, follow("eve").await],
        [true, false, true]
    );
    world.stop().await;
}
