//! A loader instruction: which files to read, how, and which tables to make of them.

use super::{
    column::Column,
    dialect::{self, Dialect},
    metadata::Metadata,
    node::Node,
    unreadable::Unreadable,
};

/// The order of a load, whatever dialect it was written in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoaderInstruction {
    /// How it was written.
    pub dialect: Dialect,
    /// The name it was sent under, where it came as an item of a request.
    pub name: Option<String>,
    /// The tables to make; at least one.
    pub tables: Vec<Table>,
}

impl LoaderInstruction {
    /// Reads an instruction, whatever its dialect and wrapping.
    pub fn parse(text: &str) -> Result<Self, Unreadable> {
        dialect::read(&Node::root(text)?)
    }

    /// What holds for the whole load: the first table's word.
    #[must_use]
    pub fn metadata(&self) -> &Metadata {
        &self.tables[0].metadata
    }

    /// The file of the whole load: the first table's.
    #[must_use]
    pub fn file(&self) -> &File {
        &self.tables[0].file
    }
}

/// One table to make.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table {
    /// Its name; the output is `digest.<name>`.
    pub name: String,
    /// Where its data comes from and goes to.
    pub file: File,
    /// Its columns, left to right.
    pub columns: Vec<Column>,
    /// What is said about the load.
    pub metadata: Metadata,
}

/// What sort of file the data comes in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FileType {
    Generic,
    Hapmap,
    Vcf,
    Flapjack,
    MetaData,
}

impl FileType {
    const NAMES: &[(&str, Self)] = &[
        ("GENERIC", Self::Generic),
        ("HAPMAP", Self::Hapmap),
        ("VCF", Self::Vcf),
        ("FLAPJACK", Self::Flapjack),
        ("META_DATA", Self::MetaData),
    ];
}

/// Where data comes from and goes to, and how its lines are cut.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// The directory (or file) to read.
    pub source: Option<String>,
    /// The directory to write to.
    pub destination: Option<String>,
    /// What separates cells: a Java regular expression.
    pub delimiter: Option<String>,
    /// What sort of file it is.
    pub file_type: Option<FileType>,
    /// Whether the server that takes the instruction makes the source directory.
    pub create_source: bool,
    /// Whether that server refuses directories that do not exist.
    pub require_directories_to_exist: bool,
}

impl File {
    pub(super) fn read(node: Option<Node<'_>>) -> Result<Self, Unreadable> {
        let Some(node) = node else { return Ok(Self::default()) };
        let mut fields = node.fields()?;
        let file_type = fields.take("gobiiFileType");
        let file = Self {
            source: fields.text("source")?,
            destination: fields.text("destination")?,
            delimiter: fields.text("delimiter")?,
            file_type: file_type.map(|node| node.one_of(FileType::NAMES)).transpose()?,
            create_source: fields.truth("createSource")?.unwrap_or(true),
            require_directories_to_exist: fields
                .truth("requireDirectoriesToExist")?
                .unwrap_or(false),
        };
        fields.finish().map(|()| file)
    }
}

impl Default for File {
    fn default() -> Self {
        Self {
            source: None,
            destination: None,
            delimiter: None,
            file_type: None,
            create_source: true,
            require_directories_to_exist: false,
        }
    }
}
