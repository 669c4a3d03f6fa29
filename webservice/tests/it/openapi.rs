//! The committed description of the API.

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
