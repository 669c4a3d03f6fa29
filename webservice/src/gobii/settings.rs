//! `GET configsettings`: which crops there are, and where.

use std::collections::BTreeMap;

use axum::http::{HeaderMap, header::HOST, uri::Authority};
use serde::Serialize;

use super::{
    crop::{Crop, with_slash},
    envelope::{Item, Reply},
    facade::Facade,
};

/// The port of an address that names none.
const HTTP_PORT: u16 = 80;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SettingsDto<'a> {
    allowed_process_types: [&'static str; 1],
    server_configs: BTreeMap<&'a str, ServerDto<'a>>,
    server_capabilities: Capabilities,
    id: i32,
}

/// The oldest clients know these two and no other.
#[derive(Default, Serialize)]
#[serde(rename_all = "UPPERCASE")]
struct Capabilities {
    kdc: bool,
    brapi: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ServerDto<'a> {
    port: u16,
    domain: &'a str,
    context_root: String,
    gobii_crop_type: &'a str,
    file_locations: FileLocations,
}

impl<'a> ServerDto<'a> {
    fn of(crop: &'a Crop, domain: &'a str, port: u16) -> Self {
        Self {
            port,
            domain,
            context_root: crop.context.to_string(),
            gobii_crop_type: crop.id.as_str(),
            file_locations: FileLocations::of(crop),
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
struct FileLocations {
    raw_user_files: String,
    loader_instructions: String,
    loader_intermediate_files: String,
    extractor_instructions: String,
}

impl FileLocations {
    fn of(crop: &Crop) -> Self {
        Self {
            raw_user_files: with_slash(&crop.files),
            loader_instructions: with_slash(&crop.instructions),
            loader_intermediate_files: with_slash(&crop.digest),
            extractor_instructions: with_slash(&crop.extractor_instructions),
        }
    }
}

/// All crops: clients let the user choose among them, and go where this answer sends them.
pub(super) fn get<B>(facade: &Facade<B>, crop: &Crop, headers: &HeaderMap) -> Reply {
    let asked: Option<Authority> =
        headers.get(HOST).and_then(|host| host.to_str().ok()?.parse().ok());
    let asked_host = asked.as_ref().map_or("localhost", Authority::host);
    let asked_port = asked.as_ref().and_then(Authority::port_u16).unwrap_or(HTTP_PORT);
    let host = facade.config.host.as_deref().unwrap_or(asked_host);
    let port = facade.config.port.unwrap_or(asked_port);
    let servers =
        facade.crops.iter().map(|crop| (crop.id.as_str(), ServerDto::of(crop, host, port)));
    let settings = SettingsDto {
        allowed_process_types: ["READ"],
        server_configs: servers.collect(),
        server_capabilities: Capabilities::default(),
        id: 1,
    };
    let href = crop.href("configsettings/1");
    Reply::found([Item::new(&settings).linked("ConfigSettingsDTO", 1, href, &["GET"])])
}
