//! Instructions: sent once, read back with how their job stands.

use std::path::PathBuf;

use axum::{body::Body, http::HeaderMap};
use schema::{
    InvalidName, Key, Kind, NewInstruction, Notify,
    gobii::{LoaderInstruction, decode},
};
use serde_json::value::RawValue;

use super::{
    backend::{Acceptance, Backend},
    body, check,
    crop::Crop,
    database,
    directory::{self, blocking},
    envelope::{self, Reply},
    error::{GobiiError, Message},
    facade::Facade,
    item::{self, Item},
    job,
    login::Caller,
    mirror,
    path::segment,
    words,
};

/// The kind of every instruction that comes here.
pub(super) const KIND: &str = "loader";

/// The key under which an instruction of this crop and name is kept.
pub(super) fn key(crop: &Crop, name: &str) -> Result<Key, InvalidName> {
    let name = Key::new(name)?;
    Key::new(format!("{}:{name}", crop.id))
}

/// An instruction that may be accepted.
struct Order {
    name: String,
    key: Key,
    sent: Box<RawValue>,
    item: Item,
    instruction: LoaderInstruction,
}

impl Order {
    fn read(crop: &Crop, bytes: &[u8]) -> Result<Self, GobiiError> {
        let sent = item::in_envelope(&decode(bytes))?;
        let item = Item::read(sent.get())?;
        let name = item.name()?;
        let key = key(crop, &name).map_err(|error| {
            let text = format!("The instruction file name {name:?} cannot be used: {error}");
            Message::bad_request(text)
        })?;
        let instruction = LoaderInstruction::parse(sent.get()).map_err(|error| {
            Message::bad_request(format!("The instruction cannot be read: {error}"))
        })?;
        Ok(Self { name, key, sent, item, instruction })
    }
}

/// `POST instructions/loader`: checked completely, then kept together with its job, or not at all.
pub(super) async fn create<B: Backend>(
    facade: &Facade<B>,
    crop: &Crop,
    caller: &Caller,
    headers: &HeaderMap,
    body: &mut Body,
) -> Result<Reply, GobiiError> {
    let bytes = body::read(body, facade.config.max_body_bytes).await?;
    let order = Order::read(crop, &bytes)?;
    let destinations = check(facade, crop, &order).await?;
    if facade.backend.instruction(&order.key).await?.is_some() {
        return Err(GobiiError::Exists(order.name));
    }
    // The last thing before the commit, and never undone: should the commit's outcome stay
    // unknown, an empty directory does no harm and a missing one would fail the job.
    make_all(crop, destinations).await?;
    let new = NewInstruction {
        key: Some(order.key),
        kind: Kind::new(KIND).expect("it is a kind's name"),
        tenant: Some(crop.id.to_string()),
        submitted_by: Some(caller.user.clone()),
        parent: None,
        traceparent: edge::traceparent(headers),
        notify: told(facade, &order.instruction),
        body: order.sent,
    };
    match facade.backend.accept(new, caller.by()).await? {
        Acceptance::Created(_) => Ok(Reply::created(echo(order.item, crop, &order.name))),
        Acceptance::Exists(_) => Err(GobiiError::Exists(order.name)),
    }
}

/// Who is told of the job: whom the instruction names, and the server that was there before.
fn told<B: Backend>(facade: &Facade<B>, instruction: &LoaderInstruction) -> Vec<Notify> {
    let address = instruction.metadata().contact_email.clone();
    let address = address.filter(|address| facade.config.mail_contacts && !address.is_empty());
    let mirror = facade.config.mirror.as_ref().map(|_| mirror::NAME.to_owned());
    address.map(Notify::Email).into_iter().chain(mirror.map(Notify::Mirror)).collect()
}

/// Refuses the instruction with all that is wrong, or tells where its digests go.
async fn check<B: Backend>(
    facade: &Facade<B>,
    crop: &Crop,
    order: &Order,
) -> Result<Vec<PathBuf>, GobiiError> {
    let (instruction, roots) = (order.instruction.clone(), crop.roots());
    let on_disk = blocking(move || {
        let roots = directory::open(&roots)?;
        let tables = instruction.tables.iter();
        let destinations = tables.filter_map(|table| table.file.destination.as_deref());
        let destinations = destinations.map(PathBuf::from).collect();
        Ok::<_, GobiiError>((check::paths(&instruction, &roots), destinations))
    });
    let (mut findings, destinations) = on_disk.await??;
    let database = &*facade.database;
    findings.extend(database::check(database, &crop.id, &order.instruction).await);
    findings.extend(check::job(&order.instruction, &order.name));
    if findings.is_empty() { Ok(destinations) } else { Err(GobiiError::Refused(findings)) }
}

async fn make_all(crop: &Crop, directories: Vec<PathBuf>) -> Result<(), GobiiError> {
    let (roots, mode) = (crop.roots(), crop.directory_mode);
    blocking(move || {
        let roots = directory::open(&roots)?;
        directories.iter().try_for_each(|directory| directory::make(&roots, directory, mode))
    })
    .await?
}

/// The item as it was sent, with what the server fills in.
fn echo(mut item: Item, crop: &Crop, name: &str) -> envelope::Item {
    item.allow(&["READ", "UPDATE"]);
    item.fill_crop(crop.id.as_str());
    linked(&item, crop, name, &["GET", "PUT"])
}

/// `GET instructions/loader/{name}`.
pub(super) async fn get<B: Backend>(
    facade: &Facade<B>,
    crop: &Crop,
    name: &str,
) -> Result<Reply, GobiiError> {
    let unknown =
        || Message::error(format!("The specified instruction file does not exist: {name}"));
    let key = key(crop, name).map_err(|_| unknown())?;
    let (job, kept) = job::newest(facade, &key).await?.ok_or_else(unknown)?;
    let mut item = Item::kept(&kept.body, name)?;
    item.allow(&["READ"]);
    item.fill_crop(crop.id.as_str());
    item.set_status(words::status(&job).name);
    Ok(Reply::found([linked(&item, crop, name, &["GET"])]))
}

fn linked(
    item: &Item,
    crop: &Crop,
    name: &str,
    methods: &'static [&'static str],
) -> envelope::Item {
    let href = crop.href(format_args!("instructions/loader/{}", segment(name)));
    envelope::Item::new(item).linked("LoaderInstructionFilesDTO", name, href, methods)
}
