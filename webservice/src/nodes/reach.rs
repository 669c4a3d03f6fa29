//! Whether nodes reach the folders that instructions may name here.

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};

use schema::{Heartbeat, NodeId};
use tracing::warn;
use uuid::Uuid;

use crate::config::Config;

/// The folders that instructions may name, and which processes were compared with them.
#[derive(Debug)]
pub(crate) struct Reach {
    folders: Vec<Folder>,
    seen: Mutex<HashMap<NodeId, Uuid>>,
}

#[derive(Debug, PartialEq, Eq)]
struct Folder {
    /// Whose instructions may name it.
    whose: String,
    path: PathBuf,
}

impl Reach {
    pub(crate) fn new(config: &Config) -> Self {
        let plain = config.roots.iter().cloned();
        let plain = plain.map(|path| Folder { whose: "plain instructions".to_owned(), path });
        let crops = config.gobii.iter().flat_map(|gobii| gobii.crops.folders());
        let crops = crops.map(|(id, path)| Folder { whose: format!("crop {id}"), path });
        Self { folders: plain.chain(crops).collect(), seen: Mutex::default() }
    }

    /// Warns of what a node does not reach, once for each of its processes: any job may go there.
    pub(crate) fn look(&self, node: &NodeId, beat: &Heartbeat) {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if seen.insert(node.clone(), beat.boot) == Some(beat.boot) {
            return;
        }
        for Folder { whose, path } in self.unreached(&beat.folders) {
            warn!(
                node = %node,
                "node {node} may not use {}, a folder of {whose}: their jobs fail there; add it to \
                 the `roots` of its service",
                path.display()
            );
        }
    }

    /// A node that tells no folders reaches all of them.
    fn unreached(&self, folders: &[String]) -> Vec<&Folder> {
        let is_reached = |path: &Path| folders.iter().any(|folder| path.starts_with(folder));
        let wanted = self.folders.iter().filter(|_| !folders.is_empty());
        wanted.filter(|folder| !is_reached(&folder.path)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_reached_under_one_of_the_nodes_and_by_a_node_that_names_none() {
        let folder = |path: &str| Folder { whose: "crop rice".to_owned(), path: path.into() };
        let folders = vec![folder("/data/rice/files"), folder("/data2")];
        let reach = Reach { folders, seen: Mutex::default() };
        let unreached = |folders: &[&str]| {
            let folders: Vec<_> = folders.iter().map(|&folder| folder.to_owned()).collect();
            let found = reach.unreached(&folders).into_iter().map(|folder| folder.path.clone());
            found.collect::<Vec<_>>()
        };
        assert_eq!(unreached(&[]), [""; 0].map(PathBuf::from));
        assert_eq!(unreached(&["/data"]), [Path::new("/data2")]);
        assert_eq!(unreached(&["/data2/", "/data/rice"]), [""; 0].map(PathBuf::from));
        assert_eq!(unreached(&["/other"]).len(), 2);
    }

    #[test]
    fn crops_and_plain_instructions_have_folders() {
        let config = serde_json::json!({
            "database": {"url": "postgres://nowhere"},
            "roots": ["/plain"],
            "gobii": {"crops": {"rice": {"context": "/rice", "root": "/data", "more_roots": ["/x"]}}},
        });
        let reach = Reach::new(&serde_json::from_value(config).unwrap());
        let of = |folder: &Folder| format!("{} {}", folder.whose, folder.path.display());
        let folders: Vec<_> = reach.folders.iter().map(of).collect();
        assert_eq!(
            folders,
            [
                "plain instructions /plain",
                "crop rice /data/crops/rice/files",
                "crop rice /data/crops/rice/loader/digest",
                "crop rice /x",
            ]
        );
    }
}
