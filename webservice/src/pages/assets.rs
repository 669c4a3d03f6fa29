//! Style, script and pictures, which are part of the program.

use axum::{
    extract::Path,
    http::{
        HeaderName, StatusCode,
        header::{CACHE_CONTROL, CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS},
    },
    response::{IntoResponse, Response},
};

/// A file that pages refer to.
struct Asset {
    name: &'static str,
    media_type: &'static str,
    body: &'static str,
}

impl Asset {
    const fn script(name: &'static str, body: &'static str) -> Self {
        Self { name, media_type: "text/javascript; charset=utf-8", body }
    }
}

const ASSETS: [Asset; 8] = [
    Asset {
        name: "style.css",
        media_type: "text/css; charset=utf-8",
        body: include_str!("assets/style.css"),
    },
    Asset::script("pages.js", include_str!("assets/pages.js")),
    Asset::script("days.js", include_str!("assets/days.js")),
    Asset::script("edit.js", include_str!("assets/edit.js")),
    Asset::script("find.js", include_str!("assets/find.js")),
    Asset::script("live.js", include_str!("assets/live.js")),
    Asset::script("times.js", include_str!("assets/times.js")),
    Asset { name: "icon.svg", media_type: "image/svg+xml", body: include_str!("assets/icon.svg") },
];

/// Names what all of them say. It stands in their addresses, as a folder so that scripts can refer
/// to each other: whatever changes is fetched anew, and nothing else ever is.
const VERSION: u64 = version();

const fn version() -> u64 {
    // FNV-1a: good enough to tell one version from the next, and known before the program runs.
    let mut hash: u64 = 0xcbf2_9ce4_8422_2325;
    let mut asset = 0;
    while asset < ASSETS.len() {
        let bytes = ASSETS[asset].body.as_bytes();
        let mut at = 0;
        while at < bytes.len() {
            hash = (hash ^ bytes[at] as u64).wrapping_mul(0x0100_0000_01b3);
            at += 1;
        }
        asset += 1;
    }
    hash
}

/// Where a page finds the asset of this name.
pub(super) fn address(name: &str) -> String {
    format!("/assets/{VERSION:016x}/{name}")
}

/// An asset. A page of another version gets the present one, and is not to keep it.
pub(super) async fn serve(Path((version, name)): Path<(String, String)>) -> Response {
    let Some(asset) = ASSETS.iter().find(|asset| asset.name == name) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let keep = match version == format!("{VERSION:016x}") {
        true => "public, max-age=31536000, immutable",
        false => "no-cache",
    };
    let headers: [(HeaderName, &str); 3] = [
        (CONTENT_TYPE, asset.media_type),
        (CACHE_CONTROL, keep),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    (headers, asset.body).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_that_pages_refer_to_is_light() {
        let bytes: usize = ASSETS.iter().map(|asset| asset.body.len()).sum();
        assert!(bytes < 60_000, "{bytes} bytes, and a page may weigh 150 KB with its data");
    }
}
