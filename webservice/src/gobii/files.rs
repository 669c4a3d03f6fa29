//! The folders that users upload to, and a look into them.

use std::{
    ffi::OsStr,
    fs::File,
    io::{self, BufRead as _, BufReader, Read as _},
    path::{Path, PathBuf},
};

use roots::{Denied, Directory, Kind, Roots};
use schema::{Key, gobii::decode};
use serde::Serialize;

use super::{
    config::PreviewConfig,
    crop::Crop,
    directory::{self, blocking},
    envelope::{Item, Reply},
    error::{GobiiError, Message},
    path::Query,
};

/// The endings of files that can be looked at, with what separates their cells.
const FORMATS: [(&str, char); 4] = [("txt", '\t'), ("csv", ','), ("hmp.txt", '\t'), ("vcf", '\t')];

#[derive(Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct PreviewDto {
    allowed_process_types: [&'static str; 1],
    id: i32,
    directory_name: String,
    preview_file_name: Option<String>,
    file_list: Vec<String>,
    file_preview: Vec<Vec<String>>,
}

impl PreviewDto {
    fn reply(self, crop: &Crop) -> Reply {
        let dto = Self { allowed_process_types: ["READ"], id: 1, ..self };
        let href = crop.href("files/loader/1");
        Reply::found([Item::new(&dto).linked("LoaderFilePreviewDTO", 1, href, &["GET"])])
    }
}

/// `PUT files/loader/{folder}`: makes the folder; one that is there is fine.
pub(super) async fn make(crop: &Crop, folder: &str) -> Result<Reply, GobiiError> {
    let directory = place(crop, folder)?;
    let (files, wanted, mode) = (crop.files.clone(), directory.clone(), crop.directory_mode);
    blocking(move || {
        let roots = directory::open(&[files])?;
        roots.allow(&wanted).map_err(|_| unusable(&wanted))?;
        directory::make(&roots, &wanted, mode)
    })
    .await??;
    let directory_name = directory.display().to_string();
    Ok(PreviewDto { directory_name, ..PreviewDto::default() }.reply(crop))
}

/// `GET files/loader/{folder}?fileFormat=`: the files of a format, and the beginning of the first.
pub(super) async fn preview(
    crop: &Crop,
    folder: &[&str],
    query: &Query,
    limits: PreviewConfig,
) -> Result<Reply, GobiiError> {
    let [folder] = folder else {
        return Err(Message::error("A directory name is required").into());
    };
    let format = query.get("fileFormat");
    if format.is_empty() {
        return Err(Message::error("A file format is required").into());
    }
    let known = FORMATS.into_iter().find(|(ending, _)| *ending == format);
    let format =
        known.ok_or_else(|| Message::error(format!("File Format not supported: {format}")))?;
    let (directory, files) = (place(crop, folder)?, crop.files.clone());
    let dto =
        blocking(move || look(&directory, &directory::open(&[files])?, format, limits)).await??;
    Ok(dto.reply(crop))
}

/// Where a folder is; its name must be a name and no path.
fn place(crop: &Crop, folder: &str) -> Result<PathBuf, GobiiError> {
    match Key::new(folder) {
        Ok(name) => Ok(crop.files.join(name.as_str())),
        Err(_) => Err(unusable(Path::new(folder))),
    }
}

fn unusable(folder: &Path) -> GobiiError {
    let folder = folder.display();
    Message::error(format!("The directory name cannot be used: {folder}")).into()
}

fn look(
    directory: &Path,
    roots: &Roots,
    (ending, separator): (&str, char),
    limits: PreviewConfig,
) -> Result<PreviewDto, GobiiError> {
    let shown = directory.display();
    let say = |text: &str| GobiiError::from(Message::error(format!("{text}{shown}")));
    let unreadable =
        |error: &io::Error| say(&format!("A file cannot be read ({error}) in the directory: "));
    let folder = roots.directory(directory).map_err(|denied| match denied {
        Denied::Io(_) => say("The specified directory does not exist: "),
        _ => unusable(directory),
    })?;
    let all = list(&folder).map_err(|_| say("The specified directory does not exist: "))?;
    if all.is_empty() {
        return Err(say("There are no files in this directory:"));
    }
    let fits = |name: &String| name.ends_with(&format!(".{ending}"));
    let mut names: Vec<_> = all.into_iter().filter(fits).collect();
    names.sort();
    names.truncate(limits.files);
    let first = names
        .first()
        .ok_or_else(|| say("There are no files of the specified format in the directory:"))?;
    let first = roots.file(&directory.join(first)).map_err(|denied| match denied {
        Denied::Io(error) => unreadable(&error),
        _ => say("A file lies elsewhere than its name in the directory: "),
    })?;
    let file_preview = beginning(first, separator, limits).map_err(|e| unreadable(&e))?;
    Ok(PreviewDto {
        directory_name: shown.to_string(),
        file_list: names,
        file_preview,
        ..PreviewDto::default()
    })
}

/// The names of the files in a directory, and of the links to files.
fn list(directory: &Directory) -> io::Result<Vec<String>> {
    let leads_to_a_file = |name: &OsStr| directory.path().join(name).is_file();
    let files = directory.entries()?.into_iter().filter(|entry| match entry.kind {
        Kind::File => true,
        Kind::Link => leads_to_a_file(&entry.name),
        Kind::Directory | Kind::Special => false,
    });
    Ok(files.map(|entry| entry.name.to_string_lossy().into_owned()).collect())
}

/// The first cells of the first lines.
fn beginning(file: File, separator: char, limits: PreviewConfig) -> io::Result<Vec<Vec<String>>> {
    let mut reader = BufReader::new(file.take(limits.bytes));
    let mut lines = Vec::new();
    let mut line = Vec::new();
    while lines.len() < limits.lines && reader.read_until(b'\n', &mut line)? > 0 {
        let text = decode(&line);
        let cells = text.trim_end_matches(['\n', '\r']).split(separator).take(limits.cells);
        lines.push(cells.map(str::to_owned).collect());
        line.clear();
    }
    Ok(lines)
}
