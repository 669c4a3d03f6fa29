//! GOBii's contract.
