//! Reading back: instructions, jobs, names, contacts.

use schema::{JobStatus, Key, Kind, NewInstruction};
use serde_json::{json, value::to_raw_value};
use webservice::gobii::{Backend as _, BackendError, By};

use super::world::{KEY, NAME, World};

#[tokio::test]
async fn a_job_is_told_in_the_terms_of_gobii() {
    let world = World::new().await;
    assert_eq!(world.create(&world.procedure()).await.status, 201);
    for (status, stage, term, name) in [
        (JobStatus::Submitted, None, "pending", "PENDING"),
        (JobStatus::Running, None, "in_progress", "INPROGRESS"),
        (JobStatus::Running, Some("digest"), "digest", "DIGEST"),
        (JobStatus::Running, Some("metadata_load"), "metadata_load", "METADATALOAD"),
        (JobStatus::Running, Some("sorting"), "in_progress", "INPROGRESS"),
        (JobStatus::Completed, Some("digest"), "completed", "COMPLETED"),
        (JobStatus::Failed, Some("validation"), "failed", "FAILED"),
        (JobStatus::Cancelled, None, "aborted", "ABORTED"),
    ] {
        world.memory.change(KEY, |job| {
            job.status = status;
            job.stage = stage.map(str::to_owned);
        });
        for path in ["jobs", "instructions/loader/jobs"] {
            let answer = world.get(&format!("{path}/{NAME}")).await;
            assert_eq!(answer.data()[0]["status"], term);
        }
        let answer = world.get(&format!("instructions/loader/{NAME}")).await;
        assert_eq!(world.memory.read().last().unwrap(), &format!("USER_READER {KEY}"));
        let told = &answer.data()[0]["procedure"]["metadata"]["gobiiJobStatus"];
        assert_eq!(*told, format!("CV_PROGRESSSTATUS_{name}"));
    }
}

#[tokio::test]
async fn a_job_carries_what_its_instruction_says() {
    let world = World::new().await;
    world.create(&world.procedure()).await;
    world.memory.change(KEY, |job| {
        job.number = (1 << 31) + 5;
        job.message = Some("over there".to_owned());
    });
    let answer = world.get(&format!("jobs/{NAME}")).await;
    let expected = json!({
        "allowedProcessTypes": ["READ", "UPDATE"], "jobId": 5, "jobName": NAME, "type": "load",
        "payloadType": "matrix", "status": "pending", "message": "over there", "submittedBy": 7,
        "submittedDate": 1_767_268_800_000_i64, "datasetIds": [6], "id": 5
    });
    assert_eq!(answer.data()[0], expected);
    let link = &answer.envelope["payload"]["linkCollection"]["linksPerDataItem"][0]["href"];
    assert_eq!(*link, format!("/gobii-dev//gobii/v1/jobs/{NAME}"), "and there it is found");
}

#[tokio::test]
async fn the_oldest_dialect_is_read_back_without_a_status_that_it_does_not_know() {
    let world = World::new().await;
    world.create(&world.item()).await;
    let answer = world.get(&format!("instructions/loader/{NAME}")).await;
    let element = &answer.data()[0]["gobiiLoaderInstructions"][0];
    assert_eq!(element.get("gobiiJobStatus"), None);
    assert_eq!(element["gobiiCropType"], "dev");
    assert_eq!(world.get(&format!("jobs/{NAME}")).await.data()[0]["payloadType"], "markers");
}

#[tokio::test]
async fn every_table_of_the_middle_dialect_tells_the_status_in_its_own_place() {
    let world = World::new().await;
    let mut item = world.item();
    let tables = [("dnarun", json!("CV_PAYLOADTYPE_SAMPLES")), ("dnarun_prop", json!(null))];
    item["gobiiLoaderInstructions"] = tables
        .map(|(table, payload)| {
            let mut element = world.element(table);
            element["columnsByTableName"] = json!({});
            element["jobPayloadType"] = payload;
            element["gobiiJobStatus"] = json!(null);
            element["logMessage"] = json!(null);
            element
        })
        .into();
    assert_eq!(
        world.create(&item).await.data()[0]["gobiiLoaderInstructions"][1]["gobiiCropType"],
        "dev"
    );
    let answer = world.get(&format!("instructions/loader/{NAME}")).await;
    for element in answer.data()[0]["gobiiLoaderInstructions"].as_array().unwrap() {
        assert_eq!(element["gobiiJobStatus"], "CV_PROGRESSSTATUS_PENDING");
    }
    assert_eq!(world.get(&format!("jobs/{NAME}")).await.data()[0]["payloadType"], "samples");
}

#[tokio::test]
async fn an_instruction_that_was_kept_bare_is_read_back_as_an_item() {
    let world = World::new().await;
    for (name, body) in [
        ("list", json!([world.element("marker")])),
        ("procedure", world.procedure()["procedure"].clone()),
    ] {
        let new = NewInstruction {
            key: Some(Key::new(format!("dev:{name}")).unwrap()),
            kind: Kind::new("loader").unwrap(),
            tenant: None,
            submitted_by: None,
            parent: None,
            traceparent: None,
            notify: Vec::new(),
            body: to_raw_value(&body).unwrap(),
        };
        let by = By { user: "somebody", origin: None };
        world.memory.accept(new, by).await.unwrap();
        let answer = world.get(&format!("instructions/loader/{name}")).await;
        let item = &answer.data()[0];
        assert_eq!(item["instructionFileName"], name);
        assert!(item["procedure"].is_object() || item["gobiiLoaderInstructions"].is_array());
        assert_eq!(world.get(&format!("jobs/{name}")).await.data()[0]["jobName"], name);
    }
}

#[tokio::test]
async fn what_does_not_exist_is_said_or_an_empty_list() {
    let world = World::new().await;
    for name in ["nothing", "%2e%2e", "a%2Fb"] {
        assert!(world.get(&format!("jobs/{name}")).await.data().is_empty());
        assert!(world.get(&format!("instructions/loader/jobs/{name}")).await.data().is_empty());
        let error = world.get(&format!("instructions/loader/{name}")).await.error();
        assert!(error.contains("The specified instruction file does not exist: "), "{error}");
    }
}

#[tokio::test]
async fn a_call_that_is_not_offered_says_so_where_the_user_reads_it() {
    let world = World::new().await;
    for (method, path) in
        [("POST", "jobs"), ("PUT", "jobs/x"), ("GET", "auth"), ("DELETE", "x/y"), ("GET", "names")]
    {
        let answer = world.call(method, path, b"{}").await;
        assert_eq!(answer.status, 501);
        assert!(answer.error().contains(&format!("{method} {path}")), "{}", answer.error());
    }
}

#[tokio::test]
async fn an_outage_is_503_in_an_envelope() {
    let world = World::new().await;
    world.memory.fail(BackendError::Unavailable);
    let answer = world.get(&format!("jobs/{NAME}")).await;
    assert_eq!(answer.status, 503);
    assert!(answer.error().contains("try again"));
    assert!(answer.head.contains("\r\nRetry-After: "), "{}", answer.head);
    world.memory.fail(BackendError::Internal);
    assert_eq!(world.get(&format!("jobs/{NAME}")).await.status, 500);
}

#[tokio::test]
async fn the_terms_of_a_group_are_listed_under_every_name_that_clients_have_for_them() {
    let world = World::with(|config, _| {
        config.cv_terms.insert("dataset_type".to_owned(), [("IUPAC".to_owned(), 3)].into());
    })
    .await;
    for call in [
        "names/cvterms?filterType=BYTYPENAME&filterValue=status",
        "names/cvs?filterType=NAMES_BY_TYPE_NAME&filterValue=status",
        "names/CV?filterType=NAMES_BY_TYPE_NAME&filterValue=Status",
    ] {
        let answer = world.get(call).await;
        assert_eq!(answer.data()[0], json!({"allowedProcessTypes": [], "id": 57, "name": "new"}));
        assert_eq!(answer.data().len(), 2);
    }
    assert_eq!(world.get("names/cvterms?filterType&filterValue").await.data().len(), 3);
    assert!(world.get("names/projects?filterType&filterValue").await.data().is_empty());
    assert!(world.get("names/whatever").await.data().is_empty());
}

#[tokio::test]
async fn a_contact_is_found_by_e_mail_first_and_by_user_name_else() {
    let world = World::new().await;
    for query in [
        "email&lastName&firstName&userName=USER_READER",
        "email=reader%40example.org&lastName&firstName&userName",
        "email=READER@example.org&userName=nobody",
    ] {
        let answer = world.get(&format!("contact-search?{query}")).await;
        assert_eq!(answer.status, 200);
        let contact = &answer.data()[0];
        assert_eq!(
            (&contact["contactId"], &contact["email"]),
            (&7.into(), &"reader@example.org".into())
        );
    }
    assert!(world.get("contact-search?email=x@y&userName=USER_READER").await.data().is_empty());
    let error = world.get("contact-search?email&lastName&firstName&userName").await.error();
    assert_eq!(error, "search request must provide email or userName");
}
