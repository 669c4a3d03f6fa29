//! What the one who runs a digest decides, whatever the instruction says.

use std::path::PathBuf;

/// How a digest may use the machine.
#[derive(Clone, Debug)]
pub struct Options<'a> {
    /// The threads that parse; none means rayon's own pool. The calling thread reads and writes.
    pub pool: Option<&'a rayon::ThreadPool>,
    /// How many errors are collected before giving up.
    pub max_errors: usize,
    /// About how many bytes of memory may be held; a matrix to turn spills to disk beyond it.
    pub memory: usize,
    /// How much of a file is parsed at once.
    pub chunk: usize,
    /// Whether the report tells what is in a matrix, and how much of it is missing.
    pub count_calls: bool,
    /// How many bytes an output may have.
    pub max_file: Option<u64>,
    /// The directories that source and destination must lie under; none means anywhere.
    pub roots: Vec<PathBuf>,
}

impl Default for Options<'_> {
    fn default() -> Self {
        Self {
            pool: None,
            max_errors: 20,
            memory: 192 << 20,
            chunk: 512 << 10,
            count_calls: true,
            max_file: None,
            roots: Vec::new(),
        }
    }
}
