//! The service that keeps instructions and jobs, and speaks to the outside.
