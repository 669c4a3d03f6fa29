//! The list of jobs: what is asked for, and page after page of it.

use serde_json::{Value, json};
use sqlx::PgPool;
use uuid::Uuid;

use crate::world::{Reply, World, claim, patch};

async fn page(world: &World, asked: &str) -> Reply {
    let reply = world.get(&format!("/jobs?{asked}")).await;
    assert_eq!(reply.status, 200, "{asked}: {}", reply.text);
    reply
}

/// The keys of the jobs on a page, from the top.
fn keys(page: &str) -> Vec<&str> {
    let rows = page.split("<td class=\"what\">").skip(1);
    rows.map(|row| row.split_once("\">").unwrap().1.split('<').next().unwrap()).collect()
}

/// Where the page's link to older jobs leads.
fn next(page: &str) -> Option<String> {
    let link = page.split_once("rel=\"next\" href=\"")?.1.split('"').next()?;
    Some(link.replace("&amp;", "&"))
}

async fn submit(world: &World, key: &str, more: Value) -> Uuid {
    let mut instruction = json!({"key": key, "kind": "sleep", "body": {}});
    for (name, value) in more.as_object().unwrap() {
        instruction[name] = value.clone();
    }
    let reply = world.post("/instruction", &instruction).await;
    assert_eq!(reply.status, 201, "{}", reply.text);
    crate::world::id(&reply.json()["job"])
}

async fn end(world: &World, job: Uuid, status: &str, message: &str, report: Value) {
    world.say(job, &claim(1, "n1")).await;
    let mut end = patch(1, 1, "n1", Some(status));
    (end["message"], end["report"]) = (json!(message), report);
    assert_eq!(world.say(job, &end).await.status, 200);
}

/// Jobs of every status, of two tenants and users.
async fn some_of_each(world: &World) {
    let maize = json!({"tenant": "maize", "submitted_by": "ann"});
    let rice = json!({"tenant": "rice", "submitted_by": "ben", "kind": "loader"});
    let done = submit(world, "done", maize.clone()).await;
    let tables = json!({"tables": [{"table": "marker"}, {"table": "matrix"}]});
    end(world, done, "completed", "digested", tables).await;
    let broken = submit(world, "broken", rice.clone()).await;
    end(world, broken, "failed", "No IUPAC code in line 7", json!({})).await;
    let stopped = submit(world, "stopped", maize.clone()).await;
    world.post(&format!("/job/{stopped}/cancel"), &Value::Null).await;
    let running = submit(world, "running", rice).await;
    world.say(running, &claim(1, "n1")).await;
    submit(world, "waiting", maize).await;
}

#[sqlx::test(migrations = "../migrations")]
async fn jobs_are_found_by_what_people_remember(db: PgPool) {
    let world = World::new(&db).await;
    some_of_each(&world).await;
    let today = jiff::Timestamp::now().strftime("%F").to_string();
    let all = ["waiting", "running", "stopped", "broken", "done"];
    let cases: [(&str, &[&str]); 20] = [
        ("", &all),
        ("status=&text=&kind=&tenant=&user=&table=&from=&until=", &all),
        ("status=unsettled", &["waiting", "running"]),
        ("status=submitted", &["waiting"]),
        ("status=running", &["running"]),
        ("status=completed", &["done"]),
        ("status=failed", &["broken"]),
        ("status=cancelled", &["stopped"]),
        ("kind=loader", &["running", "broken"]),
        ("tenant=maize", &["waiting", "stopped", "done"]),
        ("user=ben", &["running", "broken"]),
        ("tenant=maize&status=cancelled", &["stopped"]),
        ("tenant=rice&status=unsettled", &["running"]),
        ("tenant=rice&status=cancelled", &[]),
        ("text=iupac", &["broken"]),
        ("text=ING", &["waiting", "running"]),
        ("text=iupac&status=failed&user=ben", &["broken"]),
        ("table=matrix", &["done"]),
        ("table=matri", &[]),
        ("status=unsettled&table=matrix", &[]),
    ];
    for (asked, found) in cases {
        assert_eq!(keys(&page(&world, asked).await.text), found, "{asked}");
    }
    for (asked, found) in [
        (format!("from={today}"), all.as_slice()),
        (format!("until={today}"), &all),
        (format!("from={today}T00:00:00Z"), &all),
        (format!("until={today}T00:00:00Z"), &[]),
        ("from=2999-01-01".to_owned(), &[]),
        ("until=2001-01-01".to_owned(), &[]),
        (format!("from={today}&status=failed&tenant=rice"), &["broken"]),
    ] {
        assert_eq!(keys(&page(&world, &asked).await.text), found, "{asked}");
    }
    world.stop().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_moment_is_shown_by_its_day_and_kept_as_it_was_asked(db: PgPool) {
    let world = World::new(&db).await;
    let asked = "from=2026-01-01T23:00:00Z&until=2026-01-02T00:00:00Z";
    let page = page(&world, asked).await.text;
    for field in [
        "name=\"from\" value=\"2026-01-01\" autocomplete=\"off\" data-asked=\"2026-01-01T23:00:00Z\"",
        "name=\"until\" value=\"2026-01-01\" autocomplete=\"off\" data-asked=\"2026-01-02T00:00:00Z\"",
        "data-within=\"2026-01-01T23:59:59.999Z\"",
    ] {
        assert!(page.contains(field), "{field} in {page}");
    }
    world.stop().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn text_is_looked_for_as_it_is(db: PgPool) {
    let world = World::new(&db).await;
    for key in ["100% sure", "100 sure", "a_b", "aXb", "back\\slash"] {
        world.submit(key).await;
    }
    for (asked, found) in
        [("100%25", "100% sure"), ("a_b", "a_b"), ("k%5Cs", "back\\slash"), ("%27", "")]
    {
        let found: Vec<_> = Some(found).filter(|found| !found.is_empty()).into_iter().collect();
        assert_eq!(keys(&page(&world, &format!("text={asked}")).await.text), found, "{asked}");
    }
    world.stop().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn pages_follow_one_another_to_the_first_job(db: PgPool) {
    let world = World::new(&db).await;
    let all: Vec<_> = (0..120).map(|number| format!("job-{number:03}")).collect();
    let instructions: Vec<_> =
        all.iter().map(|key| json!({"key": key, "kind": "k", "tenant": "t", "body": 1})).collect();
    assert_eq!(world.post("/instruction", &json!(instructions)).await.status, 200);
    for asked in ["", "tenant=t", "status=submitted", "text=job"] {
        let mut address = format!("/jobs?{asked}");
        let mut found = Vec::new();
        let mut pages = 0;
        loop {
            let page = world.get(&address).await.text;
            found.extend(keys(&page).into_iter().map(str::to_owned));
            pages += 1;
            let Some(next) = next(&page) else { break };
            assert!(next.contains(asked), "{next} still asks for {asked}");
            address = next;
        }
        found.reverse();
        assert_eq!((pages, &found), (3, &all), "{asked}");
    }
    world.stop().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn what_was_asked_for_stands_in_the_form_again(db: PgPool) {
    let world = World::new(&db).await;
    let page = page(&world, "status=failed&text=a+%22b%22&from=2026-01-02&user=ann").await.text;
    for field in [
        "value=\"a &quot;b&quot;\"",
        "<option value=\"failed\" selected>",
        "value=\"2026-01-02\"",
        "value=\"ann\"",
        "<details open>",
    ] {
        assert!(page.contains(field), "{field} in {page}");
    }
    assert!(page.contains("No job to be seen."));
    world.stop().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_list_that_makes_no_sense_is_a_page_that_says_so(db: PgPool) {
    let world = World::new(&db).await;
    for asked in ["status=pending", "from=yesterday", "after=1"] {
        let reply = world.get(&format!("/jobs?{asked}")).await;
        assert_eq!(reply.status, 400, "{asked}");
        assert!(reply.text.contains("That cannot be understood"), "{}", reply.text);
    }
    world.stop().await;
}

/// So many jobs that wait, and one of Ann's that is older still.
async fn many_and_one_of_ann(db: &PgPool, many: i32) {
    let jobs = "insert into job (id, key, kind, tenant, submitted_by, submitted_at)
         select (lpad(to_hex(1700000000000 + n), 12, '0') || '7000800000000000' || lpad(to_hex(n), 4, '0'))::uuid,
                case n when 0 then 'old' else 'k' || n end, 'k', 't',
                case n when 0 then 'ann' else 'ben' end, to_timestamp(1700000000 + n / 1000.0)
           from generate_series(0, $1) as n";
    sqlx::query(jobs).bind(many).execute(db).await.unwrap();
}

#[sqlx::test(migrations = "../migrations")]
async fn what_is_completed_is_found_behind_all_that_waits(db: PgPool) {
    let world = World::new(&db).await;
    // More than are passed over at once.
    many_and_one_of_ann(&db, 81_000).await;
    sqlx::query("update job set status = 'completed', settled_at = now() where key = 'old'")
        .execute(&db)
        .await
        .unwrap();
    for asked in ["status=completed", "status=completed&user=ann"] {
        assert_eq!(keys(&page(&world, asked).await.text), ["old"], "{asked}");
    }
    world.stop().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn what_is_rare_is_found_behind_many_others(db: PgPool) {
    let world = World::new(&db).await;
    world.submit("newest").await;
    // More than are looked at one by one before an index is asked.
    many_and_one_of_ann(&db, 20_500).await;
    for asked in ["user=ann", "text=old", "user=ann&status=submitted", "user=ann&text=o"] {
        assert_eq!(keys(&page(&world, asked).await.text), ["old"], "{asked}");
    }
    assert_eq!(keys(&page(&world, "user=nobody").await.text), Vec::<&str>::new());
    world.stop().await;
}
