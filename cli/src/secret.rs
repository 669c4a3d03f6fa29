//! Secrets: made up here, never shown again.

/// A secret that nobody can guess.
pub(crate) fn make_up() -> String {
    // Two version 4 UUIDs carry 244 random bits.
    format!("{}{}", uuid::Uuid::new_v4().simple(), uuid::Uuid::new_v4().simple())
}
