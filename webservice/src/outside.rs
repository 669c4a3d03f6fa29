//! What others answer, who may be anybody.

use std::error::Error;

use reqwest::Response;

/// The body of an answer, if it is no longer than it should be.
pub(crate) async fn read(mut answer: Response, at_most: usize) -> Result<Vec<u8>, String> {
    let mut body = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(|error| told(&error))? {
        if body.len() + chunk.len() > at_most {
            return Err(format!("it answers more than {at_most} bytes"));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// An error with its causes.
pub(crate) fn told(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text += &format!(": {error}");
        cause = error.source();
    }
    text
}
