//! Looks at instructions before they are accepted.

use std::{sync::Arc, time::Duration};

use schema::{Preview, PreviewRequest};
use tokio::{sync::Semaphore, task::spawn_blocking};

use crate::{
    digester::{Glance, preview_caught},
    error::ApiError,
    node::Node,
};

/// How many instructions are looked at at once: digests come first.
const AT_ONCE: usize = 2;
/// How long a look may take; shorter than the web service waits for it.
const LONGEST: Duration = Duration::from_secs(8);

/// Room for looks.
pub(crate) fn room() -> Arc<Semaphore> {
    Arc::new(Semaphore::new(AT_ONCE))
}

impl Node {
    /// What would become of an instruction.
    pub(crate) async fn preview(&self, request: PreviewRequest) -> Result<Preview, ApiError> {
        let PreviewRequest { kind, instruction } = request;
        let digester = Arc::clone(self.digester(&kind)?);
        let room = Arc::clone(&self.previews).try_acquire_owned();
        let room = room.map_err(|_| ApiError::TooManyPreviews)?;
        let glance = Glance::of(LONGEST);
        let apart = self.apart.clone();
        let look = spawn_blocking(move || {
            let _room = room;
            match apart {
                Some(apart) => apart.preview(&*digester, &instruction, &glance),
                None => preview_caught(&*digester, &instruction, &glance),
            }
        });
        // Only a runtime that ends gives up what it was asked to do.
        let seen = look.await.map_err(|_| ApiError::Stopping)?;
        match seen {
            Some(preview) => Ok(Preview { node: Some(self.name.clone()), ..preview }),
            None if glance.is_over() => Err(ApiError::PreviewTookTooLong(LONGEST)),
            None => Err(ApiError::NoPreview(kind)),
        }
    }
}
