//! What was just looked up, for all who ask at about the same time.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use tokio::sync::Mutex;

/// How old it may be.
const FRESH: Duration = Duration::from_secs(1);

/// Something that is looked up once for many.
pub(super) struct Recent<T>(Mutex<Option<(Instant, Arc<T>)>>);

impl<T> Default for Recent<T> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<T> Recent<T> {
    /// What was looked up a moment ago; who asks while somebody does so already waits for that.
    pub(super) async fn or<E>(
        &self,
        look_up: impl AsyncFnOnce() -> Result<T, E>,
    ) -> Result<Arc<T>, E> {
        let mut recent = self.0.lock().await;
        if let Some((at, known)) = &*recent
            && at.elapsed() < FRESH
        {
            return Ok(Arc::clone(known));
        }
        let known = Arc::new(look_up().await?);
        *recent = Some((Instant::now(), Arc::clone(&known)));
        Ok(known)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn those_who_ask_together_share_one_answer() {
        let recent = Recent::default();
        let first = recent.or(async || Ok::<_, ()>(1)).await.unwrap();
        let second = recent.or(async || Ok::<_, ()>(2)).await.unwrap();
        assert_eq!((*first, *second), (1, 1));
    }

    #[tokio::test]
    async fn a_failure_is_not_kept() {
        let recent = Recent::default();
        assert_eq!(recent.or(async || Err::<u8, _>("away")).await, Err("away"));
        assert_eq!(*recent.or(async || Ok::<_, ()>(2)).await.unwrap(), 2);
    }
}
