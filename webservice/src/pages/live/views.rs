//! The views that somebody looks at, each kept by one task.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use tokio::sync::watch;

use crate::{app::App, news::Listener};

use super::{
    View,
    shown::{Frames, Shown},
};

/// How long what is shown stays at least.
const REST: Duration = Duration::from_millis(500);
/// A view that takes long to make is made the more rarely: resting so many times as long bounds what
/// it takes of the database.
const REST_FACTOR: u32 = 20;
/// How long is waited for word of a change before looking: what nodes say of themselves is no news,
/// and other web services tell nothing here.
const LOOK_AGAIN: Duration = Duration::from_secs(2);

type Sender = watch::Sender<Option<Arc<Frames>>>;
type Receiver = watch::Receiver<Option<Arc<Frames>>>;

/// How long a view stays at least. What nodes say of themselves is no news: they are looked at again
/// and again.
const fn rest(view: &View) -> Duration {
    match view {
        View::Nodes | View::Node { .. } => LOOK_AGAIN,
        _ => REST,
    }
}

/// All views that somebody looks at.
#[derive(Default)]
pub(in crate::pages) struct Views(Mutex<HashMap<View, Sender>>);

impl Views {
    /// What is shown from now on; nothing, until it was looked at for the first time.
    pub(super) fn watch(&self, app: &App, view: View) -> Receiver {
        let mut views = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(sender) = views.get(&view) {
            return sender.subscribe();
        }
        let (sender, receiver) = watch::channel(None);
        views.insert(view.clone(), sender.clone());
        let keeper = Keeper { listener: app.news.listen(), app: app.clone(), view, shown: None };
        tokio::spawn(keeper.run(sender));
        receiver
    }

    /// Forgets the view if nobody looks at it; nobody begins to meanwhile.
    fn forget_unwatched(&self, view: &View) -> bool {
        let mut views = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let unwatched = views.get(view).is_none_or(|sender| sender.receiver_count() == 0);
        if unwatched {
            views.remove(view);
        }
        unwatched
    }
}

/// Keeps a view up to date as long as somebody looks at it.
struct Keeper {
    app: App,
    view: View,
    listener: Listener,
    shown: Option<(String, Shown)>,
}

impl Keeper {
    async fn run(mut self, sender: Sender) {
        let shutdown = self.app.shutdown.clone();
        while !shutdown.is_cancelled() && !self.app.kept.views.forget_unwatched(&self.view) {
            let begun = Instant::now();
            self.listener.catch_up();
            // A failure was logged by who looked; what was shown stays until the next look.
            if let Ok(shown) = self.view.show(&self.app).await {
                self.tell(shown, &sender);
            }
            let rest = rest(&self.view).max(begun.elapsed() * REST_FACTOR);
            tokio::select! {
                () = async { tokio::time::sleep(rest).await; self.wait(&sender).await } => {}
                () = shutdown.cancelled() => {}
            }
        }
    }

    fn tell(&mut self, shown: Shown, sender: &Sender) {
        let id = shown.id();
        let before = self.shown.as_ref().map(|(id, shown)| (id.as_str(), shown));
        if before.is_some_and(|(before, _)| before == id) {
            return;
        }
        let frames = Frames::new(id.clone(), &shown, before);
        self.shown = Some((id, shown));
        sender.send_replace(Some(Arc::new(frames)));
    }

    /// Returns once it may be worth looking, or nobody is interested any more.
    async fn wait(&mut self, sender: &Sender) {
        let listener = &mut self.listener;
        let news = async {
            match &self.view {
                View::Job(id) => listener.changed(*id).await,
                View::Nodes | View::Node { .. } => {}
                View::Overview | View::Jobs { .. } | View::Instruction(_) => listener.any().await,
            }
        };
        tokio::select! {
            () = news => {}
            () = tokio::time::sleep(LOOK_AGAIN) => {}
            () = sender.closed() => {}
        }
    }
}
