//! Bodies, up to a limit and within a time.

use std::time::Duration;

use axum::body::{Body, Bytes};
use http_body_util::BodyExt as _;
use tokio::time::timeout;

use super::error::GobiiError;

/// How long a body may take to arrive.
const DEADLINE: Duration = Duration::from_secs(60);

/// How much of a body that is too large is still taken from the wire: a client that is cut off
/// while it sends never reads why.
const MAX_DISCARDED_BYTES: usize = 64 << 20;

/// The whole body, unless it is larger than the limit.
pub(super) async fn read(body: Body, limit: usize) -> Result<Vec<u8>, GobiiError> {
    timeout(DEADLINE, collect(body, limit)).await.unwrap_or(Err(GobiiError::Incomplete))
}

async fn collect(mut body: Body, limit: usize) -> Result<Vec<u8>, GobiiError> {
    let (mut whole, mut length) = (Vec::new(), 0);
    while let Some(bytes) = next(&mut body).await? {
        length += bytes.len();
        if length <= limit {
            whole.extend_from_slice(&bytes);
        } else if length > limit.saturating_add(MAX_DISCARDED_BYTES) {
            break;
        } else {
            whole = Vec::new();
        }
    }
    if length > limit { Err(GobiiError::TooLarge { limit }) } else { Ok(whole) }
}

async fn next(body: &mut Body) -> Result<Option<Bytes>, GobiiError> {
    loop {
        match body.frame().await {
            None => return Ok(None),
            Some(Err(_)) => return Err(GobiiError::Incomplete),
            Some(Ok(frame)) => {
                if let Ok(bytes) = frame.into_data() {
                    return Ok(Some(bytes));
                }
            }
        }
    }
}
