//! What a loader instruction reads, and which columns it feeds.

use schema::gobii::{Column, ColumnKind, LoaderInstruction, Table};

use crate::mapping::{MappedColumn, MappedTable, Mapping, Origin, Source};

/// The mapping of a loader instruction; none if it cannot be read.
pub(super) fn of(body: &str) -> Option<Mapping> {
    let instruction = LoaderInstruction::parse(body).ok()?;
    let mut places: Vec<_> = read(&instruction).map(Place::of).collect();
    places.sort_unstable();
    places.dedup();
    let tables = instruction.tables.iter().map(|table| mapped(table, &places)).collect();
    Some(Mapping { sources: places.iter().map(Place::source).collect(), tables })
}

fn read(instruction: &LoaderInstruction) -> impl Iterator<Item = &Column> {
    let columns = instruction.tables.iter().flat_map(fed);
    columns.map(|(column, _)| column).filter(|column| is_read(column.kind))
}

fn is_read(kind: ColumnKind) -> bool {
    !matches!(kind, ColumnKind::Constant | ColumnKind::Autoincrement)
}

/// The columns of a table, and whether anything feeds them: of several blocks only the first is read.
fn fed(table: &Table) -> impl Iterator<Item = (&Column, bool)> {
    let mut blocks = 0;
    table.columns.iter().map(move |column| {
        blocks += usize::from(column.kind == ColumnKind::CsvBoth);
        (column, column.kind != ColumnKind::CsvBoth || blocks == 1)
    })
}

fn mapped(table: &Table, places: &[Place]) -> MappedTable {
    let columns = fed(table).map(|(column, fed)| MappedColumn {
        name: column.name.clone().unwrap_or_default(),
        origin: if fed { origin(column, places) } else { Origin::Nothing },
        notes: notes(column),
    });
    MappedTable { name: table.name.clone(), columns: columns.collect() }
}

fn origin(column: &Column, places: &[Place]) -> Origin {
    match column.kind {
        ColumnKind::Constant => Origin::Constant(column.constant.clone().unwrap_or_default()),
        ColumnKind::Autoincrement => Origin::Counter,
        _ => match places.binary_search(&Place::of(column)) {
            Ok(place) => Origin::Source(place),
            Err(_) => Origin::Nothing,
        },
    }
}

/// Where values stand in the input, in the order in which a reader looks for it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Place {
    Column { cell: Option<i64>, from: Option<i64> },
    Line { row: Option<i64>, from: Option<i64> },
    Block { row: Option<i64>, cell: Option<i64> },
    Other(&'static str),
}

impl Place {
    fn of(column: &Column) -> Self {
        let (row, cell) = (column.row, column.cell);
        match column.kind {
            ColumnKind::CsvColumn => Self::Column { cell, from: row },
            ColumnKind::CsvRow => Self::Line { row, from: cell },
            ColumnKind::CsvBoth => Self::Block { row, cell },
            other => Self::Other(other.as_str()),
        }
    }

    fn source(&self) -> Source {
        let (name, detail) = match *self {
            Self::Column { cell, from } => {
                (format!("column {}", counted(cell)), format!("from line {} on", counted(from)))
            }
            Self::Line { row, from } => {
                (format!("line {}", counted(row)), format!("from column {} on", counted(from)))
            }
            Self::Block { row, cell } => {
                let (row, cell) = (counted(row), counted(cell));
                ("block".to_owned(), format!("from line {row}, column {cell} on"))
            }
            Self::Other(kind) => (kind.to_owned(), "cannot be read".to_owned()),
        };
        Source { name, detail }
    }
}

/// Instructions count from 0, people and reports from 1.
fn counted(coordinate: Option<i64>) -> String {
    coordinate.map_or_else(|| "?".to_owned(), |from_0| from_0.saturating_add(1).to_string())
}

fn notes(column: &Column) -> Vec<String> {
    let mut notes = Vec::new();
    match (given(&column.filter_from), given(&column.filter_to)) {
        (Some(from), Some(to)) => notes.push(format!("what stands between “{from}” and “{to}”")),
        (Some(from), None) => notes.push(format!("what stands after “{from}”")),
        (None, Some(to)) => notes.push(format!("what stands before “{to}”")),
        (None, None) => {}
    }
    if let Some(find) = given(&column.find_text) {
        let replace = column.replace_text.as_deref().unwrap_or_default();
        notes.push(format!("“{find}” is replaced by “{replace}”"));
    }
    if column.subcolumn {
        notes.push("glued to the column before it".to_owned());
    }
    if column.kind == ColumnKind::CsvBoth {
        notes.extend(column.data_set_type.map(|calls| format!("calls are {}", calls.as_str())));
        notes.extend(column.orientation.map(|way| way.as_str().to_owned()));
    }
    notes
}

fn given(text: &Option<String>) -> Option<&str> {
    text.as_deref().filter(|text| !text.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    const HAPMAP: &str =
        include_str!("../../../digest/tests/cases/hapmap-two-letter/instruction.json");

    /// The mapping, a line each column: `table.column < where from (notes)`.
    fn lines(body: &str) -> Vec<String> {
        let mapping = of(body).unwrap();
        let line = |table: &MappedTable, column: &MappedColumn| {
            let from = match &column.origin {
                Origin::Source(place) => {
                    let Source { name, detail } = &mapping.sources[*place];
                    format!("{name} {detail}")
                }
                Origin::Constant(text) => format!("“{text}”"),
                Origin::Counter => "counted".to_owned(),
                Origin::Nothing => "nothing".to_owned(),
            };
            let notes = column.notes.iter().map(|note| format!("; {note}")).collect::<String>();
            format!("{}.{} < {from}{notes}", table.name, column.name)
        };
        let of_table = |table| move |column| line(table, column);
        mapping.tables.iter().flat_map(|table| table.columns.iter().map(of_table(table))).collect()
    }

    #[test]
    fn every_column_tells_what_feeds_it_counted_as_people_count() {
        let lines = lines(HAPMAP);
        for line in [
            "marker.name < column 1 from line 2 on",
            "dataset_marker.marker_name < column 1 from line 2 on",
            "dataset_marker.marker_idx < counted",
            "dataset_dnarun.dnarun_name < line 1 from column 4 on",
        ] {
            assert!(lines.iter().any(|known| known == line), "{line} in {lines:#?}");
        }
        let matrix = lines.iter().find(|line| line.starts_with("matrix.")).unwrap();
        assert!(matrix.contains("block from line 2, column 4 on"), "{matrix}");
        assert!(matrix.contains("calls are NUCLEOTIDE_2_LETTER"), "{matrix}");
    }

    #[test]
    fn sources_are_named_once_and_in_their_order() {
        let mapping = of(HAPMAP).unwrap();
        let names: Vec<_> = mapping.sources.iter().map(|source| &*source.name).collect();
        assert_eq!((names.first(), names.last()), (Some(&"column 1"), Some(&"block")));
        let mut once = names.clone();
        once.dedup();
        assert_eq!(names, once);
    }

    #[test]
    fn what_is_done_to_values_is_said() {
        let body = r#"[{"table": "t", "gobiiFileColumns": [
            {"gobiiColumnType": "CSV_COLUMN", "name": "a", "rCoord": 1, "cCoord": 0,
             "filterFrom": "<", "filterTo": ">", "findText": "x", "replaceText": "y"},
            {"gobiiColumnType": "CONSTANT", "name": "b", "constantValue": "7", "subcolumn": true},
            {"gobiiColumnType": "CSV_BOTH", "name": "c", "rCoord": 1, "dataSetType": null,
             "dataSetOrientationType": null},
            {"gobiiColumnType": "CSV_BOTH", "name": "d", "dataSetType": null,
             "dataSetOrientationType": null},
            {"gobiiColumnType": "VCF_INFO", "name": "e"}]}]"#;
        assert_eq!(
            lines(body),
            [
                "t.a < column 1 from line 2 on; what stands between “<” and “>”; \
                 “x” is replaced by “y”",
                "t.b < “7”; glued to the column before it",
                "t.c < block from line 2, column ? on",
                "t.d < nothing",
                "t.e < VCF_INFO cannot be read",
            ]
        );
    }

    #[test]
    fn what_cannot_be_read_is_not_drawn() {
        assert_eq!(of("[{}]"), None);
    }
}
