//! A digester that does what none should.

use std::{
    env,
    fmt::Debug,
    fs,
    io::{self, Write as _},
    net::{TcpStream, UdpSocket},
    os::unix::{fs::PermissionsExt as _, net::UnixStream},
    path::{Path, PathBuf},
    process::{self, Command},
    thread,
    time::Duration,
};

use digester_service::{Digester, Glance, Needs, Outcome, Work};
use regulator::Demand;
use rustix::{
    process::{
        DumpableBehavior, Pid, Resource, Rlimit, Signal, kill_process, prlimit,
        set_dumpable_behavior, set_parent_process_death_signal, setpgid, setpriority_process,
    },
    thread::{CpuSet, sched_setaffinity},
};
use schema::{Kind, Preview};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// How many bytes it says it needs.
pub(crate) const ASKED_MEMORY: u64 = 100;

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
    /// Waits for what somebody sends.
    Receive,
    /// Speaks with itself by a socket.
    Pair,
    Execute(PathBuf),
    /// Ends another process.
    Kill(i32),
    /// Has another process end by the next thing that it writes.
    Limit(i32),
    /// Has another process run on one core.
    Pin(i32),
    /// Has another process run after all others.
    Slow(i32),
    /// Leaves the group that is ended with it for that of another process.
    Desert(i32),
    /// Lives on when the node is gone.
    Outlive,
    /// Lets nobody look into it.
    Hide,
    /// Has the machine look another way to it.
    ChangeRoot(PathBuf),
    /// Lets everybody read a file.
    Open(PathBuf),
    /// Writes so many bytes to a file, without a word, and keeps it until it is told to stop.
    Hoard {
        path: PathBuf,
        bytes: usize,
        is_named: bool,
    },
    /// The same, and then says that it is done.
    Grab {
        path: PathBuf,
        bytes: usize,
    },
    /// The same without asking for anything, and says at once that it is done.
    Leave {
        path: PathBuf,
        bytes: usize,
    },
    /// Makes threads, and has them do something.
    Threads,
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
        Needs { demand: Demand { memory: ASKED_MEMORY, ..Demand::default() }, ..Needs::default() }
    }

    fn writes(&self, instruction: &RawValue) -> Vec<PathBuf> {
        match serde_json::from_str(instruction.get()) {
            Ok(Deed::Hoard { path, .. } | Deed::Grab { path, .. } | Deed::Leave { path, .. }) => {
                path.parent().map(Path::to_owned).into_iter().collect()
            }
            _ => Vec::new(),
        }
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
            Deed::Receive => told(UdpSocket::bind("127.0.0.1:0").map(drop)),
            Deed::Pair => told(UnixStream::pair().map(drop)),
            Deed::Execute(program) => told(Command::new(program).status().map(drop)),
            Deed::Kill(other) => told(kill_process(pid(other), Signal::TERM).map_err(Into::into)),
            Deed::Limit(other) => told(limit(pid(other))),
            Deed::Pin(other) => told(pin(pid(other))),
            Deed::Slow(other) => {
                told(setpriority_process(Some(pid(other)), 19).map_err(Into::into))
            }
            Deed::Desert(other) => told(setpgid(None, Some(pid(other))).map_err(Into::into)),
            Deed::Outlive => told(set_parent_process_death_signal(None).map_err(Into::into)),
            Deed::Hide => {
                told(set_dumpable_behavior(DumpableBehavior::NotDumpable).map_err(Into::into))
            }
            Deed::ChangeRoot(path) => told(rustix::process::chroot(&path).map_err(Into::into)),
            Deed::Open(path) => told(fs::set_permissions(path, fs::Permissions::from_mode(0o444))),
            Deed::Hoard { path, bytes, is_named } => return hoard(work, &path, bytes, is_named),
            Deed::Grab { path, bytes } => {
                told(fs::write(path, vec![1; bytes]));
                format!("{}", work.may_publish())
            }
            Deed::Leave { path, bytes } => told(fs::write(path, vec![1; bytes])),
            Deed::Threads => threads(),
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

fn pid(process: i32) -> Pid {
    Pid::from_raw(process).expect("a number of a process")
}

fn limit(process: Pid) -> io::Result<()> {
    let nothing = Rlimit { current: Some(0), maximum: Some(0) };
    prlimit(Some(process), Resource::Fsize, nothing)?;
    Ok(())
}

fn pin(process: Pid) -> io::Result<()> {
    let mut cores = CpuSet::new();
    cores.set(0);
    Ok(sched_setaffinity(Some(process), &cores)?)
}

fn hoard(work: &Work, path: &Path, bytes: usize, is_named: bool) -> Outcome {
    let mut file = fs::File::create(path).expect("it may write there");
    if !is_named {
        fs::remove_file(path).expect("it may write there");
    }
    file.write_all(&vec![1; bytes]).expect("the disk has room");
    wait(work)
}

fn threads() -> String {
    let four: Vec<_> = (0..4).map(|number| thread::spawn(move || number)).collect();
    let sum: i32 = four.into_iter().map(|thread| thread.join().expect("it ends well")).sum();
    sum.to_string()
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
