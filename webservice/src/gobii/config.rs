//! What an operator may set of the facade: the section `[gobii]`.

use std::{collections::BTreeMap, path::PathBuf};

use serde::Deserialize;

use super::{
    contact::Contact,
    crop::{ContextPath, CropId},
    mirror::MirrorConfig,
    upstream::UpstreamUrl,
};
use crate::{access::PasswordHash, config::DatabaseUrl};

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
    /// A GOBii server that answers what is not ours: everything but the instructions of loads.
    pub upstream: Option<UpstreamUrl>,
    /// As whom that server is shown our loads; not at all when absent.
    pub mirror: Option<MirrorConfig>,
    /// Whether the `contactEmail` of an instruction is written to when its job has come to its end,
    /// as far as notifications allow it.
    pub mail_contacts: bool,
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
            upstream: None,
            mirror: None,
            mail_contacts: false,
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

/// What an operator says of one crop.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CropConfig {
    /// The path in front of `gobii/v1`: `/gobii-dev`.
    pub context: ContextPath,
    /// The root of GOBii's file tree; the crop's own part is `crops/<id>/` below it.
    pub root: PathBuf,
    /// Where users upload, if not `files/` in the crop's part.
    #[serde(default)]
    pub files: Option<PathBuf>,
    /// Where digests go, if not `loader/digest/` in the crop's part.
    #[serde(default)]
    pub digest: Option<PathBuf>,
    /// Where instruction files would lie, if not `loader/instructions/` in the crop's part.
    #[serde(default)]
    pub instructions: Option<PathBuf>,
    /// Where extractor instructions would lie, if not `extractor/instructions/` there.
    #[serde(default)]
    pub extractor_instructions: Option<PathBuf>,
    /// GOBii's own database of the crop, which instructions are checked against; only read.
    #[serde(default)]
    pub database: Option<DatabaseUrl>,
    /// Other directories that instructions may read from and write to.
    #[serde(default)]
    pub more_roots: Vec<PathBuf>,
    /// The mode of directories that are made for users and digesters, who may be other accounts.
    #[serde(default = "default_directory_mode")]
    pub directory_mode: u32,
    /// Who may come: user names with the argon2 hashes of their passwords.
    #[serde(default)]
    pub users: BTreeMap<String, PasswordHash>,
    /// Who the users are.
    #[serde(default)]
    pub contacts: Vec<Contact>,
}

const fn default_directory_mode() -> u32 {
    0o775
}

impl CropConfig {
    /// A crop that nobody may use yet.
    #[must_use]
    pub fn new(context: &str, root: impl Into<PathBuf>) -> Self {
        Self {
            context: context.to_owned().into(),
            root: root.into(),
            files: None,
            digest: None,
            instructions: None,
            extractor_instructions: None,
            database: None,
            more_roots: Vec::new(),
            directory_mode: default_directory_mode(),
            users: BTreeMap::new(),
            contacts: Vec::new(),
        }
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

    /// The databases of those that have one.
    pub(crate) fn databases(&self) -> impl Iterator<Item = (&CropId, &str)> {
        self.0.iter().filter_map(|(id, crop)| Some((id, crop.database.as_ref()?.reveal())))
    }

    /// Where clients find each.
    pub(super) fn contexts(&self) -> impl Iterator<Item = (&CropId, &ContextPath)> {
        self.0.iter().map(|(id, crop)| (id, &crop.context))
    }

    /// The folders of each, where its instructions may read and write.
    pub(crate) fn folders(&self) -> impl Iterator<Item = (&CropId, PathBuf)> {
        self.0.iter().flat_map(|(id, config)| {
            let crop = super::crop::Crop::new(id.clone(), config.clone());
            crop.roots().into_iter().map(move |folder| (id, folder))
        })
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::hash_password;

    fn read(text: &str) -> Result<GobiiConfig, toml::de::Error> {
        toml::from_str(&text.replace("HASH", &hash_password("reader")))
    }

    const DEV: &str = r#"
        version = "1.0.1-OURS"
        port = 8080
        [crops.dev]
        context = "/gobii-dev"
        root = "/data/gobii_bundle"
        files = "/uploads"
        directory_mode = 0o2775
        users = { USER_READER = "HASH" }
        [[crops.dev.contacts]]
        id = 7
        first_name = "User"
        last_name = "Reader"
        email = "reader@example.org"
        user_name = "USER_READER"
        [cv_terms.status]
        new = 57
    "#;

    #[test]
    fn a_section_as_an_operator_writes_it_is_read() {
        let config = read(DEV).unwrap();
        let (_, crop) = config.crops.into_iter().next().unwrap();
        assert_eq!((crop.directory_mode, crop.contacts[0].id), (0o2775, 7));
        assert_eq!(config.preview.lines, 50);
    }

    #[test]
    fn what_would_fail_later_is_refused_at_once() {
        for (right, wrong) in [
            ("HASH", "reader"),
            ("reader@example.org", ""),
            ("crops.dev", "crops.\"a:b\""),
            ("port = 8080", "prot = 8080"),
        ] {
            assert!(read(&DEV.replace(right, wrong)).is_err(), "{wrong}");
        }
    }

    #[test]
    fn two_crops_cannot_share_a_context() {
        let mut crops = Crops::default();
        let crop = |path| CropConfig::new(path, "/");
        crops.insert("a".parse().unwrap(), crop("/gobii-dev")).unwrap();
        crops.insert("a".parse().unwrap(), crop("/gobii-dev")).unwrap();
        let taken = crops.insert("b".parse().unwrap(), crop("GOBII-dev/")).unwrap_err();
        assert_eq!(taken.to_string(), "crop b has the same context path as crop a: /GOBII-dev/");
    }
}
