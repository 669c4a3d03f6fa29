//! A digester that does what none should.

use std::{
    env,
    fmt::Debug,
    fs,
    io::{self, Write as _},
    net::TcpStream,
    path::PathBuf,
    process, thread,
    time::Duration,
};

use digester_service::{Digester, Glance, Needs, Outcome, Work};
use schema::{Kind, Preview};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// Executes instructions of kind `rogue`.
pub(crate) struct Rogue;

/// What it does. It tells how the system answered.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Deed {
    Abort,
    /// Takes memory until there is none.
    Devour,
    Read(PathBuf),
    List(PathBuf),
    Write(PathBuf),
    Append(PathBuf),
    Remove(PathBuf),
    Connect(String),
    /// What it has inherited.
    Environment,
    /// Goes on until it is told to stop.
    Wait,
    /// Goes on whatever it is told.
    Linger,
    /// Says what nobody understands.
    Babble,
}

impl Digester for Rogue {
    fn kind(&self) -> Kind {
        Kind::new("rogue").expect("a word is a kind")
    }

    fn needs(&self, _: &RawValue) -> Needs {
        Needs::default()
    }

    fn preview(&self, _: &RawValue, _: &Glance) -> Option<Preview> {
        process::abort()
    }

    fn digest(&self, work: &Work) -> Outcome {
        let deed = serde_json::from_str(work.instruction().get()).expect("it is a deed");
        work.stage(&format!("process {}", process::id()), "begins");
        let answer = match deed {
            Deed::Abort => process::abort(),
            Deed::Devour => devour(),
            Deed::Read(path) => told(fs::read_to_string(path)),
            Deed::List(path) => told(fs::read_dir(path).map(Iterator::count)),
            Deed::Write(path) => told(fs::write(path, "x")),
            Deed::Append(path) => told(append(path)),
            Deed::Remove(path) => told(fs::remove_file(path)),
            Deed::Connect(address) => told(TcpStream::connect(address).map(drop)),
            Deed::Environment => format!("{:?}", env::vars().collect::<Vec<_>>()),
            Deed::Wait => return wait(work),
            Deed::Linger => loop {
                thread::park();
            },
            Deed::Babble => {
                let _ = io::stdout().write_all(b"\xff\xff\xff\xff\n"); // A line is not held back.
                return wait(work);
            }
        };
        Outcome::Completed { message: answer, report: None }
    }
}

fn told<T: Debug>(answer: io::Result<T>) -> String {
    match answer {
        Ok(got) => format!("{got:?}"),
        Err(error) => format!("{:?}", error.kind()),
    }
}

fn append(path: PathBuf) -> io::Result<()> {
    let mut file = fs::OpenOptions::new().append(true).open(path)?;
    file.write_all(b"x")
}

fn devour() -> ! {
    let mut eaten = Vec::new();
    loop {
        eaten.push(vec![1u8; 1 << 20]);
    }
}

fn wait(work: &Work) -> Outcome {
    while !work.is_cancelled() {
        thread::park_timeout(Duration::from_millis(1));
    }
    Outcome::Stopped
}
