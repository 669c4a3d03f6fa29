//! Somebody exchanges what is opened, again and again, while it is opened.

use std::{
    fs,
    io::{Read as _, Write as _},
    os::unix::fs::symlink,
    path::Path,
    thread,
};

use roots::Directory;
use rustix::fs::{CWD, RenameFlags, renameat_with};

use crate::refused::World;

/// How often they are exchanged.
const EXCHANGES: usize = 10_000;

/// Does something again and again while two things in a folder exchange their names.
fn while_exchanged(one: &Path, other: &Path, mut act: impl FnMut()) {
    thread::scope(|scope| {
        let exchange = || {
            for _ in 0..EXCHANGES {
                renameat_with(CWD, one, CWD, other, RenameFlags::EXCHANGE).unwrap();
            }
        };
        let exchanging = scope.spawn(exchange);
        while !exchanging.is_finished() {
            act();
        }
    })
}

fn content(mut file: fs::File) -> String {
    let mut text = String::new();
    file.read_to_string(&mut text).unwrap();
    text
}

#[test]
fn a_file_that_turns_into_a_link_is_never_read_elsewhere() {
    let world = World::new();
    let (file, link) = (world.root().join("in/file"), world.root().join("in/link"));
    symlink(world.outside().join("file"), &link).unwrap();
    let roots = world.roots();
    let directory = roots.directory(&world.root().join("in")).unwrap();
    while_exchanged(&file, &link, || {
        for opened in [roots.file(&file), directory.file("file".as_ref())].into_iter().flatten() {
            assert_eq!(content(opened), "inside");
        }
    });
    assert_eq!(content(roots.file(&file).unwrap()), "inside");
}

#[test]
fn a_folder_on_the_way_that_turns_into_a_link_is_never_gone_through() {
    let world = World::new();
    let (folder, link) = (world.root().join("in"), world.root().join("link"));
    symlink(world.outside(), &link).unwrap();
    let roots = world.roots();
    while_exchanged(&folder, &link, || {
        if let Ok(opened) = roots.file(&folder.join("file")) {
            assert_eq!(content(opened), "inside");
        }
        if let Ok(directory) = roots.directory(&folder) {
            assert_eq!(content(directory.file("file".as_ref()).unwrap()), "inside");
        }
    });
}

#[test]
fn nothing_is_made_or_removed_behind_a_folder_that_turns_into_a_link() {
    let world = World::new();
    let (folder, link) = (world.root().join("in"), world.root().join("link"));
    symlink(world.outside(), &link).unwrap();
    let roots = world.roots();
    let leave_a_file = |directory: &Directory| {
        if let Ok(mut file) = directory.create("new".as_ref()) {
            file.write_all(b"rows").unwrap();
        }
        let _ = directory.rename("new".as_ref(), "named".as_ref());
        let _ = directory.remove("file".as_ref());
    };
    while_exchanged(&folder, &link, || {
        for path in [folder.clone(), folder.join("made/below")] {
            if let Ok(directory) = roots.make(&path) {
                leave_a_file(&directory);
            }
        }
    });
    let left: Vec<_> =
        fs::read_dir(world.outside()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left, ["file"], "nothing came, nothing went");
    assert_eq!(fs::read_to_string(world.outside().join("file")).unwrap(), "secret");
}
