//! What only GOBii's own database knows, and what is checked against it.

use std::pin::Pin;

use schema::gobii::{Dialect, LoaderInstruction, Metadata};

use super::{crop::CropId, error::Message, words};

/// GOBii's own database, as far as instructions are checked against it.
pub trait GobiiDatabase: Send + Sync + 'static {
    /// The data set with this id, if it is known.
    fn dataset<'a>(&'a self, crop: &'a CropId, id: i64) -> Lookup<'a, Dataset>;

    /// The experiment with this id, if it is known.
    fn experiment<'a>(&'a self, crop: &'a CropId, id: i64) -> Lookup<'a, Experiment>;
}

/// A lookup under way.
pub type Lookup<'a, T> = Pin<Box<dyn Future<Output = Option<T>> + Send + 'a>>;

/// A data set, by what an instruction may say of it.
#[derive(Clone, Copy, Debug)]
pub struct Dataset {
    /// The experiment it belongs to.
    pub experiment: i64,
    /// Its type, if it has one.
    pub kind: Option<i64>,
}

/// An experiment, by what an instruction may say of it.
#[derive(Clone, Copy, Debug)]
pub struct Experiment {
    /// The project it belongs to.
    pub project: i64,
    /// The platform of its vendor's protocol, if it has one.
    pub platform: Option<i64>,
}

/// No GOBii database: nothing is known, so nothing is wrong.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoDatabase;

impl GobiiDatabase for NoDatabase {
    fn dataset<'a>(&'a self, _: &'a CropId, _: i64) -> Lookup<'a, Dataset> {
        Box::pin(std::future::ready(None))
    }

    fn experiment<'a>(&'a self, _: &'a CropId, _: i64) -> Lookup<'a, Experiment> {
        Box::pin(std::future::ready(None))
    }
}

/// Checks that data set, type, experiment, project and platform belong together: in the oldest
/// dialect in every table, in the later ones in what stands for all.
pub(super) async fn check(
    database: &dyn GobiiDatabase,
    crop: &CropId,
    instruction: &LoaderInstruction,
) -> Vec<Message> {
    let checked = if instruction.dialect == Dialect::A { instruction.tables.len() } else { 1 };
    let mut findings = Vec::new();
    for table in instruction.tables.iter().take(checked) {
        for finding in check_one(database, crop, &table.metadata).await {
            if !findings.contains(&finding) {
                findings.push(finding);
            }
        }
    }
    findings
}

async fn check_one(
    database: &dyn GobiiDatabase,
    crop: &CropId,
    metadata: &Metadata,
) -> Vec<Message> {
    let dataset = match words::dataset(metadata) {
        Some(id) => database.dataset(crop, id).await,
        None => None,
    };
    let experiment = match metadata.experiment.id {
        Some(id) => database.experiment(crop, id).await,
        None => None,
    };
    let claims = [
        (metadata.experiment.id, dataset.map(|it| it.experiment), "experiment in the dataset"),
        (metadata.project.id, experiment.map(|it| it.project), "project in the experiment"),
        (metadata.dataset_type.id, dataset.and_then(|it| it.kind), "data type in the dataset"),
        (metadata.platform.id, experiment.and_then(|it| it.platform), "platform in the experiment"),
    ];
    let wrong = |(claimed, known, _): &(Option<i64>, Option<i64>, &str)| {
        claimed.is_some() && known.is_some() && claimed != known
    };
    let say = |(_, _, what)| Message::error(format!("The specified {what} is incorrect"));
    claims.into_iter().filter(wrong).map(say).collect()
}
