//! One column of a table: where its values come from, and what is done to them.

use super::{fields::Fields, node::Node, unreadable::Unreadable};

/// Where a column's values come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ColumnKind {
    /// One cell of every line.
    CsvColumn,
    /// The cells of one line.
    CsvRow,
    /// A block of lines and cells.
    CsvBoth,
    /// Always the same text.
    Constant,
    /// 0, 1, 2, …
    Autoincrement,
    VcfSample,
    VcfMarker,
    VcfVariant,
    VcfMetadata,
    VcfInfo,
    VcfMarkerPos,
}

impl ColumnKind {
    const NAMES: &[(&str, Self)] = &[
        ("CSV_COLUMN", Self::CsvColumn),
        ("CSV_ROW", Self::CsvRow),
        ("CSV_BOTH", Self::CsvBoth),
        ("CONSTANT", Self::Constant),
        ("AUTOINCREMENT", Self::Autoincrement),
        ("VCF_SAMPLE", Self::VcfSample),
        ("VCF_MARKER", Self::VcfMarker),
        ("VCF_VARIANT", Self::VcfVariant),
        ("VCF_METADATA", Self::VcfMetadata),
        ("VCF_INFO", Self::VcfInfo),
        ("VCF_MARKER_POS", Self::VcfMarkerPos),
    ];

    /// The name as instructions write it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        name_in(Self::NAMES, self)
    }
}

/// How a matrix's calls are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DataSetType {
    Nucleotide2Letter,
    Nucleotide4Letter,
    Iupac,
    SsrAlleleSize,
    DominantNonNucleotide,
    CoDominantNonNucleotide,
    Vcf,
}

impl DataSetType {
    pub(super) const NAMES: &[(&str, Self)] = &[
        ("NUCLEOTIDE_2_LETTER", Self::Nucleotide2Letter),
        ("NUCLEOTIDE_4_LETTER", Self::Nucleotide4Letter),
        ("IUPAC", Self::Iupac),
        ("SSR_ALLELE_SIZE", Self::SsrAlleleSize),
        ("DOMINANT_NON_NUCLEOTIDE", Self::DominantNonNucleotide),
        ("CO_DOMINANT_NON_NUCLEOTIDE", Self::CoDominantNonNucleotide),
        ("VCF", Self::Vcf),
    ];

    /// The name as instructions write it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        name_in(Self::NAMES, self)
    }
}

/// Which way a matrix lies in its file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Orientation {
    /// A line is a marker.
    MarkerFast,
    /// A line is a sample: the digest has to be turned.
    SampleFast,
}

impl Orientation {
    pub(super) const NAMES: &[(&str, Self)] =
        &[("MARKER_FAST", Self::MarkerFast), ("SAMPLE_FAST", Self::SampleFast)];

    /// The name as instructions write it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        name_in(Self::NAMES, self)
    }
}

/// One column of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// Where the values come from.
    pub kind: ColumnKind,
    /// The header's text.
    pub name: Option<String>,
    /// The line, from 0.
    pub row: Option<i64>,
    /// The cell in its line, from 0.
    pub cell: Option<i64>,
    /// Keep what follows this text.
    pub filter_from: Option<String>,
    /// Keep what precedes this text.
    pub filter_to: Option<String>,
    /// The pattern to replace.
    pub find_text: Option<String>,
    /// What replaces it.
    pub replace_text: Option<String>,
    /// The text of a constant.
    pub constant: Option<String>,
    /// Glued to the column before it, and without a header.
    pub subcolumn: bool,
    /// How calls are written; none where it is written as null, or in dialect C not given.
    pub data_set_type: Option<DataSetType>,
    /// Which way a matrix lies; none where it is written as null, or in dialect C not given.
    pub orientation: Option<Orientation>,
}

/// What dialect C says once for all columns.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Shared {
    pub(super) data_set_type: Option<DataSetType>,
    pub(super) orientation: Option<Orientation>,
}

impl Column {
    /// A column of dialect A or B, which carries its own type and orientation.
    pub(super) fn own(node: &Node<'_>) -> Result<Self, Unreadable> {
        let mut fields = node.fields()?;
        let data_set_type = fields.take_raw("dataSetType");
        let data_set_type = or_default(data_set_type, DataSetType::NAMES, DataSetType::Iupac)?;
        let orientation = fields.take_raw("dataSetOrientationType");
        let orientation = or_default(orientation, Orientation::NAMES, Orientation::MarkerFast)?;
        Self::common(node, fields, Shared { data_set_type, orientation })
    }

    /// A column of dialect C, whose type and orientation stand in the metadata.
    pub(super) fn sharing(node: &Node<'_>, shared: Shared) -> Result<Self, Unreadable> {
        Self::common(node, node.fields()?, shared)
    }

    fn common(node: &Node<'_>, mut fields: Fields<'_>, of: Shared) -> Result<Self, Unreadable> {
        let kind = fields.take("gobiiColumnType");
        let column = Self {
            kind: match &kind {
                Some(kind) => kind.one_of(ColumnKind::NAMES)?,
                None => return Err(node.refuse("a gobiiColumnType")),
            },
            name: fields.text("name")?,
            row: coordinate(&mut fields, "rCoord", "rcoord")?,
            cell: coordinate(&mut fields, "cCoord", "ccoord")?,
            filter_from: fields.text("filterFrom")?,
            filter_to: fields.text("filterTo")?,
            find_text: fields.text("findText")?,
            replace_text: fields.text("replaceText")?,
            constant: fields.text("constantValue")?,
            subcolumn: fields.truth("subcolumn")?.unwrap_or(false),
            data_set_type: of.data_set_type,
            orientation: of.orientation,
        };
        for ignored in ["index", "subcolumnDelimiter", "metaDataId"] {
            fields.text(ignored)?;
        }
        fields.finish().map(|()| column)
    }
}

/// GOBii's own clients write one casing, its servers take the other as well.
fn coordinate(
    fields: &mut Fields<'_>,
    name: &'static str,
    other: &'static str,
) -> Result<Option<i64>, Unreadable> {
    Ok(match fields.integer(name)? {
        Some(coordinate) => Some(coordinate),
        None => fields.integer(other)?,
    })
}

/// Absent means the default, null means none.
fn or_default<T: Copy>(
    node: Option<Node<'_>>,
    names: &[(&str, T)],
    default: T,
) -> Result<Option<T>, Unreadable> {
    match node {
        None => Ok(Some(default)),
        Some(node) if node.is_null() => Ok(None),
        Some(node) => node.one_of(names).map(Some),
    }
}

fn name_in<T: PartialEq>(names: &[(&'static str, T)], value: T) -> &'static str {
    names.iter().find(|(_, known)| *known == value).map_or("", |(name, _)| name)
}
