//! GOBii's words for where a job is and what a load is of.

use schema::{
    Job,
    JobStatus::{Cancelled, Completed, Failed, Running, Submitted},
    gobii::{LoaderInstruction, Metadata},
};

/// A job's status, in two writings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct StatusWord {
    /// As jobs say it.
    pub(super) term: &'static str,
    /// As instructions say it.
    pub(super) name: &'static str,
}

const fn word(term: &'static str, name: &'static str) -> StatusWord {
    StatusWord { term, name }
}

/// The stages that have a word; the others are just in progress.
const STAGES: [StatusWord; 6] = [
    word("validation", "CV_PROGRESSSTATUS_VALIDATION"),
    word("digest", "CV_PROGRESSSTATUS_DIGEST"),
    word("transformation", "CV_PROGRESSSTATUS_TRANSFORMATION"),
    word("metadata_load", "CV_PROGRESSSTATUS_METADATALOAD"),
    word("matrix_load", "CV_PROGRESSSTATUS_MATRIXLOAD"),
    word("qc_processing", "CV_PROGRESSSTATUS_QCPROCESSING"),
];

/// What GOBii says of a job that stands like this.
pub(super) fn status(job: &Job) -> StatusWord {
    match job.status {
        Submitted => word("pending", "CV_PROGRESSSTATUS_PENDING"),
        Running => {
            let stage = STAGES.into_iter().find(|known| job.stage.as_deref() == Some(known.term));
            stage.unwrap_or(word("in_progress", "CV_PROGRESSSTATUS_INPROGRESS"))
        }
        Completed => word("completed", "CV_PROGRESSSTATUS_COMPLETED"),
        Failed => word("failed", "CV_PROGRESSSTATUS_FAILED"),
        Cancelled => word("aborted", "CV_PROGRESSSTATUS_ABORTED"),
    }
}

/// The data set of a load: an older property names it first.
pub(super) fn dataset(metadata: &Metadata) -> Option<i64> {
    metadata.data_set_id.or(metadata.dataset.id)
}

/// What a load is of: the name in instructions, and the term in jobs.
const PAYLOADS: [(&str, &str); 5] = [
    ("CV_PAYLOADTYPE_SAMPLES", "samples"),
    ("CV_PAYLOADTYPE_MARKERS", "markers"),
    ("CV_PAYLOADTYPE_MATRIX", MATRIX),
    ("CV_PAYLOADTYPE_MARKERSAMPLES", "marker_samples"),
    ("CV_PAYLOADTYPE_ALLMETA", "all_meta"),
];

/// The term for a load of genotypes.
pub(super) const MATRIX: &str = "matrix";

/// The term for a payload's name.
pub(super) fn payload_named(name: &str) -> Option<&'static str> {
    PAYLOADS.iter().find(|(known, _)| *known == name).map(|&(_, term)| term)
}

/// What a load is of: as it says itself, or in the oldest dialect by its tables.
pub(super) fn payload(instruction: &LoaderInstruction) -> &'static str {
    let said = instruction.metadata().payload_type.as_deref().and_then(payload_named);
    said.unwrap_or_else(|| payload_of(instruction.tables.iter().map(|table| table.name.as_str())))
}

fn payload_of<'a>(tables: impl Iterator<Item = &'a str> + Clone) -> &'static str {
    let any = |fits: fn(&str) -> bool| tables.clone().any(fits);
    let markers = any(|it| it.starts_with("marker") || it.contains("linkage_group"));
    let samples = any(|it| ["germplasm", "dnasample", "dnarun"].iter().any(|s| it.starts_with(s)));
    match (any(|it| ["matrix", "dataset_marker", "dataset_dnarun"].contains(&it)), markers, samples)
    {
        (true, ..) => MATRIX,
        (_, true, false) => "markers",
        (_, false, true) => "samples",
        (_, true, true) => "marker_samples",
        (_, false, false) => "all_meta",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tables_tell_what_the_oldest_dialect_does_not() {
        for (tables, payload) in [
            (&["marker", "marker_prop", "marker_linkage_group"][..], "markers"),
            (&["linkage_group"], "markers"),
            (&["germplasm", "dnasample_prop", "dnarun"], "samples"),
            (&["marker", "dnarun"], "marker_samples"),
            (&["marker", "dnarun", "dataset_marker"], "matrix"),
            (&["matrix"], "matrix"),
            (&["something"], "all_meta"),
        ] {
            assert_eq!(payload_of(tables.iter().copied()), payload, "{tables:?}");
        }
    }
}
