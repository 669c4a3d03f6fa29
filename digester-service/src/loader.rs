//! GOBii loader instructions, executed by the digest engine.
