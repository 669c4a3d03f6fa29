//! The committed description of the API.

use serde_json::Value;

/// Fails when the code and the committed document differ.
#[test]
fn the_committed_document_says_what_the_code_says() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/openapi/webservice.json");
    let mut fresh = webservice::openapi().to_pretty_json().unwrap();
    fresh.push('\n');
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(path, &fresh).unwrap();
    }
    let committed = std::fs::read_to_string(path).unwrap_or_default();
    assert!(
        committed == fresh,
        "docs/openapi/webservice.json is stale: \
         run `UPDATE=1 cargo test -p webservice --test it openapi` and commit it"
    );
}

#[test]
fn every_operation_says_what_a_problem_looks_like() {
    let api: Value = serde_json::from_str(&webservice::openapi().to_json().unwrap()).unwrap();
    let paths = api["paths"].as_object().unwrap();
    let operations = || paths.values().flat_map(|path| path.as_object().unwrap().values());
    assert!(operations().count() > 20);
    let problem = "/responses/default/content/application~1problem+json/schema/$ref";
    for operation in operations() {
        assert_eq!(operation.pointer(problem).unwrap(), "#/components/schemas/Problem");
    }
}
