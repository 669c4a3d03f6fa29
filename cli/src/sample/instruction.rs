//! Loader instructions as loaderUI writes them, in its three dialects.

use serde::Serialize;
use serde_json::{Value, json};

/// Where the data lies and where its digest goes.
#[derive(Debug)]
pub(super) struct Places {
    pub(super) source: String,
    pub(super) destination: String,
}

/// A column with every property, in loaderUI's order.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct Column {
    gobii_column_type: &'static str,
    r_coord: Option<u64>,
    c_coord: Option<u64>,
    name: &'static str,
    filter_from: Option<&'static str>,
    filter_to: Option<&'static str>,
    find_text: Option<&'static str>,
    replace_text: Option<&'static str>,
    constant_value: Option<&'static str>,
    index: Option<&'static str>,
    subcolumn: bool,
    subcolumn_delimiter: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    data_set_type: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    data_set_orientation_type: Option<&'static str>,
    meta_data_id: Option<&'static str>,
}

impl Column {
    fn new(gobii_column_type: &'static str, name: &'static str) -> Self {
        Self {
            gobii_column_type,
            name,
            data_set_type: Some("IUPAC"),
            data_set_orientation_type: Some("MARKER_FAST"),
            ..Self::default()
        }
    }

    fn csv(kind: &'static str, name: &'static str, row: u64, cell: u64) -> Self {
        Self { r_coord: Some(row), c_coord: Some(cell), ..Self::new(kind, name) }
    }

    fn constant(name: &'static str, value: &'static str) -> Self {
        Self { constant_value: Some(value), ..Self::new("CONSTANT", name) }
    }

    fn glued(self) -> Self {
        Self { subcolumn: true, ..self }
    }
}

/// A table's name and columns.
type Table = (&'static str, Vec<Column>);

fn file(places: &Places, delimiter: &str, kind: &str) -> Value {
    json!({
        "source": places.source, "destination": places.destination, "delimiter": delimiter,
        "gobiiFileType": kind, "requireDirectoriesToExist": false, "createSource": false
    })
}

/// The tables of a data set whose names stand in this line and this cell.
fn data_set(
    line: u64,
    name: u64,
    first: u64,
    kind: &'static str,
    mut tables: Vec<Table>,
) -> Vec<Table> {
    let from = line + 1;
    let matrix =
        Column { data_set_type: Some(kind), ..Column::csv("CSV_BOTH", "matrix", from, first) };
    tables.extend([
        (
            "dataset_marker",
            vec![
                Column::constant("platform_id", "3"),
                Column::constant("dataset_id", "6"),
                Column::csv("CSV_COLUMN", "marker_name", from, name),
                Column::new("AUTOINCREMENT", "marker_idx"),
            ],
        ),
        (
            "dataset_dnarun",
            vec![
                Column::constant("experiment_id", "2"),
                Column::constant("dataset_id", "6"),
                Column::csv("CSV_ROW", "dnarun_name", line, first),
                Column::new("AUTOINCREMENT", "dnarun_idx"),
            ],
        ),
        ("matrix", vec![matrix]),
    ]);
    tables
}

/// The tables of markers: their own, and where they are on the map.
fn markers(
    row: u64,
    name: u64,
    chromosome: u64,
    position: u64,
    alleles: [Column; 2],
) -> Vec<Table> {
    let cell = |column, cell| Column::csv("CSV_COLUMN", column, row, cell);
    let [reference, alternates] = alleles;
    vec![
        (
            "marker",
            vec![
                Column::constant("platform_id", "3"),
                cell("name", name),
                reference,
                alternates,
                Column::constant("status", "1"),
            ],
        ),
        (
            "linkage_group",
            vec![
                Column::constant("map_id", "2"),
                cell("name", chromosome),
                Column::constant("start", "0"),
                Column::constant("stop", "0"),
            ],
        ),
        (
            "marker_linkage_group",
            vec![
                Column::constant("platform_id", "3"),
                Column::constant("map_id", "2"),
                cell("marker_name", name),
                cell("linkage_group_name", chromosome),
                cell("start", position),
                cell("stop", position),
            ],
        ),
    ]
}

/// Dialects A and B: a list, everything repeated in every table.
fn list(file: &Value, kind: &str, job: bool, tables: Vec<Table>) -> Value {
    let named = |id: Option<u64>, name: Option<&str>| json!({ "id": id, "name": name });
    let mut payload = Some("CV_PAYLOADTYPE_MATRIX");
    let tables = tables.into_iter().map(|(table, columns)| {
        let mut element = json!({
            "gobiiFile": file, "table": table, "gobiiFileColumns": columns,
            "vcfParameters": {
                "maf": null, "minQ": null, "minDp": null, "removeIndels": false, "toIupac": false
            },
            "dataSetId": 6, "gobiiCropType": "dev", "contactId": 7,
            "contactEmail": "reader@example.org", "qcCheck": false,
            "project": named(Some(1), Some("Maize lines")),
            "platform": named(Some(3), Some("GBS")),
            "dataSet": named(Some(6), Some("DS One")),
            "datasetType": named(None, Some(kind)),
            "mapset": named(Some(2), Some("AGPv4")),
            "experiment": named(Some(2), Some("Maize lines GBS")),
        });
        if job {
            element["columnsByTableName"] = json!({});
            element["jobPayloadType"] = json!(payload.take());
            element["gobiiJobStatus"] = json!("CV_PROGRESSSTATUS_NOSTATUS");
            element["logMessage"] = Value::Null;
        }
        element
    });
    tables.collect()
}

/// The HapMap, in dialect A.
pub(super) fn hapmap(places: &Places) -> Value {
    let allele = |name| Column::csv("CSV_COLUMN", name, 1, 1);
    let reference = Column { filter_to: Some("/"), ..allele("ref") };
    let alternates = Column { filter_from: Some("/"), ..allele("alts") };
    let kind = "NUCLEOTIDE_2_LETTER";
    let tables = data_set(0, 0, 11, kind, markers(1, 0, 2, 3, [reference, alternates]));
    list(&file(places, "\\t", "HAPMAP"), kind, false, tables)
}

/// The VCF, in dialect B; its five lines of meta data are skipped by the coordinates.
pub(super) fn vcf(places: &Places) -> Value {
    let allele = |name, cell| Column::csv("CSV_COLUMN", name, 6, cell);
    let tables = markers(6, 2, 0, 1, [allele("ref", 3), allele("alts", 4)]);
    list(&file(places, "\\t", "VCF"), "VCF", true, data_set(5, 2, 9, "VCF", tables))
}

/// The list of samples, in dialect C.
pub(super) fn samples(places: &Places) -> Value {
    let named = |id: Option<u64>, name: Option<&str>| json!({ "id": id, "name": name });
    let tables = sample_tables().into_iter().map(|(table, columns)| {
        let plain =
            |column| Column { data_set_type: None, data_set_orientation_type: None, ..column };
        let columns: Vec<_> = columns.into_iter().map(plain).collect();
        json!({ "table": table, "gobiiFileColumns": columns })
    });
    json!({
        "metadata": {
            "project": named(Some(1), Some("Maize lines")), "platform": named(None, None),
            "experiment": named(Some(2), Some("Maize lines GBS")),
            "datasetOrientationType": null, "dataset": named(None, None),
            "datasetType": named(None, None), "mapset": named(None, None),
            "gobiiFile": file(places, ",", "GENERIC"), "gobiiCropType": "dev",
            "jobPayloadType": "CV_PAYLOADTYPE_SAMPLES",
            "gobiiJobStatus": "CV_PROGRESSSTATUS_NOSTATUS",
            "contactId": 7, "contactEmail": "reader@example.org", "qcCheck": false
        },
        "instructions": tables.collect::<Vec<_>>()
    })
}

fn sample_tables() -> Vec<Table> {
    let cell = |column, cell| Column::csv("CSV_COLUMN", column, 1, cell);
    let props = |key, first| {
        vec![
            cell(first, if first == "external_code" { 1 } else { 4 }),
            Column::constant("props", key),
            cell("origin", 8).glued(),
            Column::constant("comma", ",").glued(),
            Column::constant("key", "rainfall:").glued(),
            cell("rainfall", 9).glued(),
        ]
    };
    vec![
        (
            "germplasm",
            vec![
                cell("name", 0),
                cell("external_code", 1),
                cell("species_name", 2),
                cell("type_name", 3),
                Column::constant("status", "1"),
            ],
        ),
        (
            "dnasample",
            vec![
                Column::constant("project_id", "1"),
                cell("name", 4),
                cell("external_code", 1),
                cell("num", 5),
                cell("platename", 6),
                Column::constant("status", "1"),
            ],
        ),
        ("dnasample_prop", props("origin:", "dnasample_name")),
        (
            "dnarun",
            vec![
                Column::constant("experiment_id", "2"),
                cell("name", 7),
                cell("dnasample_name", 4),
                cell("num", 5),
            ],
        ),
    ]
}
