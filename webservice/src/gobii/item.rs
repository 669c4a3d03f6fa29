//! The item of a create: a name and an instruction, in the client's own dialect.

use serde_json::value::RawValue;

use super::{
    error::{GobiiError, Message},
    object::Object,
};

/// The property with the name under which the instruction is kept.
const NAME: &str = "instructionFileName";
/// The property with the instruction in dialects A and B: a list.
const LIST: &str = "gobiiLoaderInstructions";
/// The property with the instruction in dialect C: an object.
const PROCEDURE: &str = "procedure";
/// What dialect C's property may also be called when it comes in.
const PROCEDURE_TOO: &str = "gobiiLoaderProcedure";
const METADATA: &str = "metadata";
const CROP: &str = "gobiiCropType";
const STATUS: &str = "gobiiJobStatus";

/// Finds the one item in a request's envelope.
pub(super) fn in_envelope(text: &str) -> Result<Box<RawValue>, GobiiError> {
    let no_envelope = || Message::missing("Request payload envelope is null");
    let no_payload =
        || Message::missing("Request payload envelope does not contain a payload member");
    let no_data = || Message::missing("Request payload does not contain a data collection");
    if text.trim().is_empty() {
        return Err(no_envelope().into());
    }
    let envelope: Option<Object> = parse(text)?;
    let envelope = envelope.ok_or_else(no_envelope)?;
    let payload: Object = parse(envelope.get("payload").ok_or_else(no_payload)?.get())?;
    let data: Vec<Box<RawValue>> = parse(payload.get("data").ok_or_else(no_data)?.get())?;
    let not_one = "Request payload data does not contain exactly one item";
    let [item] = <[_; 1]>::try_from(data).map_err(|_| Message::missing(not_one))?;
    Ok(item)
}

fn parse<'a, T: serde::Deserialize<'a>>(text: &'a str) -> Result<T, Message> {
    serde_json::from_str(text).map_err(|error| {
        Message::bad_request(format!("The request cannot be read as JSON: {error}"))
    })
}

/// An item that can be sent back.
pub(super) struct Item(Object);

impl Item {
    pub(super) fn read(text: &str) -> Result<Self, GobiiError> {
        Ok(Self(parse(text)?))
    }

    /// An instruction that was kept: as an item, or bare if it came another way.
    pub(super) fn kept(body: &RawValue, name: &str) -> Result<Self, GobiiError> {
        let mut item = Object::default();
        if body.get().starts_with('[') {
            item.set(LIST, body);
        } else {
            let object: Object = parse(body.get())?;
            match object.get(METADATA) {
                Some(_) => item.set(PROCEDURE, body),
                None => item = object,
            }
        }
        item.set(NAME, name);
        item.set("id", &1);
        Ok(Self(item))
    }

    /// The name under which the instruction is to be kept.
    pub(super) fn name(&self) -> Result<String, Message> {
        let missing = "The instruction file DTO is missing the instruction file name";
        let name = self.0.read(NAME).filter(|name: &String| !name.is_empty());
        name.ok_or_else(|| Message::missing(missing))
    }

    /// Says what the client may do with it.
    pub(super) fn allow(&mut self, process_types: &[&str]) {
        self.0.set("allowedProcessTypes", process_types);
    }

    /// Fills the crop in where it is not given.
    pub(super) fn fill_crop(&mut self, crop: &str) {
        self.edit(|part| {
            if part.read::<String>(CROP).is_none_or(|given| given.is_empty()) {
                part.set(CROP, crop);
            }
        });
    }

    /// Writes the status wherever the client's dialect has a place for it.
    pub(super) fn set_status(&mut self, name: &str) {
        self.edit(|part| {
            if part.has(STATUS) {
                part.set(STATUS, name);
            }
        });
    }

    /// Changes what speaks for the load: every element of a list, the metadata of a procedure.
    fn edit(&mut self, change: impl Fn(&mut Object)) {
        self.0.rename(PROCEDURE_TOO, PROCEDURE);
        if let Some(mut list) = self.0.read::<Vec<Object>>(LIST) {
            list.iter_mut().for_each(&change);
            self.0.set(LIST, &list);
        }
        let Some(mut procedure) = self.0.read::<Object>(PROCEDURE) else { return };
        let Some(mut metadata) = procedure.read::<Object>(METADATA) else { return };
        change(&mut metadata);
        procedure.set(METADATA, &metadata);
        self.0.set(PROCEDURE, &procedure);
    }
}

impl serde::Serialize for Item {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}
