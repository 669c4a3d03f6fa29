//! How a matrix is written, which way it lies, and where the names of its cells stand.

use schema::{
    Finding,
    gobii::{DataSetType, FileType, LoaderInstruction, Orientation},
};

use super::table::{Read, TablePlan};
use crate::failure::error;

/// How the calls of a matrix are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Calls {
    /// Two letters, with or without something between them.
    TwoLetters,
    /// One letter for two.
    Iupac,
    /// Allele sizes.
    Ssr,
    /// 0, 1, N.
    Dominant,
    /// 0, 1, 2, N.
    CoDominant,
    /// Numbers of alleles that stand in these parts of this table.
    Vcf { table: usize, reference: usize, alternates: usize },
}

impl Calls {
    /// The name as instructions write it.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::TwoLetters => DataSetType::Nucleotide2Letter.as_str(),
            Self::Iupac => DataSetType::Iupac.as_str(),
            Self::Ssr => DataSetType::SsrAlleleSize.as_str(),
            Self::Dominant => DataSetType::DominantNonNucleotide.as_str(),
            Self::CoDominant => DataSetType::CoDominantNonNucleotide.as_str(),
            Self::Vcf { .. } => DataSetType::Vcf.as_str(),
        }
    }
}

/// Where the name of a cell's marker or sample stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NamePlace {
    /// In the cell's own line.
    Line { cell: usize },
    /// In this line, this many cells right of the matrix's own first cell.
    Row { row: u64, cell: usize },
}

impl NamePlace {
    pub(super) fn row(self) -> Option<u64> {
        match self {
            Self::Line { .. } => None,
            Self::Row { row, .. } => Some(row),
        }
    }
}

/// What is done with the table named `matrix`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct MatrixPlan {
    pub(crate) table: usize,
    pub(crate) calls: Calls,
    /// Lines are samples: rows and columns change places.
    pub(crate) turned: bool,
    pub(crate) marker_name: Option<NamePlace>,
    pub(crate) sample_name: Option<NamePlace>,
}

impl MatrixPlan {
    /// The plan for the matrix, if the instruction makes one.
    pub(super) fn find(
        instruction: &LoaderInstruction,
        tables: &[TablePlan],
    ) -> Result<Option<Self>, Finding> {
        let Some(table) = tables.iter().position(|table| table.name == "matrix") else {
            return Ok(None);
        };
        let (kind, orientation) = kind(instruction);
        let turned = orientation == Some(Orientation::SampleFast);
        let fail = |problem: &str| Err(error(problem).table("matrix"));
        if tables[table].read == Read::Row {
            return fail("a matrix cannot be made of CSV_ROW columns");
        }
        let calls = match kind {
            DataSetType::Nucleotide2Letter => Calls::TwoLetters,
            DataSetType::Iupac => Calls::Iupac,
            DataSetType::SsrAlleleSize => Calls::Ssr,
            DataSetType::DominantNonNucleotide => Calls::Dominant,
            DataSetType::CoDominantNonNucleotide => Calls::CoDominant,
            DataSetType::Vcf if turned => return fail("a VCF matrix cannot be SAMPLE_FAST"),
            DataSetType::Vcf => vcf(tables, tables[table].read)?,
            DataSetType::Nucleotide4Letter => {
                return fail("the type NUCLEOTIDE_4_LETTER is not supported");
            }
        };
        let marker_name = name_place(tables, "dataset_marker", "marker_name");
        let sample_name = name_place(tables, "dataset_dnarun", "dnarun_name");
        Ok(Some(Self { table, calls, turned, marker_name, sample_name }))
    }
}

/// The first column with a type decides; a table without one inherits from the table before.
fn kind(instruction: &LoaderInstruction) -> (DataSetType, Option<Orientation>) {
    let (mut kind, mut orientation) = (None, None);
    for table in &instruction.tables {
        if let Some(column) = table.columns.iter().find(|column| column.data_set_type.is_some()) {
            kind = column.data_set_type;
            orientation = column.orientation.or(orientation);
        } else {
            // In dialect C the orientation may be given without a type.
            let given = table.columns.iter().find_map(|column| column.orientation);
            orientation = given.or(orientation);
        }
        let vcf = instruction.file().file_type == Some(FileType::Vcf);
        if vcf && kind != Some(DataSetType::Iupac) {
            kind = Some(DataSetType::Vcf);
        }
        if table.name == "matrix" {
            break;
        }
    }
    (kind.unwrap_or(DataSetType::Iupac), orientation)
}

fn vcf(tables: &[TablePlan], matrix: Read) -> Result<Calls, Finding> {
    let fail = |problem: &str| error(problem).table("marker");
    let table = tables.iter().position(|table| table.name == "marker");
    let table = table.ok_or_else(|| fail("a VCF matrix needs a table marker with ref and alts"))?;
    let marker = &tables[table];
    let part = |name: &str| {
        let at = marker.parts.iter().position(|part| !part.glued && part.name == name);
        at.ok_or_else(|| fail("a VCF matrix needs the columns ref and alts in marker"))
    };
    if !matches!(marker.read, Read::Column { .. }) || marker.read.from() != matrix.from() {
        return Err(fail("marker and a VCF matrix must be read from the same line on"));
    }
    Ok(Calls::Vcf { table, reference: part("ref")?, alternates: part("alts")? })
}

fn name_place(tables: &[TablePlan], table: &str, column: &str) -> Option<NamePlace> {
    let table = tables.iter().find(|known| known.name == table)?;
    let (row, cell) = table.cell(column)?;
    match table.read {
        Read::Column { .. } => Some(NamePlace::Line { cell }),
        Read::Row => Some(NamePlace::Row { row, cell }),
        Read::Block { .. } => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_type_lives_on_until_the_next_one() {
        let text = r#"[
            {"table":"marker","gobiiFileColumns":[
                {"gobiiColumnType":"CONSTANT","dataSetType":"SSR_ALLELE_SIZE"}]},
            {"table":"matrix","gobiiFileColumns":[
                {"gobiiColumnType":"CSV_BOTH","dataSetType":null}]}]"#;
        let instruction = LoaderInstruction::parse(text).unwrap();
        assert_eq!(kind(&instruction).0, DataSetType::SsrAlleleSize);
        let vcf = text.replace(
            "\"table\":\"marker\"",
            "\"table\":\"marker\",\"gobiiFile\":{\"gobiiFileType\":\"VCF\"}",
        );
        let instruction = LoaderInstruction::parse(&vcf).unwrap();
        assert_eq!(kind(&instruction).0, DataSetType::Vcf);
    }
}
