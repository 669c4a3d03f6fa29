//! The three ways of writing an instruction, and the wrappings around them.

use super::{
    column::{Column, DataSetType, Orientation, Shared},
    fields::Fields,
    loader::{File, LoaderInstruction, Table},
    metadata::Metadata,
    node::Node,
    unreadable::Unreadable,
};

/// How an instruction was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Dialect {
    /// A list, one element per table (loaderUI 1.x).
    A,
    /// The same with a job's fields (2.1).
    B,
    /// One object `{metadata, instructions}` (2.2).
    C,
}

/// The properties of an item on the wire that hold the instruction.
const LIST: &str = "gobiiLoaderInstructions";
const PROCEDURES: [&str; 2] = ["procedure", "gobiiLoaderProcedure"];

/// Reads an instruction, whatever its dialect and wrapping.
pub(super) fn read(root: &Node<'_>) -> Result<LoaderInstruction, Unreadable> {
    if root.is_list() {
        return list(root);
    }
    let expected = "a list of tables, {metadata, instructions}, or an item that holds one of them";
    let fields = root.fields().map_err(|_| root.refuse(expected))?;
    if fields.has("instructions") || fields.has("metadata") {
        return procedure(root);
    }
    if fields.has(LIST) || PROCEDURES.iter().any(|name| fields.has(name)) {
        return item(root, fields);
    }
    Err(root.refuse(expected))
}

/// The item of a request: `{instructionFileName, gobiiLoaderInstructions | procedure}`.
fn item(root: &Node<'_>, mut fields: Fields<'_>) -> Result<LoaderInstruction, Unreadable> {
    let name = fields.text("instructionFileName")?;
    let tables = fields.take(LIST);
    let mut procedures = PROCEDURES.iter().filter_map(|name| fields.take(name));
    let mut instruction = match (procedures.next(), tables) {
        (Some(node), _) => procedure(&node)?,
        (None, Some(node)) => list(&node)?,
        (None, None) => return Err(root.refuse(format!("{LIST} or {}", PROCEDURES[0]))),
    };
    drop(procedures);
    fields.take("allowedProcessTypes").map(|node| node.items()).transpose()?;
    fields.integer("id")?;
    instruction.name = name;
    fields.finish().map(|()| instruction)
}

/// Dialects A and B.
fn list(node: &Node<'_>) -> Result<LoaderInstruction, Unreadable> {
    let items = node.items()?;
    if items.is_empty() {
        return Err(node.refuse("at least one table"));
    }
    let mut dialect = Dialect::A;
    let tables = items.iter().map(|item| element(item, &mut dialect)).collect::<Result<_, _>>()?;
    Ok(LoaderInstruction { dialect, name: None, tables })
}

/// One table with everything repeated in it.
fn element(node: &Node<'_>, dialect: &mut Dialect) -> Result<Table, Unreadable> {
    let mut fields = node.fields()?;
    let job_fields = ["columnsByTableName", "jobPayloadType", "gobiiJobStatus", "logMessage"];
    if job_fields.iter().any(|name| fields.has(name)) {
        *dialect = Dialect::B;
    }
    let name = fields.text("table")?;
    let mut table = Table {
        name: String::new(),
        file: File::read(fields.take("gobiiFile"))?,
        columns: columns(fields.take("gobiiFileColumns"), Column::own)?,
        metadata: Metadata::take(&mut fields, "dataSet")?,
    };
    table.metadata.data_set_id = fields.integer("dataSetId")?;
    fields.text("logMessage")?;
    vcf_parameters(fields.take("vcfParameters"))?;
    if let Some(copy) = fields.take("columnsByTableName") {
        copy.fields()?; // GOBii's server fills it in for itself; the tables' own columns count.
    }
    fields.finish()?;
    table.name = name.ok_or_else(|| node.refuse("a property table"))?;
    Ok(table)
}

/// Dialect C.
fn procedure(node: &Node<'_>) -> Result<LoaderInstruction, Unreadable> {
    let mut fields = node.fields()?;
    let metadata = fields.take("metadata").ok_or_else(|| node.refuse("a property metadata"))?;
    let tables = fields.take("instructions");
    let tables = tables.ok_or_else(|| node.refuse("a property instructions"))?;
    fields.finish()?;
    let shared = Whole::read(&metadata)?;
    let items = tables.items()?;
    if items.is_empty() {
        return Err(tables.refuse("at least one table"));
    }
    let tables = items.iter().map(|item| shared.table(item)).collect::<Result<_, _>>()?;
    Ok(LoaderInstruction { dialect: Dialect::C, name: None, tables })
}

/// What dialect C says once for all tables.
struct Whole<'a> {
    type_name: Option<Node<'a>>,
    file: File,
    metadata: Metadata,
    shared: Shared,
}

impl<'a> Whole<'a> {
    fn read(node: &Node<'a>) -> Result<Self, Unreadable> {
        let mut fields = node.fields()?;
        let file = File::read(fields.take("gobiiFile"))?;
        let orientation = fields.take("datasetOrientationType");
        let metadata = Metadata::take(&mut fields, "dataset")?;
        fields.finish()?;
        let mut whole =
            Self { type_name: type_name(node)?, file, metadata, shared: Shared::default() };
        whole.shared.orientation =
            orientation.map(|node| node.one_of(Orientation::NAMES)).transpose()?;
        whole.shared.data_set_type =
            whole.type_name.as_ref().and_then(|node| node.one_of(DataSetType::NAMES).ok());
        Ok(whole)
    }

    fn table(&self, node: &Node<'_>) -> Result<Table, Unreadable> {
        let mut fields = node.fields()?;
        let name = fields.text("table")?;
        let column = |node: &Node<'_>| Column::sharing(node, self.shared);
        let columns = columns(fields.take("gobiiFileColumns"), column)?;
        fields.finish()?;
        let name = name.ok_or_else(|| node.refuse("a property table"))?;
        if let (true, Some(written)) = (name == "matrix", &self.type_name) {
            written.one_of(DataSetType::NAMES)?;
        }
        Ok(Table { name, columns, file: self.file.clone(), metadata: self.metadata.clone() })
    }
}

/// The type's name in the metadata. It matters, and so must be one of ours, only for a matrix.
fn type_name<'a>(metadata: &Node<'a>) -> Result<Option<Node<'a>>, Unreadable> {
    let Some(kind) = metadata.fields()?.take("datasetType") else { return Ok(None) };
    Ok(kind.fields()?.take("name"))
}

fn columns(
    node: Option<Node<'_>>,
    read: impl Fn(&Node<'_>) -> Result<Column, Unreadable>,
) -> Result<Vec<Column>, Unreadable> {
    let Some(node) = node else { return Ok(Vec::new()) };
    node.items()?.iter().map(read).collect()
}

/// They have no effect, but must be what they claim to be.
fn vcf_parameters(node: Option<Node<'_>>) -> Result<(), Unreadable> {
    let Some(node) = node else { return Ok(()) };
    let mut fields = node.fields()?;
    for number in ["maf", "minQ", "minDp"] {
        if let Some(node) = fields.take(number) {
            node.text()?.trim().parse::<f64>().map_err(|_| node.refuse("a number"))?;
        }
    }
    fields.truth("removeIndels")?;
    fields.truth("toIupac")?;
    fields.finish()
}
