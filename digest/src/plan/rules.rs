//! What the tables of an instruction must agree on before anything is read.

use schema::gobii::{ColumnKind, LoaderInstruction};

/// Line and cell of a column, as far as they are given.
type Place = (Option<i64>, Option<i64>);

/// Why the rest of a group is not looked at.
type Broken = String;

/// The message of the first broken rule of each group: markers, samples, data set.
pub(super) fn broken(instruction: &LoaderInstruction) -> Vec<Broken> {
    let rules = Rules(instruction);
    let groups = [rules.markers(), rules.samples(), rules.data_set()];
    groups.into_iter().filter_map(Result::err).collect()
}

struct Rules<'a>(&'a LoaderInstruction);

impl Rules<'_> {
    fn markers(&self) -> Result<(), Broken> {
        self.same(("marker", "name"), ("marker_linkage_group", "marker_name"))?;
        self.same(("marker_linkage_group", "linkage_group_name"), ("linkage_group", "name"))?;
        self.same(("marker_prop", "marker_name"), ("marker", "name"))?;
        self.needs_table(("marker_prop", "name"), ("marker", "name"))?;
        self.whole_linkage_group()
    }

    fn samples(&self) -> Result<(), Broken> {
        self.same(("germplasm", "external_code"), ("dnasample", "external_code"))?;
        self.same(("dnasample", "name"), ("dnarun", "dnasample_name"))?;
        self.needs_table(("germplasm_prop", "name"), ("germplasm", "name"))?;
        self.same(("germplasm_prop", "external_code"), ("germplasm", "external_code"))?;
        self.needs_table(("dnasample_prop", "name"), ("dnasample", "name"))?;
        self.same(("dnasample_prop", "dnasample_name"), ("dnasample", "name"))?;
        self.needs_table(("dnarun_prop", "name"), ("dnarun", "name"))?;
        self.same(("dnarun_prop", "dnarun_name"), ("dnarun", "name"))
    }

    fn data_set(&self) -> Result<(), Broken> {
        self.needs_table(("matrix", "matrix"), ("dataset_marker", "marker_name"))?;
        self.needs_table(("matrix", "matrix"), ("dataset_dnarun", "dnarun_name"))?;
        self.same(("marker", "name"), ("dataset_marker", "marker_name"))?;
        self.same(("dnarun", "name"), ("dataset_dnarun", "dnarun_name"))
    }

    /// The column read from the input under this name.
    fn place(&self, (table, column): (&str, &str)) -> Option<Place> {
        use ColumnKind::{CsvBoth, CsvColumn, CsvRow};
        let mut tables = self.0.tables.iter().filter(|known| known.name == table);
        let found = tables.find_map(|table| {
            table.columns.iter().find(|known| {
                matches!(known.kind, CsvBoth | CsvColumn | CsvRow)
                    && known.name.as_deref() == Some(column)
            })
        });
        found.map(|column| (column.row, column.cell))
    }

    fn same(&self, one: (&str, &str), other: (&str, &str)) -> Result<(), Broken> {
        match (self.place(one), self.place(other)) {
            (Some(a), Some(b)) if a != b => {
                Err(format!("Mismatch between {}({}) and {}({})", one.0, one.1, other.0, other.1))
            }
            _ => Ok(()),
        }
    }

    fn needs_table(&self, one: (&str, &str), other: (&str, &str)) -> Result<(), Broken> {
        match (self.place(one), self.place(other)) {
            (Some(_), None) => Err(format!("{} exists without {}", one.0, other.0)),
            _ => Ok(()),
        }
    }

    fn whole_linkage_group(&self) -> Result<(), Broken> {
        let columns = ["marker_name", "linkage_group_name", "start", "stop"];
        let there = columns.map(|column| self.place(("marker_linkage_group", column)).is_some());
        if there.contains(&true) && there.contains(&false) {
            return Err("Marker_linkage_group exists but doesn't contain all columns lg_name, \
                        marker_name, start and stop"
                .to_owned());
        }
        Ok(())
    }
}
