//! Jobs, in GOBii's words.

use schema::{Job, Key, gobii::LoaderInstruction};
use serde::Serialize;

use super::{
    backend::Backend,
    crop::Crop,
    envelope::{Item, Reply},
    error::GobiiError,
    facade::Facade,
    instruction::{KIND, key},
    path::segment,
    words,
};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct JobDto<'a> {
    allowed_process_types: [&'static str; 2],
    job_id: Option<i64>,
    job_name: &'a str,
    #[serde(rename = "type")]
    kind: &'static str,
    payload_type: &'static str,
    status: &'static str,
    message: &'a str,
    submitted_by: Option<i64>,
    submitted_date: i64,
    dataset_ids: Vec<i64>,
    id: Option<i64>,
}

impl<'a> JobDto<'a> {
    pub(super) fn new(job: &'a Job, name: &'a str, instruction: &LoaderInstruction) -> Self {
        let metadata = instruction.metadata();
        let id = Some(short(job.number));
        Self {
            allowed_process_types: ["READ", "UPDATE"],
            job_id: id,
            job_name: name,
            kind: "load",
            payload_type: words::payload(instruction),
            status: words::status(job).term,
            message: job.message.as_deref().unwrap_or_default(),
            submitted_by: metadata.contact_id,
            submitted_date: job.submitted_at.as_millisecond(),
            dataset_ids: words::dataset(metadata).into_iter().collect(),
            id,
        }
    }

    /// The same with another number, or one that is still to be given.
    pub(super) fn numbered(self, id: Option<i64>) -> Self {
        Self { job_id: id, id, ..self }
    }
}

/// A number that fits what clients keep it in: 31 bits.
const fn short(number: i64) -> i64 {
    number & 0x7fff_ffff
}

/// `GET jobs/{name}` and `GET instructions/loader/jobs/{name}`: an unknown job is an empty list.
pub(super) async fn get<B: Backend>(
    facade: &Facade<B>,
    crop: &Crop,
    name: &str,
    collection: &str,
) -> Result<Reply, GobiiError> {
    let Some((job, instruction)) = find(facade, crop, name).await? else {
        return Ok(Reply::found([]));
    };
    let dto = JobDto::new(&job, name, &instruction);
    let href = crop.href(format_args!("{collection}/{}", segment(name)));
    Ok(Reply::found([Item::new(&dto).linked("JobDTO", short(job.number), href, &["GET"])]))
}

async fn find<B: Backend>(
    facade: &Facade<B>,
    crop: &Crop,
    name: &str,
) -> Result<Option<(Job, LoaderInstruction)>, GobiiError> {
    let Ok(key) = key(crop, name) else { return Ok(None) };
    let Some((job, kept)) = newest(facade, &key).await? else { return Ok(None) };
    Ok(LoaderInstruction::parse(kept.body.get()).ok().map(|instruction| (job, instruction)))
}

/// The instruction under a key with its newest job.
pub(super) async fn newest<B: Backend>(
    facade: &Facade<B>,
    key: &Key,
) -> Result<Option<(Job, schema::Instruction)>, GobiiError> {
    let Some(kept) = facade.backend.instruction(key).await? else { return Ok(None) };
    if kept.kind.as_str() != KIND {
        return Ok(None);
    }
    Ok(facade.backend.job(key).await?.map(|job| (job, kept)))
}
