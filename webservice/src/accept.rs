//! Takes instructions in: many in one commit when many come at once.

use std::{slice, sync::Arc, time::Duration};

use edge::{Batched, Step};
use schema::NewInstruction;
use sqlx::PgPool;

use crate::{
    error::is_away,
    news::News,
    store::{
        instruction::{self, Acceptance},
        job::ToForward,
    },
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
    // A client that was just answered needs some turns to ask again: a fifth fewer commits.
    const TURNS: usize = 16;

    fn weigh(&self, new: &NewInstruction) -> usize {
        ROW_BYTES + new.body.get().len()
    }

    async fn carry_out(&self, news: Vec<NewInstruction>) -> Vec<Accepted> {
        match instruction::accept(&self.db, &news).await {
            Ok(accepted) => {
                self.tell(news, &accepted);
                accepted.into_iter().map(Ok).collect()
            }
            Err(error) if news.len() == 1 || is_away(&error) => {
                let error = Arc::new(error);
                news.iter().map(|_| Err(Arc::clone(&error))).collect()
            }
            // One of them cannot be stored, or two batches hold keys that the other one wants: those
            // who came along must not suffer for it.
            Err(_) => self.accept_one_by_one(news).await,
        }
    }
}

impl Accepting {
    async fn accept_one_by_one(&self, news: Vec<NewInstruction>) -> Vec<Accepted> {
        let mut answers = Vec::with_capacity(news.len());
        for new in news {
            match instruction::accept(&self.db, slice::from_ref(&new)).await {
                Ok(accepted) => {
                    self.tell(vec![new], &accepted);
                    answers.extend(accepted.into_iter().map(Ok));
                }
                Err(error) => answers.push(Err(Arc::new(error))),
            }
        }
        answers
    }

    /// Says to the forwarder what is new among these, and what it needs of it.
    fn tell(&self, news: Vec<NewInstruction>, accepted: &[Acceptance]) {
        Step::Accepted.pass();
        let made =
            news.into_iter().zip(accepted).filter_map(|(new, acceptance)| match acceptance {
                Acceptance::Created(job) => Some(ToForward::made(new, job)),
                Acceptance::Known(_) | Acceptance::Taken(_) => None,
            });
        self.news.accepted(made.collect());
    }
}
