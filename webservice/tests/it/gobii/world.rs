//! A crop `dev` with a user, files of its own, and a server at an address of its own.

use std::{fs, path::PathBuf, sync::OnceLock};

use edge::Limits;
use serde_json::{Value, json};
use tempfile::TempDir;
use webservice::{
    access::hash_password,
    gobii::{Contact, CropConfig, GobiiConfig, router},
};

use super::{memory::Memory, strict};
use crate::wire::{self, Server};

/// The name that the desktop client would give.
pub(crate) const NAME: &str = "data_20260101_120000_USER_READER";
/// The key of [`NAME`] in crop `dev`.
pub(crate) const KEY: &str = "dev:data_20260101_120000_USER_READER";

/// Everything one test needs, and nobody else touches.
pub(crate) struct World {
    pub(crate) root: TempDir,
    pub(crate) memory: Memory,
    pub(crate) server: Server,
    /// What login gave.
    pub(crate) token: String,
}

impl World {
    pub(crate) async fn new() -> Self {
        Self::with(|_, _| ()).await
    }

    /// A world with another configuration of the facade and of the crop.
    pub(crate) async fn with(change: impl FnOnce(&mut GobiiConfig, &mut CropConfig)) -> Self {
        let root = tempfile::tempdir().unwrap();
        let memory = Memory::default();
        let router = router(config(root.path().into(), change), memory.clone());
        let server = Server::start(router, Limits::default()).await;
        let mut world = Self { root, memory, server, token: String::new() };
        let login = world.exchange(LOGIN.as_bytes()).await;
        world.token = login.header("X-Auth-Token").unwrap().to_owned();
        world
    }

    /// Where users upload.
    pub(crate) fn files(&self) -> PathBuf {
        self.root.path().join("crops/dev/files")
    }

    /// Where digests go.
    pub(crate) fn digest(&self) -> PathBuf {
        self.root.path().join("crops/dev/loader/digest")
    }

    /// Puts a file into an upload folder.
    pub(crate) fn upload(&self, folder: &str, file: &str, bytes: impl AsRef<[u8]>) {
        let folder = self.files().join(folder);
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join(file), bytes).unwrap();
    }

    /// Sends bytes; whatever comes back must be what the oldest client can read.
    pub(crate) async fn exchange(&self, request: &[u8]) -> wire::Answer {
        let answer = self.server.exchange(request).await;
        let head = String::from_utf8_lossy(request).into_owned();
        let target = head.split(' ').nth(1).unwrap();
        let path = target.split('?').next().unwrap();
        let kind = answer.header("Content-Type").unwrap();
        if kind == "application/json;charset=UTF-8" && !path.ends_with("/auth") {
            strict::read(path, &serde_json::from_str(answer.text()).unwrap());
        }
        answer
    }

    /// Calls as a user who is logged in, at a path below `gobii/v1`.
    pub(crate) async fn call(&self, method: &str, path: &str, body: &[u8]) -> Answer {
        let length = body.len();
        let token = &self.token;
        let head = format!(
            "{method} /gobii-dev//gobii/v1/{path} HTTP/1.1\r\nX-Auth-Token: {token}\r\n\
             Accept: application/json\r\nContent-Type: application/json\r\n\
             Content-Length: {length}\r\nHost: x\r\n\r\n"
        );
        Answer::of(self.exchange(&[head.as_bytes(), body].concat()).await)
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.call("GET", path, b"").await
    }

    /// Sends an item to be created.
    pub(crate) async fn create(&self, item: &Value) -> Answer {
        let envelope = json!({ "payload": { "data": [item] }, "header": {} });
        self.call("POST", "instructions/loader", envelope.to_string().as_bytes()).await
    }

    /// An item of the oldest dialect, with its source in place.
    pub(crate) fn item(&self) -> Value {
        fs::create_dir_all(self.files().join(NAME)).unwrap();
        json!({
            "allowedProcessTypes": [],
            "gobiiLoaderInstructions": [self.element("marker")],
            "instructionFileName": NAME,
            "id": 1
        })
    }

    /// One table of the oldest dialect.
    pub(crate) fn element(&self, table: &str) -> Value {
        json!({
            "gobiiFile": self.file(),
            "table": table,
            "gobiiFileColumns": [{ "gobiiColumnType": "CONSTANT", "name": "c" }],
            "gobiiCropType": null,
            "contactId": 7
        })
    }

    /// The item of the latest dialect, with its source in place.
    pub(crate) fn procedure(&self) -> Value {
        fs::create_dir_all(self.files().join(NAME)).unwrap();
        json!({
            "procedure": {
                "metadata": {
                    "gobiiFile": self.file(),
                    "gobiiCropType": "",
                    "jobPayloadType": "CV_PAYLOADTYPE_MATRIX",
                    "gobiiJobStatus": "CV_PROGRESSSTATUS_NOSTATUS",
                    "dataset": { "id": 6, "name": "DS" },
                    "contactId": 7
                },
                "instructions": [{ "table": "dnarun", "gobiiFileColumns": [] }]
            },
            "instructionFileName": NAME,
            "id": 1
        })
    }

    fn file(&self) -> Value {
        json!({
            "source": self.files().join(NAME),
            "destination": self.digest().join(NAME),
            "delimiter": "\\t",
            "gobiiFileType": "GENERIC",
            "createSource": false
        })
    }
}

/// A login as the desktop client sends it.
pub(crate) const LOGIN: &str = "POST /gobii-dev//gobii/v1/auth HTTP/1.1\r\n\
    Content-Type: application/json\r\nAccept: application/json\r\nX-Username: USER_READER\r\n\
    X-Password: reader\r\nContent-Length: 5\r\nHost: x\r\n\r\nempty";

/// The crop `dev` under a root, with one user.
pub(crate) fn config(
    root: PathBuf,
    change: impl FnOnce(&mut GobiiConfig, &mut CropConfig),
) -> GobiiConfig {
    static HASH: OnceLock<String> = OnceLock::new();
    let hash = HASH.get_or_init(|| hash_password("reader")).clone();
    let mut crop = CropConfig::new("/gobii-dev", root);
    crop.users.insert("USER_READER".to_owned(), hash.try_into().unwrap());
    crop.contacts.push(Contact {
        id: 7,
        first_name: "User".to_owned(),
        last_name: "Reader".to_owned(),
        email: "reader@example.org".to_owned().try_into().unwrap(),
        user_name: "USER_READER".to_owned(),
    });
    let mut config = GobiiConfig::default();
    change(&mut config, &mut crop);
    config.crops.insert("dev".parse().unwrap(), crop).unwrap();
    config
}

/// An envelope that came back.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) envelope: Value,
}

impl Answer {
    pub(crate) fn of(answer: wire::Answer) -> Self {
        let envelope = serde_json::from_str(answer.text()).unwrap();
        Self { status: answer.status(), head: answer.head, envelope }
    }

    pub(crate) fn succeeded(&self) -> bool {
        self.envelope["header"]["status"]["succeeded"] == true
    }

    /// The items; the call must have succeeded.
    pub(crate) fn data(&self) -> &[Value] {
        assert!(self.succeeded(), "{}", self.messages());
        self.envelope["payload"]["data"].as_array().unwrap()
    }

    /// All messages, joined as the desktop client joins them.
    pub(crate) fn messages(&self) -> String {
        let messages = self.envelope["header"]["status"]["statusMessages"].as_array().unwrap();
        let texts: Vec<_> = messages.iter().map(|it| it["message"].as_str().unwrap()).collect();
        texts.join("\n")
    }

    /// The error's text; it must be one that clients show.
    pub(crate) fn error(&self) -> String {
        assert!(!self.succeeded(), "{}", self.envelope);
        assert!(![400, 401, 404, 405, 406].contains(&self.status), "{}", self.status);
        self.messages()
    }
}
