//! Bodies that tell who waits for whom.

use std::{
    fmt,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};

use axum::{BoxError, body::Body};
use hyper::body::{Body as HttpBody, Bytes, Frame, SizeHint};
use tokio::time::{Sleep, sleep};

use super::crowd::Place;

/// What a client sends, within its time.
pub(super) struct Arriving<B> {
    body: B,
    place: Arc<Place>,
    within: Duration,
    /// Set once the client lets us wait.
    overdue: Option<Pin<Box<Sleep>>>,
}

/// The client has not sent all that it said it would.
#[derive(Debug)]
struct Overdue(Duration);

impl fmt::Display for Overdue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the body did not arrive within {} s", self.0.as_secs_f32())
    }
}

impl std::error::Error for Overdue {}

impl<B> Arriving<B> {
    pub(super) const fn new(body: B, place: Arc<Place>, within: Duration) -> Self {
        Self { body, place, within, overdue: None }
    }
}

impl<B: HttpBody<Data = Bytes, Error: Into<BoxError>> + Unpin> HttpBody for Arriving<B> {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        if let Poll::Ready(frame) = Pin::new(&mut self.body).poll_frame(cx) {
            self.place.is_ours_to_keep();
            return Poll::Ready(frame.map(|frame| frame.map_err(Into::into)));
        }
        self.place.waits_on();
        let within = self.within;
        let overdue = self.overdue.get_or_insert_with(|| Box::pin(sleep(within)));
        ready!(overdue.as_mut().poll(cx));
        Poll::Ready(Some(Err(Overdue(within).into())))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// What a client is sent. When it is gone, the next request is waited for.
pub(super) struct Leaving {
    body: Body,
    place: Arc<Place>,
}

impl Leaving {
    pub(super) const fn new(body: Body, place: Arc<Place>) -> Self {
        Self { body, place }
    }
}

impl HttpBody for Leaving {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for Leaving {
    fn drop(&mut self) {
        self.place.waits_anew();
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use axum::body::to_bytes;
    use futures_util::{StreamExt as _, stream};
    use tokio::time::Instant;

    use super::{super::crowd::Crowd, *};

    const WITHIN: Duration = Duration::from_secs(60);

    /// Reads a body of so many bytes, one each second.
    async fn read(bytes: usize) -> Result<Bytes, axum::Error> {
        let trickle = stream::iter(0..bytes).then(async |_| {
            sleep(Duration::from_secs(1)).await;
            Ok::<_, Infallible>(Bytes::from_static(b"x"))
        });
        let place = Crowd::new(1).enter().await;
        let body = Arriving::new(Body::from_stream(Box::pin(trickle)), place, WITHIN);
        to_bytes(Body::new(body), bytes).await
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_trickles_in_has_the_same_time_as_any_other() {
        assert_eq!(read(50).await.unwrap().len(), 50);
        let begin = Instant::now();
        let overdue = read(1000).await.unwrap_err();
        assert_eq!(overdue.to_string(), "the body did not arrive within 60 s");
        assert_eq!(begin.elapsed(), WITHIN);
    }
}
