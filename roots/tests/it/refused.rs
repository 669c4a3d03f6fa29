//! What is opened, and what is not.

use std::{
    fs,
    io::{ErrorKind, Read as _},
    os::unix::{
        fs::{PermissionsExt as _, symlink},
        net::UnixListener,
    },
    path::{Path, PathBuf},
    process::Command,
};

use roots::{Denied, Kind, Opened, Roots};
use tempfile::TempDir;

/// A root with a file in a folder, and a neighbour that is none of its business.
pub(crate) struct World {
    home: TempDir,
}

impl World {
    pub(crate) fn new() -> Self {
        let world = Self { home: tempfile::tempdir().unwrap() };
        fs::create_dir_all(world.root().join("in")).unwrap();
        fs::create_dir(world.outside()).unwrap();
        fs::write(world.root().join("in/file"), "inside").unwrap();
        fs::write(world.outside().join("file"), "secret").unwrap();
        world
    }

    pub(crate) fn root(&self) -> PathBuf {
        self.home.path().join("root")
    }

    /// Its name begins as the root's does.
    pub(crate) fn outside(&self) -> PathBuf {
        self.home.path().join("root2")
    }

    pub(crate) fn roots(&self) -> Roots {
        Roots::open(&[self.root()]).unwrap()
    }
}

fn text(roots: &Roots, path: &Path) -> Result<String, Denied> {
    let mut text = String::new();
    roots.file(path)?.read_to_string(&mut text)?;
    Ok(text)
}

#[test]
fn whatever_leads_to_a_file_under_the_root_opens_it() {
    let world = World::new();
    let root = world.root();
    symlink("in/file", root.join("relative")).unwrap();
    symlink(root.join("in/file"), root.join("absolute")).unwrap();
    symlink(&root, world.outside().join("back")).unwrap();
    let roots = world.roots();
    for path in ["in/file", "in/../in/./file", "relative", "absolute", "../root2/back/in/file"] {
        assert_eq!(text(&roots, &root.join(path)).unwrap(), "inside", "{path}");
    }
}

#[test]
fn where_no_link_is_followed_a_file_is_opened_by_its_own_path_alone() {
    let world = World::new();
    let root = world.root();
    symlink("in/file", root.join("link")).unwrap();
    symlink("in", root.join("folder")).unwrap();
    let roots = world.roots();
    assert!(roots.file_itself(&root.join("in/file")).is_ok());
    for path in ["link", "folder/file"] {
        assert!(matches!(roots.file_itself(&root.join(path)), Err(Denied::Link(_))), "{path}");
    }
    assert!(matches!(roots.file_itself(&world.outside()), Err(Denied::Outside { .. })));
}

#[test]
fn nothing_that_leads_out_is_opened_made_or_allowed() {
    let world = World::new();
    let (root, outside) = (world.root(), world.outside());
    symlink(outside.join("file"), root.join("in/link")).unwrap();
    symlink("../../root2", root.join("in/folder")).unwrap();
    symlink(outside.join("nothing"), root.join("in/dangling")).unwrap();
    symlink("/proc/self/root", root.join("in/proc")).unwrap();
    symlink("/proc/self/cwd", root.join("in/cwd")).unwrap();
    let roots = world.roots();
    for path in [
        "in/link",
        "in/folder",
        "in/folder/file",
        "in/dangling",
        "in/dangling/new",
        "in/proc/etc",
        "in/cwd/Cargo.toml",
        "..",
        "../root2/file",
        "in/../../root2/file",
        "new/../../root2",
        "/",
        "/proc/self/environ",
        "/dev/null",
        "",
        "/root\0",
    ] {
        let path = root.join(path);
        let path = if path == root { Path::new("") } else { &path };
        let is_outside = |denied: Denied| matches!(denied, Denied::Outside { .. });
        assert!(roots.read(path).is_err_and(is_outside), "{path:?}");
        assert!(roots.make(path).is_err_and(is_outside), "{path:?}");
        assert!(roots.allow(path).is_err_and(is_outside), "{path:?}");
    }
    assert_eq!(fs::read_dir(outside).unwrap().count(), 1);
}

#[test]
fn the_link_that_leads_out_is_named_and_not_what_it_leads_to() {
    let world = World::new();
    let link = world.root().join("in/link");
    symlink(world.outside(), &link).unwrap();
    let message = world.roots().file(&link.join("file")).unwrap_err().to_string();
    assert!(message.contains(&format!("the link {} leads out", link.display())), "{message}");
    assert!(message.contains(&format!("the folder {}", world.root().display())), "{message}");
    assert!(!message.contains("root2"), "{message}");
    // Nor does it show whether anything is there.
    let message = |path: &str| world.roots().file(&link.join(path)).unwrap_err().to_string();
    assert_eq!(message("file").replace("file", "gone"), message("gone"));
}

#[test]
fn what_is_missing_or_no_folder_is_told_as_the_system_tells_it() {
    let world = World::new();
    let kind = |path: &str| match world.roots().read(&world.root().join(path)) {
        Err(Denied::Io(error)) => error.kind(),
        other => panic!("{path}: {other:?}"),
    };
    assert_eq!(kind("in/gone"), ErrorKind::NotFound);
    assert_eq!(kind("in/file/"), ErrorKind::NotADirectory);
    assert_eq!(kind("in/file/below"), ErrorKind::NotADirectory);
}

#[test]
fn pipes_sockets_and_devices_are_refused_without_waiting() {
    let world = World::new();
    let folder = world.root().join("in");
    assert!(Command::new("mkfifo").arg(folder.join("pipe")).status().unwrap().success());
    let _socket = UnixListener::bind(folder.join("socket")).unwrap();
    let roots = Roots::open(&[world.root(), PathBuf::from("/dev")]).unwrap();
    let Ok(Opened::Directory(directory)) = roots.read(&folder) else { panic!("it is a folder") };
    for name in ["pipe", "socket"] {
        let path = folder.join(name);
        assert!(matches!(roots.read(&path), Err(Denied::Special(special)) if special == path));
        assert!(directory.file(name.as_ref()).is_err(), "{name}");
    }
    assert!(matches!(roots.read(Path::new("/dev/zero")), Err(Denied::Special(_))));
    let entries = directory.entries().unwrap();
    let specials = entries.iter().filter(|entry| entry.kind == Kind::Special);
    assert_eq!(specials.count(), 2);
}

#[test]
fn a_root_may_itself_be_a_link() {
    let world = World::new();
    let named = world.outside().join("named");
    symlink(world.root(), &named).unwrap();
    let roots = Roots::open(std::slice::from_ref(&named)).unwrap();
    assert_eq!(text(&roots, &named.join("in/file")).unwrap(), "inside");
    assert_eq!(text(&roots, &world.root().join("in/file")).unwrap(), "inside");
    assert!(text(&roots, &world.outside().join("file")).is_err());
}

#[test]
fn a_root_that_is_missing_holds_what_is_made_below_it_and_nothing_beside_it() {
    let world = World::new();
    let root = world.root().join("later/root");
    let roots = Roots::open(std::slice::from_ref(&root)).unwrap();
    assert_eq!(roots.handles().count(), 0, "what is above it is none of ours");
    assert!(roots.make(&world.root().join("later")).is_err());
    assert!(roots.file(&world.root().join("in/file")).is_err());
    roots.make(&root.join("new")).unwrap().create("file".as_ref()).unwrap();
    assert!(roots.file_itself(&root.join("new/file")).is_ok());
}

#[test]
fn a_folder_that_is_made_has_its_mode_and_one_that_is_there_keeps_its_own() {
    let world = World::new();
    let roots = world.roots();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o7777;
    let (old, new) = (world.root().join("in"), world.root().join("above/new"));
    let before = mode(&old);
    roots.make_with_mode(&old, 0o777).unwrap();
    roots.make_with_mode(&new, 0o777).unwrap();
    assert_eq!((mode(&old), mode(&new)), (before, 0o777));
}

#[test]
fn without_roots_everything_is_allowed() {
    let world = World::new();
    symlink(world.outside(), world.root().join("link")).unwrap();
    let roots = Roots::open(&[]).unwrap();
    assert_eq!(text(&roots, &world.root().join("link/file")).unwrap(), "secret");
}

#[test]
fn a_folder_is_made_with_all_that_is_missing_above_it() {
    let world = World::new();
    symlink(world.root().join("in"), world.root().join("link")).unwrap();
    let directory = world.roots().make(&world.root().join("link/a/b")).unwrap();
    directory.create("file".as_ref()).unwrap();
    assert!(world.root().join("in/a/b/file").exists());
    assert!(directory.create("file".as_ref()).is_err(), "it is there");
}

#[test]
fn what_is_done_in_a_folder_stays_there_whatever_becomes_of_its_name() {
    let world = World::new();
    let (path, moved) = (world.root().join("out"), world.root().join("moved"));
    let roots = world.roots();
    let directory = roots.make(&path).unwrap();
    directory.create("a".as_ref()).unwrap();
    assert!(directory.is_in_place(&roots).unwrap());
    fs::rename(&path, &moved).unwrap();
    assert!(!directory.is_in_place(&roots).unwrap());
    symlink(world.outside(), &path).unwrap();
    assert!(directory.is_in_place(&roots).is_err());
    directory.rename("a".as_ref(), "b".as_ref()).unwrap();
    directory.create("c".as_ref()).unwrap();
    directory.remove("c".as_ref()).unwrap();
    assert!(moved.join("b").exists() && !moved.join("c").exists());
    assert_eq!(fs::read_dir(world.outside()).unwrap().count(), 1);
}

#[test]
fn names_in_a_folder_are_no_paths() {
    let world = World::new();
    let directory = world.roots().make(&world.root().join("in")).unwrap();
    for name in ["", ".", "..", "/etc/passwd", "../file", "a/b", "file/", "./file"] {
        assert!(directory.create(name.as_ref()).is_err(), "{name}");
        assert!(directory.file(name.as_ref()).is_err(), "{name}");
        assert!(directory.remove(name.as_ref()).is_err(), "{name}");
        assert!(directory.rename("file".as_ref(), name.as_ref()).is_err(), "{name}");
    }
    assert!(world.root().join("in/file").exists());
}
