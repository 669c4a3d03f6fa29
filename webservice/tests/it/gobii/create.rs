//! Creating instructions: checked completely, kept whole, or nothing at all.

use std::{fs, os::unix::fs::symlink};

use serde_json::{Value, json};
use webservice::gobii::{
    BackendError, CropId, Dataset, Experiment, GobiiDatabase, Lookup, check_loader, router_with,
};

use super::{
    memory::Memory,
    world::{KEY, NAME, World, config},
};
use crate::wire::Server;

impl World {
    /// Nothing is kept, and no directory was made.
    fn is_untouched(&self) -> bool {
        self.memory.is_empty() && !self.digest().exists()
    }
}

#[tokio::test]
async fn a_create_is_kept_as_sent_and_echoed_with_what_the_server_fills_in() {
    let world = World::new().await;
    let mut item = world.item();
    let answer = world.create(&item).await;
    assert_eq!(answer.status, 201);
    let kept = world.memory.instruction_of(KEY);
    assert_eq!(serde_json::from_str::<Value>(kept.body.get()).unwrap(), item);
    assert_eq!((kept.kind.as_str(), kept.tenant.as_deref()), ("loader", Some("dev")));
    assert_eq!(kept.submitted_by.as_deref(), Some("USER_READER"));
    item["allowedProcessTypes"] = json!(["READ", "UPDATE"]);
    item["gobiiLoaderInstructions"][0]["gobiiCropType"] = json!("dev");
    assert_eq!(answer.data()[0], item);
    let link = &answer.envelope["payload"]["linkCollection"]["linksPerDataItem"][0];
    assert_eq!(link["href"], format!("/gobii-dev//gobii/v1/instructions/loader/{NAME}"));
    assert_eq!(link["methods"], json!(["GET", "PUT"]));
    assert!(world.digest().join(NAME).is_dir(), "the digester finds its destination");
}

#[tokio::test]
async fn a_procedure_comes_back_as_a_procedure_by_whichever_name_it_came() {
    let world = World::new().await;
    let mut item = world.procedure();
    item["gobiiLoaderProcedure"] = item.as_object_mut().unwrap().remove("procedure").unwrap();
    let answer = world.create(&item).await;
    assert_eq!(answer.data()[0]["procedure"]["metadata"]["gobiiCropType"], "dev");
}

#[tokio::test]
async fn latin_1_bytes_are_read_as_what_they_were_meant() {
    let world = World::new().await;
    let mut item = world.item();
    item["gobiiLoaderInstructions"][0]["contactEmail"] = json!("@");
    let body = json!({ "payload": { "data": [item] } }).to_string().into_bytes();
    let body: Vec<u8> =
        body.into_iter().map(|byte| if byte == b'@' { 0xe9 } else { byte }).collect();
    let answer = world.call("POST", "instructions/loader", &body).await;
    assert_eq!(answer.data()[0]["gobiiLoaderInstructions"][0]["contactEmail"], "é");
    assert!(world.memory.instruction_of(KEY).body.get().contains('é'));
}

#[tokio::test]
async fn a_second_create_of_a_name_says_that_it_exists_and_changes_nothing() {
    let world = World::new().await;
    assert_eq!(world.create(&world.item()).await.status, 201);
    let answer = world.create(&world.procedure()).await;
    assert_eq!(answer.status, 409);
    assert!(answer.error().contains("already exists: data_2026"), "{}", answer.error());
    assert!(world.memory.instruction_of(KEY).body.get().contains("gobiiLoaderInstructions"));
}

#[tokio::test]
async fn of_many_creates_of_one_name_at_once_exactly_one_succeeds() {
    let world = World::new().await;
    let item = world.item();
    let creates = (0..16).map(|_| world.create(&item));
    let answers = futures_util::future::join_all(creates).await;
    let created = answers.iter().filter(|answer| answer.status == 201).count();
    let exist = answers.iter().filter(|it| it.messages().contains("already exists")).count();
    assert_eq!((created, exist), (1, 15));
}

#[tokio::test]
async fn a_failed_create_leaves_nothing_and_the_same_name_works_afterwards() {
    let world = World::new().await;
    for failing in [BackendError::Unavailable, BackendError::Internal] {
        world.memory.fail(failing);
        world.create(&world.item()).await.error();
        assert!(world.is_untouched());
    }
    world.memory.recover();
    let mut wrong = world.item();
    wrong["gobiiLoaderInstructions"][0]["gobiiFile"]["source"] = json!(world.files().join("none"));
    world.create(&wrong).await.error();
    assert!(world.is_untouched());
    assert_eq!(world.create(&world.item()).await.status, 201);
}

#[tokio::test]
async fn what_is_no_envelope_is_said_in_one() {
    let world = World::new().await;
    for (body, text) in [
        ("", "Request payload envelope is null"),
        ("null", "Request payload envelope is null"),
        ("{}", "Request payload envelope does not contain a payload member"),
        (r#"{"payload":null}"#, "Request payload envelope does not contain a payload member"),
        (r#"{"payload":{}}"#, "Request payload does not contain a data collection"),
        (r#"{"payload":{"data":[]}}"#, "Request payload data does not contain exactly one item"),
        (r#"{"payload":{"data":[{},{}]}}"#, "does not contain exactly one item"),
        (r#"{"payload":{"data":[{}]}}"#, "is missing the instruction file name"),
        (r#"{"payload":{"data":[{"instructionFileName":""}]}}"#, "is missing the instruction file"),
        (r#"{"payload":{"data":[3]}}"#, "cannot be read as JSON"),
        (r#"{"payload":{"data":{}}}"#, "cannot be read as JSON"),
        (r#"{"payload":{"data":[{"#, "cannot be read as JSON"),
        ("[]", "cannot be read as JSON"),
        ("empty", "cannot be read as JSON"),
        (r#"{"payload":{"data":[{"instructionFileName":"n"}]}}"#, "The instruction cannot be read"),
    ] {
        let answer = world.call("POST", "instructions/loader", body.as_bytes()).await;
        assert_eq!(answer.status, 500, "{body}");
        assert!(answer.error().contains(text), "{body}: {}", answer.error());
    }
    assert!(world.is_untouched());
}

#[tokio::test]
async fn a_name_that_is_a_path_is_refused() {
    let world = World::new().await;
    for name in [".", "..", "a/b", "/a", "a\0b", "a\nb", &"x".repeat(252)] {
        let mut item = world.item();
        item["instructionFileName"] = json!(name);
        let error = world.create(&item).await.error();
        assert!(error.contains("cannot be used"), "{name:?}: {error}");
    }
    assert!(world.is_untouched());
}

#[tokio::test]
async fn an_instruction_that_cannot_be_read_is_refused_with_the_place() {
    let world = World::new().await;
    let mut item = world.item();
    item["gobiiLoaderInstructions"][0]["gobiiFileColumns"][0]["gobiiColumnType"] = json!("CSV");
    let error = world.create(&item).await.error();
    assert!(error.contains("gobiiFileColumns[0].gobiiColumnType"), "{error}");
    assert!(world.is_untouched());
}

#[tokio::test]
async fn paths_are_given_there_and_under_the_roots_of_the_crop() {
    let world = World::new().await;
    let outside = world.root.path().join("outside");
    fs::create_dir_all(&outside).unwrap();
    fs::create_dir_all(world.files()).unwrap();
    symlink(&outside, world.files().join("link")).unwrap();
    let under = |path: &str| json!(world.files().join(path));
    let cases = [
        ("source", json!(null), "at index 1 is missing the source file path"),
        ("source", json!(""), "at index 1 is missing the source file path"),
        ("destination", json!(null), "at index 1 is missing the destination file path"),
        ("source", json!("/etc/passwd"), "The source path does not lie under"),
        ("source", json!("relative"), "The source path does not lie under"),
        ("source", under("../../../outside"), "The source path does not lie under"),
        ("source", under("link"), "The source path does not lie under"),
        ("source", under("none"), "was specified to exist, but does not exist: /"),
        ("destination", json!("/tmp/x"), "The destination path does not lie under"),
        ("destination", under("link/new"), "The destination path does not lie under"),
        ("destination", under("new/../../x"), "The destination path does not lie under"),
    ];
    for (property, value, text) in cases {
        let mut item = world.item();
        let mut second = world.element("dnarun");
        second["gobiiFile"][property] = value.clone();
        item["gobiiLoaderInstructions"].as_array_mut().unwrap().push(second);
        let error = world.create(&item).await.error();
        assert!(error.contains(text), "{property} {value}: {error}");
    }
    assert!(world.is_untouched());
    assert_eq!(fs::read_dir(&outside).unwrap().count(), 0);
}

#[tokio::test]
async fn directories_that_must_be_there_are_asked_for() {
    let world = World::new().await;
    let mut item = world.item();
    let file = &mut item["gobiiLoaderInstructions"][0]["gobiiFile"];
    file["requireDirectoriesToExist"] = json!(true);
    let error = world.create(&item).await.error();
    assert!(error.contains("require-to-exist was set to true"), "{error}");
    assert!(world.is_untouched());
}

#[tokio::test]
async fn a_source_that_need_not_exist_may_be_missing() {
    let world = World::new().await;
    let mut item = world.item();
    let file = &mut item["gobiiLoaderInstructions"][0]["gobiiFile"];
    (file["createSource"], file["source"]) = (json!(true), json!(world.files().join("later")));
    assert_eq!(world.create(&item).await.status, 201);
}

#[tokio::test]
async fn everything_that_is_wrong_is_said_at_once() {
    let world = World::new().await;
    let mut item = world.procedure();
    let metadata = &mut item["procedure"]["metadata"];
    metadata["contactId"] = json!(null);
    metadata["dataset"]["id"] = json!(null);
    metadata["gobiiFile"]["source"] = json!(null);
    let error = world.create(&item).await.error();
    assert_eq!(
        error.lines().collect::<Vec<_>>(),
        [
            "The file associated with instruction is missing the source file path".to_owned(),
            format!("The specified job has payload type MATRIX, but no dataset ID: {NAME}"),
            format!("The specified job does not have a contact ID: {NAME}"),
        ]
    );
    for (payload, text) in [
        (json!(null), "The primary instruction does not have a payload type"),
        (json!("CV_X"), "unknown payload type: CV_X"),
    ] {
        let mut item = world.procedure();
        item["procedure"]["metadata"]["jobPayloadType"] = payload;
        let error = world.create(&item).await.error();
        assert!(error.contains(text), "{error}");
    }
}

#[tokio::test]
async fn a_body_that_is_too_large_is_said_to_be_once_it_was_sent() {
    let world = World::with(|config, _| config.max_body_bytes = 1000).await;
    let answer = world.call("POST", "instructions/loader", &vec![b' '; 3 << 20]).await;
    assert_eq!(answer.status, 413);
    assert!(answer.error().contains("larger than this server takes (1000 bytes)"));
    assert!(world.is_untouched());
}

/// One data set 6 of type 3 in experiment 1 of project 2, on platform 4.
struct OneDataset;

impl GobiiDatabase for OneDataset {
    fn dataset<'a>(&'a self, _: &'a CropId, id: i64) -> Lookup<'a, Dataset> {
        let dataset = (id == 6).then_some(Dataset { experiment: 1, kind: Some(3) });
        Box::pin(async move { dataset })
    }

    fn experiment<'a>(&'a self, _: &'a CropId, id: i64) -> Lookup<'a, Experiment> {
        let experiment = (id == 1).then_some(Experiment { project: 2, platform: Some(4) });
        Box::pin(async move { experiment })
    }
}

#[tokio::test]
async fn a_database_tells_what_does_not_belong_together() {
    let mut world = World::new().await;
    let config = config(world.root.path().into(), |_, _| ());
    let router = router_with(config, Memory::default(), OneDataset, &edge::Calls::default());
    world.server = Server::start(router, Default::default()).await;
    let login = world.exchange(super::world::LOGIN.as_bytes()).await;
    world.token = login.header("X-Auth-Token").unwrap().to_owned();
    let mut item = world.procedure();
    for (property, right, text) in [
        ("experiment", 1, "The specified experiment in the dataset is incorrect"),
        ("project", 2, "The specified project in the experiment is incorrect"),
        ("datasetType", 3, "The specified data type in the dataset is incorrect"),
        ("platform", 4, "The specified platform in the experiment is incorrect"),
    ] {
        item["procedure"]["metadata"][property] = json!({ "id": 99 });
        assert_eq!(world.create(&item).await.error(), text);
        item["procedure"]["metadata"][property] = json!({ "id": right });
    }
    assert_eq!(world.create(&item).await.status, 201);
}

#[test]
fn an_instruction_that_came_another_way_gets_the_same_look_at_its_paths() {
    let root = tempfile::tempdir().unwrap();
    let body = |source: &str, destination: &str| {
        let path = |name: &str| root.path().join(name).display().to_string();
        let file = json!({ "source": path(source), "destination": path(destination) });
        json!([{ "table": "marker", "gobiiFile": file }]).to_string()
    };
    let roots = [root.path().join("in"), root.path().join("out")];
    assert_eq!(check_loader(&body("in/a", "out/b"), &roots), Ok(()));
    let error = check_loader(&body("a", "in/../b"), &roots).unwrap_err().message;
    assert!(error.contains("source path") && error.contains("destination path"), "{error}");
    assert!(check_loader("[{}]", &roots).unwrap_err().message.contains("table"));
}
