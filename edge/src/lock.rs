//! Who may ask a service that answers to one other alone.

use std::sync::Arc;

use axum::{
    body::{Body, to_bytes},
    extract::{Request, State},
    http::request::Parts,
    middleware::Next,
    response::{IntoResponse, Response},
};
use schema::ProblemKind;

use crate::{Answer, Token, Verifier};

/// What opens the door.
#[derive(Clone, Debug)]
pub enum Lock {
    /// Nothing is asked for.
    Open,
    /// The secret that all services share.
    Token(Token),
    /// The other's signature; the bodies of calls have no more bytes than this.
    Signed(Arc<Verifier>, usize),
}

impl From<Option<Token>> for Lock {
    fn from(token: Option<Token>) -> Self {
        token.map_or(Self::Open, Self::Token)
    }
}

/// Lets a request pass that opens the door.
pub async fn require(State(lock): State<Lock>, request: Request, next: Next) -> Response {
    let passed = match &lock {
        Lock::Open => Ok(request),
        Lock::Token(token) => with_token(token, request),
        Lock::Signed(verifier, most) => with_signature(verifier, *most, request).await,
    };
    match passed {
        Ok(request) => next.run(request).await,
        Err(refused) => refused.into_response(),
    }
}

fn with_token(token: &Token, request: Request) -> Result<Request, Answer> {
    match token.opens(request.headers()) {
        true => Ok(request),
        false => {
            let detail = "send the services' shared token as “Authorization: Bearer …”";
            Err(Answer::new(ProblemKind::Unauthorized, detail))
        }
    }
}

async fn with_signature(
    verifier: &Verifier,
    most: usize,
    request: Request,
) -> Result<Request, Answer> {
    let (head, body) = gather(request, most).await?;
    verifier.verify(&head, &body).map_err(distrusted)?;
    Ok(Request::from_parts(head, Body::from(body)))
}

/// The whole of a request, whose body has no more bytes than this.
pub async fn gather(request: Request, most: usize) -> Result<(Parts, axum::body::Bytes), Answer> {
    let (head, body) = request.into_parts();
    match to_bytes(body, most).await {
        Ok(body) => Ok((head, body)),
        Err(error) => {
            let detail = format!("the body has more than {most} bytes, or broke off: {error}");
            Err(Answer::new(ProblemKind::TooLarge, detail))
        }
    }
}

/// What is answered to a call that is not believed.
pub fn distrusted(why: crate::Distrust) -> Answer {
    tracing::warn!("a call is not believed: {why}");
    Answer::new(ProblemKind::Unauthorized, why.to_string())
}
