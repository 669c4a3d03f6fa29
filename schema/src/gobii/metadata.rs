//! What an instruction says about its load as a whole.

use super::{fields::Fields, node::Node, unreadable::Unreadable};

/// A thing of GOBii's database, by id and name as far as they are given.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Named {
    /// Its id.
    pub id: Option<i64>,
    /// Its name.
    pub name: Option<String>,
}

impl Named {
    fn read(node: Option<Node<'_>>) -> Result<Self, Unreadable> {
        let Some(node) = node else { return Ok(Self::default()) };
        let mut fields = node.fields()?;
        let named = Self { id: fields.integer("id")?, name: fields.text("name")? };
        fields.finish().map(|()| named)
    }
}

/// Who loads what for whom. Dialects A and B repeat it in every table, C says it once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Metadata {
    /// The crop.
    pub crop: Option<String>,
    /// Who is told of the outcome.
    pub contact_id: Option<i64>,
    /// Where the outcome is told.
    pub contact_email: Option<String>,
    /// What sort of load it is, as written: `CV_PAYLOADTYPE_MATRIX`, … Dialects B and C.
    pub payload_type: Option<String>,
    /// The status as written: `CV_PROGRESSSTATUS_NOSTATUS`, … Dialects B and C.
    pub job_status: Option<String>,
    /// Whether a quality check is wanted after the load.
    pub qc_check: bool,
    /// The data set by dialect A's and B's older property `dataSetId`.
    pub data_set_id: Option<i64>,
    /// The project.
    pub project: Named,
    /// The platform.
    pub platform: Named,
    /// The data set.
    pub dataset: Named,
    /// The data set's type.
    pub dataset_type: Named,
    /// The map set.
    pub mapset: Named,
    /// The experiment.
    pub experiment: Named,
}

impl Metadata {
    /// Takes the metadata's properties out of an object; `dataset` is that property's name there.
    pub(super) fn take(fields: &mut Fields<'_>, dataset: &'static str) -> Result<Self, Unreadable> {
        Ok(Self {
            crop: fields.text("gobiiCropType")?,
            contact_id: fields.integer("contactId")?,
            contact_email: fields.text("contactEmail")?,
            payload_type: fields.text("jobPayloadType")?,
            job_status: fields.text("gobiiJobStatus")?,
            qc_check: fields.truth("qcCheck")?.unwrap_or(false),
            data_set_id: None,
            project: Named::read(fields.take("project"))?,
            platform: Named::read(fields.take("platform"))?,
            dataset: Named::read(fields.take(dataset))?,
            dataset_type: Named::read(fields.take("datasetType"))?,
            mapset: Named::read(fields.take("mapset"))?,
            experiment: Named::read(fields.take("experiment"))?,
        })
    }
}
