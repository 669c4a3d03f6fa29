//! Result files, for whoever asks for them through the web service.

use std::{
    fs::File,
    path::{Path, PathBuf},
    sync::Arc,
};

use roots::{Denied, Roots};
use schema::{JobId, OutputFile, Report};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    task::spawn_blocking,
};

use crate::{callback::Refusal, error::ApiError, node::Node};

/// How many files are sent at once.
const AT_ONCE: usize = 8;

/// A file on its way out.
#[derive(Debug)]
pub(crate) struct Download {
    pub(crate) file: File,
    pub(crate) bytes: u64,
    /// Given back when it is sent, or nobody wants it any more.
    pub(crate) place: OwnedSemaphorePermit,
}

/// Room for files on their way out.
pub(crate) fn room() -> Arc<Semaphore> {
    Arc::new(Semaphore::new(AT_ONCE))
}

impl Node {
    /// Opens a file of a job. Only what the job's report names, as the web service keeps it, is given
    /// out, and only while it is as long as it says there.
    pub(crate) async fn download(&self, id: JobId, name: &str) -> Result<Download, ApiError> {
        let place = Arc::clone(&self.downloads).try_acquire_owned();
        let place = place.map_err(|_| ApiError::TooManyDownloads)?;
        let listed = self.listed(id, name).await?;
        let (roots, path) = (self.roots.clone(), PathBuf::from(&listed.path));
        let opened = spawn_blocking(move || open_within(&roots, &path)).await;
        // Only a runtime that ends gives up what it was asked to do.
        let (file, bytes) = opened.map_err(|_| ApiError::Stopping)?.map_err(|error| {
            tracing::info!(%error, "{} is asked for and cannot be sent", listed.path);
            ApiError::FileGone(name.to_owned())
        })?;
        if bytes != listed.bytes {
            let name = name.to_owned();
            return Err(ApiError::FileChanged { name, bytes, reported: listed.bytes });
        }
        Ok(Download { file, bytes, place })
    }

    /// What the job's report says of a file of this name.
    async fn listed(&self, id: JobId, name: &str) -> Result<OutputFile, ApiError> {
        let job = match self.callback.job(id).await {
            Ok(Ok(job)) => job,
            Ok(Err(Refusal::Unknown)) => return Err(ApiError::UnknownJob(id)),
            Ok(Err(refusal)) => {
                tracing::warn!(%refusal, "the report of job {id} cannot be had");
                return Err(ApiError::NoReport(id));
            }
            Err(away) => {
                tracing::warn!(error = &away as &dyn std::error::Error, "no report of job {id}");
                return Err(ApiError::NoReport(id));
            }
        };
        let report =
            job.report.and_then(|report| serde_json::from_str::<Report>(report.get()).ok());
        let mut files = report.into_iter().flat_map(|report| report.files);
        let found = files.find(|file| Path::new(&file.path).file_name() == Some(name.as_ref()));
        found.ok_or_else(|| ApiError::NoSuchFile { id, name: name.to_owned() })
    }
}

/// Opens a plain file under one of the roots, and tells its length. Outputs are no links: one that is
/// there now may lead to the file of another crop.
fn open_within(roots: &[PathBuf], path: &Path) -> Result<(File, u64), Denied> {
    let file = Roots::open(roots)?.file_itself(path)?;
    let bytes = file.metadata()?.len();
    Ok((file, bytes))
}

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::symlink};

    use super::*;

    #[test]
    fn only_plain_files_below_a_root_are_sent_and_no_link_is_followed() {
        let home = tempfile::tempdir().unwrap();
        let (root, outside) = (home.path().join("root"), home.path().join("outside"));
        fs::create_dir_all(root.join("a")).unwrap();
        fs::create_dir(&outside).unwrap();
        fs::write(root.join("a/digest.marker"), "name\n").unwrap();
        fs::write(outside.join("secret"), "hush").unwrap();
        symlink(outside.join("secret"), root.join("link")).unwrap();
        symlink(&outside, root.join("folder")).unwrap();
        symlink("a", root.join("b")).unwrap();
        let roots = [root.clone()];
        let bytes = |path: &str| open_within(&roots, &root.join(path)).ok().map(|(_, bytes)| bytes);
        assert_eq!(bytes("a/digest.marker"), Some(5));
        for path in ["link", "folder/secret", "b/digest.marker", "a", "gone", "../outside/secret"] {
            assert_eq!(bytes(path), None, "{path}");
        }
        assert!(open_within(&[], &outside.join("secret")).is_ok(), "without roots, anywhere");
    }
}
