//! The words that the web service, the digester service and their clients share.
//!
//! Plain data, no I/O: what is read here from the wire is checked here, and trusted afterwards.

mod access;
mod demand;
mod event;
pub mod gobii;
mod id;
mod instruction;
mod job;
mod node;
mod notification;
mod object;
mod page;
mod patch;
mod preview;
mod problem;
mod regulation;
mod report;
mod request;
mod status;
mod trace;

pub use access::{ApiToken, AuditEntry, AuditFilter, Grant, InvalidGrant, NewToken, Role, Tenants};
pub use demand::Demand;
pub use event::JobEvent;
pub use id::{InvalidName, JobId, Key, Kind, NodeId};
pub use instruction::{Accepted, AcceptedItem, Instruction, NewInstruction};
pub use job::{Job, NewJob};
pub use node::{Attempt, Heartbeat, Lease, Node, NodeState};
pub use notification::{
    Notification, NotificationFilter, NotificationStatus, Notify, UnknownNotificationStatus,
};
pub use page::{InvalidLimit, JobFilter, Limit, Page};
pub use patch::{AddressedPatch, ItemAnswer, JobPatch, PatchAnswer, Progress};
pub use preview::{Preview, PreviewReport, PreviewRequest, PreviewRow, TablePreview};
pub use problem::{Problem, ProblemKind};
pub use regulation::{BudgetReport, GateReport, Mode, Regulation, StrategyText};
pub use report::{
    Excerpt, Finding, MatrixReport, OutputFile, Report, Severity, StageTime, TableReport,
};
pub use request::{DigestConfig, DigestRequest, Held, HeldState, Taken, TakenItem};
pub use status::{JobStatus, UnknownStatus};
pub use trace::{InvalidTraceParent, TraceParent};
