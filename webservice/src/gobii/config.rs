//! What an operator may set of the facade: the section `[gobii]`.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::crop::{CropConfig, CropId};

/// Everything the facade is told when it starts.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct GobiiConfig {
    /// The version that clients are told. They compare what stands before the first `-` as text
    /// with their own and warn if it is smaller; what begins with a letter never is.
    pub version: String,
    /// The host that clients are sent to; the one they came to when absent.
    pub host: Option<String>,
    /// The port that clients are sent to; the one they came to when absent.
    pub port: Option<u16>,
    /// The crops.
    pub crops: Crops,
    /// The largest request body, in bytes.
    pub max_body_bytes: usize,
    /// How much of an uploaded file is shown.
    pub preview: PreviewConfig,
    /// Groups of terms with their ids. A load needs the id of `new` in the group `status`.
    pub cv_terms: BTreeMap<String, BTreeMap<String, i64>>,
}

impl Default for GobiiConfig {
    fn default() -> Self {
        let status = BTreeMap::from([("new".to_owned(), 57), ("modified".to_owned(), 58)]);
        Self {
            version: concat!("Digester ", env!("CARGO_PKG_VERSION")).to_owned(),
            host: None,
            port: None,
            crops: Crops::default(),
            max_body_bytes: 4 << 20,
            preview: PreviewConfig::default(),
            cv_terms: BTreeMap::from([("status".to_owned(), status)]),
        }
    }
}

/// How much of an uploaded file is shown.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PreviewConfig {
    /// Lines at most.
    pub lines: usize,
    /// Cells of a line at most.
    pub cells: usize,
    /// Names of files at most.
    pub files: usize,
    /// Bytes that are read at most, however long the lines are.
    pub bytes: u64,
}

impl Default for PreviewConfig {
    fn default() -> Self {
        Self { lines: 50, cells: 50, files: 10_000, bytes: 16 << 20 }
    }
}

/// Crops by their ids; no two at one context path.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(try_from = "BTreeMap<CropId, CropConfig>")]
pub struct Crops(BTreeMap<CropId, CropConfig>);

/// Two crops cannot be told apart by the path of a request.
#[derive(Clone, Debug, thiserror::Error)]
#[error("crop {second} has the same context path as crop {first}: {path}")]
pub struct ContextTaken {
    first: CropId,
    second: CropId,
    path: String,
}

impl Crops {
    /// Adds a crop, or puts it in the place of the one with this id.
    pub fn insert(&mut self, id: CropId, crop: CropConfig) -> Result<(), ContextTaken> {
        let path = crop.context.to_string();
        let twin = |(other, there): &(&CropId, &CropConfig)| {
            **other != id && there.context.to_string().eq_ignore_ascii_case(&path)
        };
        if let Some((first, _)) = self.0.iter().find(twin) {
            return Err(ContextTaken { first: first.clone(), second: id, path });
        }
        self.0.insert(id, crop);
        Ok(())
    }

    pub(super) fn into_iter(self) -> impl Iterator<Item = (CropId, CropConfig)> {
        self.0.into_iter()
    }
}

impl TryFrom<BTreeMap<CropId, CropConfig>> for Crops {
    type Error = ContextTaken;

    fn try_from(map: BTreeMap<CropId, CropConfig>) -> Result<Self, ContextTaken> {
        let mut crops = Self::default();
        map.into_iter().try_for_each(|(id, crop)| crops.insert(id, crop))?;
        Ok(crops)
    }
}
