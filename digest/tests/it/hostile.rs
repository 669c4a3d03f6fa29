//! Folders and files that somebody prepared, to read or write what is not theirs.

use std::{
    fs,
    os::unix::fs::symlink,
    process::Command,
    sync::atomic::{AtomicU64, Ordering},
};

use digest::{Failure, Observer, Options, Stage, Unobserved};
use schema::Progress;

use crate::{
    inputs::{EXPECTED, MARKERS, TEXT},
    support::World,
};

fn confined(world: &World) -> Options<'static> {
    Options { roots: vec![world.home().to_owned()], ..Options::default() }
}

/// Does something when the outputs are about to get their names.
struct AtTheEnd<F>(F);

impl<F: Fn() + Sync> Observer for AtTheEnd<F> {
    fn stage(&self, _: Stage, _: &str) {}
    fn progress(&self, _: Progress) {}
    fn is_cancelled(&self) -> bool {
        false
    }
    fn may_publish(&self) -> bool {
        self.0();
        true
    }
}

#[test]
fn a_link_out_of_the_allowed_folders_is_refused() {
    let (world, other) = (World::new(), World::with(TEXT));
    let link = world.source().join("link");
    symlink(other.source().join("a.txt"), &link).unwrap();
    let failure = world.digest_with(MARKERS, &confined(&world)).unwrap_err();
    let why =
        format!("the link {} leads out of the folder {}", link.display(), world.home().display());
    assert!(failure.message.contains(&why), "{failure}");
    assert!(!world.destination().exists());
    let looked = digest::preview(&world.instruction(MARKERS), &confined(&world), &Unobserved);
    assert!(looked.unwrap().findings[0].message.contains(&why));
}

#[test]
fn a_link_that_stays_within_them_is_followed() {
    let world = World::new();
    fs::create_dir(world.home().join("store")).unwrap();
    fs::write(world.home().join("store/a.txt"), TEXT).unwrap();
    symlink(world.home().join("store/a.txt"), world.source().join("link")).unwrap();
    symlink("store", world.home().join("out")).unwrap();
    world.digest_with(MARKERS, &confined(&world)).unwrap();
    assert_eq!(world.output("digest.marker"), EXPECTED);
}

#[test]
fn a_destination_that_leads_out_is_refused_and_nothing_is_made_there() {
    let (world, other) = (World::with(TEXT), World::new());
    symlink(other.home(), world.home().join("link")).unwrap();
    let instruction = MARKERS.replace("${OUTPUT}", "${OUTPUT}/../link/new");
    fs::create_dir(world.destination()).unwrap();
    let failure = world.digest_with(&instruction, &confined(&world)).unwrap_err();
    assert!(failure.message.contains("is not allowed here"), "{failure}");
    assert!(!other.home().join("new").exists());
}

#[test]
fn a_destination_that_is_replaced_before_the_outputs_have_names_gets_none() {
    let (world, other) = (World::with(TEXT), World::new());
    let (out, moved) = (world.destination(), world.home().join("moved"));
    let replace = AtTheEnd(|| {
        fs::rename(&out, &moved).unwrap();
        symlink(other.source(), &out).unwrap();
    });
    let instruction = world.instruction(MARKERS);
    let failure = digest::digest(&instruction, &confined(&world), &replace).unwrap_err();
    assert!(failure.message.contains("was replaced while it was written"), "{failure}");
    for folder in [moved, other.source()] {
        assert_eq!(fs::read_dir(folder).unwrap().count(), 0);
    }
}

#[test]
fn what_looks_like_a_file_of_ours_and_is_none_is_left_alone() {
    let (world, other) = (World::with(TEXT), World::with(TEXT));
    fs::create_dir(world.destination()).unwrap();
    let pipe = world.destination().join(".digester-pipe.tmp");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let link = world.destination().join(".digester-link.tmp");
    symlink(other.source().join("a.txt"), &link).unwrap();
    world.digest_with(MARKERS, &confined(&world)).unwrap();
    assert!(pipe.exists() && link.exists() && other.source().join("a.txt").exists());
}

#[test]
fn an_output_that_is_a_link_already_is_replaced_and_not_written_through() {
    let (world, other) = (World::with(TEXT), World::with(TEXT));
    fs::create_dir(world.destination()).unwrap();
    let output = world.destination().join("digest.marker");
    symlink(other.source().join("a.txt"), &output).unwrap();
    world.digest_with(MARKERS, &confined(&world)).unwrap();
    assert!(output.symlink_metadata().unwrap().is_file());
    assert_eq!(fs::read_to_string(other.source().join("a.txt")).unwrap(), TEXT);
}

#[test]
fn a_table_whose_name_leads_elsewhere_is_not_written() {
    let world = World::with(TEXT);
    fs::create_dir(world.destination()).unwrap();
    fs::create_dir(world.destination().join("digest.")).unwrap();
    let instruction = MARKERS.replace("\"marker\"", "\"/../../stolen\"");
    world.digest_with(&instruction, &confined(&world)).unwrap_err();
    assert!(!world.home().join("stolen").exists());
}

/// Grants so much of the disk.
struct Quota {
    bytes: u64,
    held: AtomicU64,
}

impl Observer for Quota {
    fn stage(&self, _: Stage, _: &str) {}
    fn progress(&self, _: Progress) {}
    fn is_cancelled(&self) -> bool {
        false
    }
    fn hold(&self, bytes: u64) -> Result<(), String> {
        let held = self.held.fetch_add(bytes, Ordering::Relaxed) + bytes;
        if held > self.bytes { Err(format!("{held} bytes are too many")) } else { Ok(()) }
    }
}

fn within(world: &World, bytes: u64, options: &Options<'_>) -> (u64, Result<(), Failure>) {
    let quota = Quota { bytes, held: AtomicU64::new(0) };
    let done = digest::digest(&world.instruction(MARKERS), options, &quota);
    (quota.held.into_inner(), done.map(drop))
}

/// Enough for an output with threads of its own.
fn large() -> World {
    let lines: String = (0..200_000).map(|i| format!("marker{i:020}\tA\n")).collect();
    World::with(format!("name\tref\n{lines}"))
}

#[test]
fn what_a_digest_holds_is_asked_for_to_the_byte_and_refused_beyond() {
    for world in [World::with(TEXT), large()] {
        let (held, done) = within(&world, u64::MAX, &Options::default());
        done.unwrap();
        assert_eq!(held, world.output("digest.marker").len() as u64);
        let (_, done) = within(&world, held, &Options::default());
        done.unwrap();
        let (_, done) = within(&world, held - 1, &Options::default());
        let failure = done.unwrap_err();
        assert!(failure.message.contains("are too many"), "{failure}");
        assert!(failure.report.findings[0].remedy.as_ref().unwrap().contains("ask the operator"));
        assert!(world.outputs().is_empty());
    }
}

#[test]
fn an_output_may_have_so_many_bytes_and_not_one_more() {
    for world in [World::with(TEXT), large()] {
        world.digest(MARKERS).unwrap();
        let bytes = world.output("digest.marker").len() as u64;
        let limited = |max_file| Options { max_file: Some(max_file), ..Options::default() };
        world.digest_with(MARKERS, &limited(bytes)).unwrap();
        let failure = world.digest_with(MARKERS, &limited(bytes - 1)).unwrap_err();
        let why = format!("digest.marker would have more than {} bytes", bytes - 1);
        assert!(failure.message.contains(&why), "{failure}");
        assert!(world.outputs().is_empty());
    }
}
