//! When waiting work may start: strategies and a simulator to compare them.
//!
//! A [`Regulator`] owns what waits and the books of what runs. The stock one is a [`Stack`]: one
//! [`Rank`] that orders what waits, any [`Gate`]s that may veto a start, and backfill. Which ones is
//! a value, the [`Strategy`], that an operator writes down.
//!
//! ```
//! use regulator::{Ask, AskId, End, Moment, Now, Outcome, Regulator, Stack, Strategy};
//!
//! let now = Now { moment: Moment::ZERO, wall: jiff::Timestamp::UNIX_EPOCH };
//! let strategy = Strategy::from_toml("gates = [{ fixed = { at_once = 1 } }]")?;
//! let mut node = Stack::new(&strategy, now);
//! node.submit(now, Ask::new(AskId(1), "loader", "maize"))?;
//! node.submit(now, Ask::new(AskId(2), "loader", "wheat"))?;
//!
//! let grant = node.admit(now).expect("one has room");
//! assert_eq!((grant.id, node.admit(now)), (AskId(1), None));
//! let why = node.explain(now, AskId(2)).expect("it waits");
//! assert!(why.blockers[0].text.starts_with("waits for a slot; 1 of 1 taken by job"));
//!
//! node.finish(now, grant.id, Outcome::of(End::Completed));
//! assert_eq!(node.admit(now).map(|grant| grant.id), Some(AskId(2)));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod ask;
mod blocker;
mod books;
mod clock;
mod demand;
mod explanation;
mod gate;
pub mod gates;
mod learned;
mod outcome;
mod permit;
mod rank;
pub mod ranks;
mod regulator;
mod signal;
pub mod sim;
mod stack;
mod strategy;
mod time;
mod units;
mod waiting;
mod words;

pub use ask::{Ask, AskId};
pub use blocker::{Blocker, Lift, Never, Refusal};
pub use books::{Books, Running};
pub use clock::{Clock, SystemClock};
pub use demand::{Demand, Resource, Room};
pub use explanation::{Estimate, Explanation, Place};
pub use gate::{Budget, Facet, Gate, GateState, Reach, Want};
pub use learned::Learned;
pub use outcome::{End, Outcome};
pub use permit::{Permit, Shared};
pub use rank::Rank;
pub use regulator::{Change, Grant, Mode, QueueState, Regulator, State};
pub use signal::{Pressure, Signal};
pub use stack::Stack;
pub use strategy::{Backfill, Strategy, StrategyError};
pub use time::{Moment, Now};
pub use units::{Bytes, Length};
