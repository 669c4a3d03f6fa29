//! Bodies, up to a limit and within a time.

use std::time::Duration;

use axum::body::{Body, Bytes};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use tokio::time::timeout;

use super::error::GobiiError;

/// How long a body may take to arrive.
const DEADLINE: Duration = Duration::from_secs(60);

/// How much of a body that nobody reads is still taken from the wire.
const MAX_DISCARDED_BYTES: usize = 64 << 20;

/// The whole body, unless it is larger than the limit.
pub(super) async fn read(body: &mut Body, limit: usize) -> Result<Bytes, GobiiError> {
    match timeout(DEADLINE, Limited::new(body, limit).collect()).await {
        Ok(Ok(whole)) => Ok(whole.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(GobiiError::TooLarge { limit }),
        Ok(Err(_)) | Err(_) => Err(GobiiError::Incomplete),
    }
}

/// Takes what is left of a body: a client that is cut off while it sends never reads its answer.
pub(super) async fn discard(body: Body) {
    let mut rest = Limited::new(body, MAX_DISCARDED_BYTES);
    let drain = async { while let Some(Ok(_)) = rest.frame().await {} };
    // However it ends, the answer goes out.
    let _ = timeout(DEADLINE, drain).await;
}
