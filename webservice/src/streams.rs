//! Places for readers who stay.

use std::sync::Arc;

use prometheus_client::metrics::gauge::Gauge;
use tokio::sync::OwnedSemaphorePermit;

use crate::{app::App, error::ApiError};

/// One of the places for readers who stay; given back by dropping.
pub(crate) struct Place {
    _permit: OwnedSemaphorePermit,
    streams: Gauge,
}

impl Place {
    pub(crate) fn take(app: &App) -> Result<Self, ApiError> {
        let permit = Arc::clone(&app.streams).try_acquire_owned();
        let permit = permit.map_err(|_| ApiError::TooManyStreams)?;
        app.metrics.streams.inc();
        Ok(Self { _permit: permit, streams: app.metrics.streams.clone() })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.streams.dec();
    }
}
