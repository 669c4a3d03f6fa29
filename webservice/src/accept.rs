//! Takes instructions in: many in one commit when many come at once.

use std::{slice, sync::Arc, time::Duration};

use edge::{Batched, Step};
use schema::NewInstruction;
use sqlx::PgPool;

use crate::{
    error::is_away,
    news::News,
    store::instruction::{self, Acceptance},
};

/// How many commits are under way at once.
pub(crate) const LANES: usize = 2;
/// What an instruction takes of a batch beside its text.
const ROW_BYTES: usize = 1 << 10;

/// What is said of each instruction; an error may be that of all who came together.
pub(crate) type Accepted = Result<Acceptance, Arc<sqlx::Error>>;

/// Writes down what is to be done, and says so to the forwarder.
pub(crate) struct Accepting {
    pub(crate) db: PgPool,
    pub(crate) news: Arc<News>,
}

impl Batched for Accepting {
    type Item = NewInstruction;
    type Answer = Accepted;

    const MAX_WEIGHT: usize = 1 << 20;
    // The disk sets the pace.
    const EVERY: Duration = Duration::ZERO;
    // A commit costs as much as writing a dozen rows: one larger is better than two smaller ones.
    const ANOTHER_LANE_FROM: usize = 64;

    fn weigh(&self, new: &NewInstruction) -> usize {
        ROW_BYTES + new.body.get().len()
    }

    async fn carry_out(&self, news: Vec<NewInstruction>) -> Vec<Accepted> {
        match self.accept(&news).await {
            Ok(accepted) => accepted.into_iter().map(Ok).collect(),
            Err(error) if news.len() == 1 || is_away(&error) => {
                let error = Arc::new(error);
                news.iter().map(|_| Err(Arc::clone(&error))).collect()
            }
            // One of them cannot be stored, or two batches hold keys that the other one wants: those
            // who came along must not suffer for it.
            Err(_) => self.accept_one_by_one(&news).await,
        }
    }
}

impl Accepting {
    async fn accept(&self, news: &[NewInstruction]) -> sqlx::Result<Vec<Acceptance>> {
        let accepted = instruction::accept(&self.db, news).await?;
        Step::Accepted.pass();
        for acceptance in &accepted {
            if let Acceptance::Created(job) = acceptance {
                self.news.submitted(job.id);
            }
        }
        Ok(accepted)
    }

    async fn accept_one_by_one(&self, news: &[NewInstruction]) -> Vec<Accepted> {
        let mut answers = Vec::with_capacity(news.len());
        for new in news {
            match self.accept(slice::from_ref(new)).await {
                Ok(accepted) => answers.extend(accepted.into_iter().map(Ok)),
                Err(error) => answers.push(Err(Arc::new(error))),
            }
        }
        answers
    }
}
