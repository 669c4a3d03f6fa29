//! A crop: where clients find it, where its files lie, and who may come.

use std::{
    collections::BTreeMap,
    fmt,
    path::{Path, PathBuf},
    str::FromStr,
};

use serde::Deserialize;

use super::{config::CropConfig, contact::Contact};
use crate::access::PasswordHash;

/// A crop's id. Plain enough for a header, a folder's name and the front of a key.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(try_from = "String")]
pub struct CropId(String);

impl CropId {
    /// The id itself.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for CropId {
    type Error = String;

    fn try_from(id: String) -> Result<Self, String> {
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        match !id.is_empty() && id.chars().all(plain) {
            true => Ok(Self(id)),
            false => Err(format!("crop {id:?}: a crop's id has letters, digits, - and _ only")),
        }
    }
}

impl FromStr for CropId {
    type Err = String;

    fn from_str(id: &str) -> Result<Self, String> {
        id.to_owned().try_into()
    }
}

impl fmt::Display for CropId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The path in front of `gobii/v1`, by which a crop is found. Slashes and case do not matter.
#[derive(Clone, Debug, Deserialize)]
#[serde(from = "String")]
pub struct ContextPath(Vec<String>);

impl ContextPath {
    /// What follows this path, if `segments` begins with it.
    pub(super) fn rest_of<'a>(&self, segments: &'a [String]) -> Option<&'a [String]> {
        let (front, rest) = segments.split_at_checked(self.0.len())?;
        let same = |(a, b): (&String, &String)| a.to_lowercase() == b.to_lowercase();
        front.iter().zip(&self.0).all(same).then_some(rest)
    }
}

impl From<String> for ContextPath {
    fn from(path: String) -> Self {
        Self(path.split('/').filter(|part| !part.is_empty()).map(str::to_owned).collect())
    }
}

/// With a slash at the end, as clients expect it.
impl fmt::Display for ContextPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("/")?;
        self.0.iter().try_for_each(|part| write!(f, "{part}/"))
    }
}

/// A crop with its directories.
#[derive(Debug)]
pub(super) struct Crop {
    pub(super) id: CropId,
    pub(super) context: ContextPath,
    pub(super) files: PathBuf,
    pub(super) digest: PathBuf,
    pub(super) instructions: PathBuf,
    pub(super) extractor_instructions: PathBuf,
    more_roots: Vec<PathBuf>,
    pub(super) directory_mode: u32,
    pub(super) users: BTreeMap<String, PasswordHash>,
    pub(super) contacts: Vec<Contact>,
}

impl Crop {
    pub(super) fn new(id: CropId, config: CropConfig) -> Self {
        let own = config.root.join("crops").join(id.as_str().to_lowercase());
        let or = |given: Option<PathBuf>, part| absolute(given.unwrap_or_else(|| own.join(part)));
        Self {
            id,
            context: config.context,
            files: or(config.files, "files"),
            digest: or(config.digest, "loader/digest"),
            instructions: or(config.instructions, "loader/instructions"),
            extractor_instructions: or(config.extractor_instructions, "extractor/instructions"),
            more_roots: config.more_roots.into_iter().map(absolute).collect(),
            directory_mode: config.directory_mode,
            users: config.users,
            contacts: config.contacts,
        }
    }

    /// The directories that instructions may read from and write to.
    pub(super) fn roots(&self) -> Vec<PathBuf> {
        let own = [&self.files, &self.digest].into_iter().chain(&self.more_roots);
        own.cloned().collect()
    }

    /// The contact record of a user.
    pub(super) fn contact_of(&self, user: &str) -> Option<&Contact> {
        self.contacts.iter().find(|contact| contact.user_name == user)
    }

    /// The address of a thing of this crop, as its clients write addresses.
    pub(super) fn href(&self, path: impl fmt::Display) -> String {
        format!("{}/gobii/v1/{path}", self.context)
    }
}

/// Clients carry the paths to other machines, so they begin at the root.
fn absolute(path: PathBuf) -> PathBuf {
    std::path::absolute(&path).unwrap_or(path)
}

/// A directory as clients want it: with a slash at the end.
pub(super) fn with_slash(directory: &Path) -> String {
    let mut text = directory.display().to_string();
    if !text.ends_with('/') {
        text.push('/');
    }
    text
}
