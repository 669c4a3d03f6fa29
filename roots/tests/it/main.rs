//! Hostile folders: nothing outside the roots is ever read or written.

#![expect(clippy::unwrap_used, reason = "what a test's world needs must be there")]

mod race;
mod refused;
