//! How much of the disk a digest may have.

use std::path::Path;

use crate::{
    Observer,
    failure::{Stop, error},
};

/// What a digest may have of the disk, as those who run it say.
#[derive(Clone, Copy)]
pub(crate) struct Share<'a> {
    /// Who is asked before more is held.
    pub(crate) observer: &'a dyn Observer,
    /// How many bytes an output may have.
    pub(crate) max_file: Option<u64>,
}

impl Share<'_> {
    pub(super) fn hold(&self, bytes: usize) -> Result<(), Stop> {
        self.observer.hold(bytes as u64).map_err(|why| {
            error(why)
                .remedy("wait until other loads are done, or ask the operator for more room")
                .into()
        })
    }

    pub(super) fn may_have(&self, output: &Path, bytes: u64) -> Result<(), Stop> {
        match self.max_file {
            Some(most) if bytes > most => {
                let path = output.display();
                let problem = format!("{path} would have more than {most} bytes, which none may");
                Err(error(problem)
                    .remedy("load less at once, or ask the operator for larger files")
                    .into())
            }
            _ => Ok(()),
        }
    }
}
