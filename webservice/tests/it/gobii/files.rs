//! Upload folders and the look into them.

use std::{
    fs,
    os::unix::fs::{PermissionsExt as _, symlink},
};

use serde_json::json;

use super::world::World;

#[tokio::test]
async fn a_folder_is_made_once_and_may_be_there_already() {
    let world = World::new().await;
    for _ in 0..2 {
        let answer = world.call("PUT", "files/loader/data_1", b"{\"ignored\": ").await;
        assert_eq!(answer.status, 200);
        let folder = world.files().join("data_1");
        assert_eq!(answer.data()[0]["directoryName"], folder.display().to_string());
        let made = fs::metadata(folder).unwrap();
        assert!(made.is_dir());
        assert_eq!(made.permissions().mode() & 0o777, 0o775, "others upload into it");
    }
}

#[tokio::test]
async fn a_folder_elsewhere_is_refused_and_not_made() {
    let world = World::new().await;
    let outside = world.root.path().join("outside");
    fs::create_dir_all(&outside).unwrap();
    fs::create_dir_all(world.files()).unwrap();
    symlink(&outside, world.files().join("link")).unwrap();
    symlink(outside.join("new"), world.files().join("dangling")).unwrap();
    for name in ["..", "%2e%2e", ".", "a%2Fb", "..%2Fx", "a%00b", "link", "dangling"] {
        let answer = world.call("PUT", &format!("files/loader/{name}"), b"").await;
        assert!(answer.error().contains("directory name cannot be used"), "{name}");
        let answer = world.get(&format!("files/loader/{name}?fileFormat=txt")).await;
        assert!(answer.error().contains("directory name cannot be used"), "{name}");
    }
    assert_eq!(fs::read_dir(&outside).unwrap().count(), 0);
    assert_eq!(fs::read_dir(world.files()).unwrap().count(), 2);
}

#[tokio::test]
async fn the_preview_shows_the_first_cells_of_the_first_lines_of_the_first_file() {
    let world = World::with(|config, _| {
        (config.preview.lines, config.preview.cells) = (2, 3);
    })
    .await;
    world.upload("d", "b.txt", "not this one");
    world.upload("d", "a.txt", b"n\xe9\tref\talt\tmore\r\nm1\tA\nm2\n");
    world.upload("d", "c.csv", "x,y\n1,2\n");
    let answer = world.get("files/loader/d?fileFormat=txt").await;
    let dto = &answer.data()[0];
    assert_eq!(dto["fileList"], json!(["a.txt", "b.txt"]));
    assert_eq!(dto["filePreview"], json!([["né", "ref", "alt"], ["m1", "A"]]));
    let answer = world.get("files/loader/d/?fileFormat=csv").await;
    assert_eq!(answer.data()[0]["filePreview"], json!([["x", "y"], ["1", "2"]]));
}

#[tokio::test]
async fn what_cannot_be_shown_is_said() {
    let world = World::new().await;
    world.upload("full", "a.txt", "");
    fs::create_dir_all(world.files().join("empty")).unwrap();
    symlink("/etc/passwd", world.files().join("full/p.csv")).unwrap();
    for (path, text) in [
        ("none?fileFormat=txt", "The specified directory does not exist: "),
        ("empty?fileFormat=txt", "There are no files in this directory:"),
        ("full?fileFormat=vcf", "There are no files of the specified format in the directory:"),
        ("full?fileFormat=exe", "File Format not supported: exe"),
        ("full?fileFormat", "A file format is required"),
        ("?fileFormat=txt", "A directory name is required"),
        ("full?fileFormat=csv", "A file lies elsewhere than its name"),
    ] {
        let error = world.get(&format!("files/loader/{path}")).await.error();
        assert!(error.contains(text), "{path}: {error}");
    }
}

#[tokio::test]
async fn a_file_of_one_endless_line_is_shown_in_part() {
    let world = World::with(|config, _| config.preview.bytes = 8).await;
    world.upload("d", "a.txt", "ab\tcd\tef\tgh\tij\n");
    let answer = world.get("files/loader/d?fileFormat=txt").await;
    assert_eq!(answer.data()[0]["filePreview"], json!([["ab", "cd", "ef"]]));
}
