//! Questions to a running web service.

pub(crate) mod api;
pub(crate) mod cancel;
pub(crate) mod events;
mod follow;
pub(crate) mod jobs;
pub(crate) mod logs;
pub(crate) mod nodes;
pub(crate) mod notifications;
pub(crate) mod print;
pub(crate) mod rerun;
pub(crate) mod show;
pub(crate) mod submit;
pub(crate) mod watch;
