//! A reader as strict as the clients' own: a name or word it does not know breaks it.
//!
//! The lists are those of the oldest generation wherever all generations read the same answer.

use serde_json::{Map, Value};

const ENVELOPE: &[&str] = &["payload", "header"];
const PAYLOAD: &[&str] = &["linkCollection", "data"];
const LINKS: &[&str] = &["linksPerDataItem", "exploreLinksPerDataItem"];
const LINK: &[&str] = &["href", "description", "methods"];
const HEADER: &[&str] =
    &["gobiiProcessType", "dtoHeaderAuth", "status", "gobiiVersion", "cropType"];
const AUTH: &[&str] = &["userName", "password", "token", "gobiiCropType"];
const STATUS: &[&str] = &["succeeded", "statusMessages", "statusMessagesByCode"];
const MESSAGE: &[&str] = &["gobiiStatusLevel", "gobiiValidationStatusType", "message"];
const LEVELS: &[&str] = &["ERROR", "VALIDATION", "WARNING", "INFO", "OK"];
const KINDS: &[&str] = &[
    "NONE",
    "UNKNOWN",
    "VALIDATION_COMPOUND_UNIQUE",
    "VALIDATION_NOT_UNIQUE",
    "NONEXISTENT_FK_ENTITY",
    "BAD_REQUEST",
    "MISSING_REQUIRED_VALUE",
    "ENTITY_DOES_NOT_EXIST",
    "ENTITY_ALREADY_EXISTS",
    "UNKNOWN_ENUM_VALUE",
];
const PROCESSES: &[&str] = &["CREATE", "READ", "UPDATE", "DELETE", "NONE"];
const METHODS: &[&str] = &["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];

const SETTINGS: &[&str] = &["allowedProcessTypes", "serverConfigs", "serverCapabilities", "id"];
const SERVER: &[&str] = &["port", "domain", "contextRoot", "gobiiCropType", "fileLocations"];
const LOCATIONS: &[&str] = &[
    "RAW_USER_FILES",
    "LOADER_INSTRUCTIONS",
    "LOADER_INTERMEDIATE_FILES",
    "EXTRACTOR_INSTRUCTIONS",
];
const CONTACT: &[&str] = &[
    "allowedProcessTypes",
    "contactId",
    "lastName",
    "firstName",
    "code",
    "email",
    "roles",
    "createdBy",
    "createdDate",
    "modifiedBy",
    "modifiedDate",
    "organizationId",
    "userName",
    "id",
];
const NAME_ID: &[&str] = &["allowedProcessTypes", "id", "name"];
const PREVIEW: &[&str] =
    &["allowedProcessTypes", "id", "directoryName", "previewFileName", "fileList", "filePreview"];
const JOB: &[&str] = &[
    "allowedProcessTypes",
    "jobId",
    "jobName",
    "type",
    "payloadType",
    "status",
    "message",
    "submittedBy",
    "submittedDate",
    "datasetIds",
    "id",
];
const TERMS: &[&str] = &[
    "pending",
    "in_progress",
    "completed",
    "failed",
    "validation",
    "digest",
    "transformation",
    "metadata_load",
    "matrix_load",
    "aborted",
    "qc_processing",
];
const PAYLOADS: &[&str] = &["samples", "markers", "matrix", "marker_samples", "all_meta"];
const NAMES: &[&str] = &[
    "PENDING",
    "INPROGRESS",
    "COMPLETED",
    "FAILED",
    "VALIDATION",
    "DIGEST",
    "TRANSFORMATION",
    "METADATALOAD",
    "MATRIXLOAD",
    "ABORTED",
    "QCPROCESSING",
    "NOSTATUS",
];

const ITEM_A: &[&str] =
    &["allowedProcessTypes", "gobiiLoaderInstructions", "instructionFileName", "id"];
const ITEM_C: &[&str] = &["allowedProcessTypes", "procedure", "instructionFileName", "id"];
const ELEMENT_A: &[&str] = &[
    "gobiiFile",
    "table",
    "gobiiFileColumns",
    "vcfParameters",
    "dataSetId",
    "gobiiCropType",
    "contactId",
    "contactEmail",
    "qcCheck",
    "project",
    "platform",
    "dataSet",
    "datasetType",
    "mapset",
    "experiment",
];
const ELEMENT_B: &[&str] =
    &["columnsByTableName", "jobPayloadType", "gobiiJobStatus", "logMessage"];
const PROCEDURE: &[&str] = &["metadata", "instructions"];
const METADATA: &[&str] = &[
    "project",
    "platform",
    "experiment",
    "datasetOrientationType",
    "dataset",
    "datasetType",
    "mapset",
    "gobiiFile",
    "gobiiCropType",
    "jobPayloadType",
    "gobiiJobStatus",
    "contactId",
    "contactEmail",
    "qcCheck",
];

/// Reads an envelope, with the items that the path of the call gives.
pub(crate) fn read(path: &str, envelope: &Value) {
    let envelope = known(ENVELOPE, envelope);
    let payload = known(PAYLOAD, &envelope["payload"]);
    let items = payload["data"].as_array().expect("data is always an array");
    let links = known(LINKS, &payload["linkCollection"]);
    let per_item = links["linksPerDataItem"].as_array().unwrap();
    assert_eq!(per_item.len(), items.len(), "link i belongs to item i");
    for link in per_item {
        words(METHODS, &known(LINK, link)["methods"]);
    }
    assert_eq!(links["exploreLinksPerDataItem"], Value::Array(Vec::new()));
    header(known(HEADER, &envelope["header"]));
    for item in items {
        read_item(path, item);
    }
}

fn header(header: &Map<String, Value>) {
    one_of(PROCESSES, &header["gobiiProcessType"]);
    known(AUTH, &header["dtoHeaderAuth"]);
    assert!(header["gobiiVersion"].as_str().is_some_and(|version| !version.is_empty()));
    let status = known(STATUS, &header["status"]);
    let messages = status["statusMessages"].as_array().unwrap();
    assert_eq!(status["succeeded"].as_bool(), Some(messages.is_empty()));
    let by_code = status["statusMessagesByCode"].as_object().unwrap();
    assert_eq!(by_code.len(), messages.len());
    for message in messages {
        let message = known(MESSAGE, message);
        one_of(LEVELS, &message["gobiiStatusLevel"]);
        one_of(KINDS, &message["gobiiValidationStatusType"]);
        assert!(by_code.values().any(|text| *text == message["message"]));
    }
}

fn read_item(path: &str, item: &Value) {
    if !path.contains("/instructions/loader/") && !path.ends_with("/instructions/loader") {
        words(PROCESSES, &item["allowedProcessTypes"]);
    }
    let has = |part| path.contains(part);
    if has("configsettings") {
        settings(item);
    } else if has("contact-search") {
        assert_ne!(known(CONTACT, item)["email"], "");
    } else if has("/names/") {
        let name = known(NAME_ID, item);
        assert!(name["id"].is_i64() && name["name"].is_string());
    } else if has("/files/loader/") {
        known(PREVIEW, item);
    } else if has("/jobs/") {
        job(item);
    } else if has("/instructions/loader") {
        instruction(item);
    } else {
        panic!("no client knows what {path} answers");
    }
}

fn settings(item: &Value) {
    let settings = known(SETTINGS, item);
    known(&["KDC", "BRAPI"], &settings["serverCapabilities"]);
    for server in settings["serverConfigs"].as_object().unwrap().values() {
        for place in known(LOCATIONS, &known(SERVER, server)["fileLocations"]).values() {
            assert!(place.as_str().unwrap().ends_with('/'), "{place}");
        }
    }
}

fn job(item: &Value) {
    let job = known(JOB, item);
    one_of(TERMS, &job["status"]);
    one_of(PAYLOADS, &job["payloadType"]);
    assert_eq!(job["type"], "load");
    assert!(i32::try_from(job["id"].as_i64().unwrap()).is_ok(), "Java keeps it in an int");
}

fn instruction(item: &Value) {
    if item.get("procedure").is_some() {
        let procedure = known(PROCEDURE, &known(ITEM_C, item)["procedure"]);
        job_status(known(METADATA, &procedure["metadata"]));
        return;
    }
    for element in known(ITEM_A, item)["gobiiLoaderInstructions"].as_array().unwrap() {
        let of_b = element.get("columnsByTableName").is_some();
        let names = if of_b { &[ELEMENT_A, ELEMENT_B].concat() } else { ELEMENT_A };
        job_status(known(names, element));
    }
}

fn job_status(part: &Map<String, Value>) {
    if let Some(Value::String(name)) = part.get("gobiiJobStatus") {
        let name = name.strip_prefix("CV_PROGRESSSTATUS_").expect("the name of an enum");
        assert!(NAMES.contains(&name), "{name}");
    }
}

fn known<'a>(names: &[&str], value: &'a Value) -> &'a Map<String, Value> {
    let object = value.as_object().unwrap_or_else(|| panic!("no object: {value}"));
    for name in object.keys() {
        assert!(names.contains(&name.as_str()), "unknown field {name:?}, known are {names:?}");
    }
    object
}

fn words(words: &[&str], list: &Value) {
    list.as_array().unwrap().iter().for_each(|word| one_of(words, word));
}

fn one_of(words: &[&str], word: &Value) {
    assert!(word.as_str().is_some_and(|word| words.contains(&word)), "{word} is none of {words:?}");
}
