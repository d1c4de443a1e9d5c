//! The turn of a workflow on this host: how it gives its permit back while it waits, and goes on in
//! memory when it is resumed here.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::{mpsc, oneshot, watch};

use super::runner::News;
use crate::engine::Feed;
use crate::model::{Moment, QueueId};
use crate::store::{Hold, Wait};
use crate::workflow::{Gone, Turn};

/// A workflow that waits, on its way to the dispatcher.
pub struct Waits {
    /// As the store knows it.
    pub hold: Hold,
    /// Its queue.
    pub queue: QueueId,
    /// The attempt's number.
    pub attempt: u32,
    /// When the attempt started.
    pub started_at: Moment,
    /// For what it waits.
    pub wait: Wait,
    /// What it tells.
    pub feed: Arc<Feed>,
    /// Resumes it. Dropped, it leaves memory.
    pub resume: oneshot::Sender<Hold>,
}

/// A workflow's hold, for whoever records its end.
#[derive(Debug, Clone)]
pub struct HeldAs(Arc<Mutex<Hold>>);

impl HeldAs {
    /// As it was claimed.
    pub fn new(hold: Hold) -> Self {
        Self(Arc::new(Mutex::new(hold)))
    }

    /// As the store knows it now.
    pub fn get(&self) -> Hold {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn set(&self, hold: Hold) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = hold;
    }
}

/// One workflow's turn.
#[derive(Clone)]
pub struct HostTurn {
    /// Its hold.
    pub held_as: HeldAs,
    /// Its queue.
    pub queue: QueueId,
    /// Whether that has a limit.
    pub scarce: bool,
    /// The attempt's number.
    pub attempt: u32,
    /// When it started.
    pub started_at: Moment,
    /// What it tells.
    pub feed: Arc<Feed>,
    /// To the dispatcher.
    pub news: mpsc::UnboundedSender<News>,
    /// Whether others wait for a permit.
    pub pressed: watch::Receiver<bool>,
    /// How long it stays in memory while it waits.
    pub memory: Duration,
}

#[async_trait]
impl Turn for HostTurn {
    fn hold(&self) -> Hold {
        self.held_as.get()
    }

    fn is_scarce(&self) -> bool {
        self.scarce
    }

    async fn wanted(&self) {
        let mut pressed = self.pressed.clone();
        if pressed.wait_for(|pressed| *pressed).await.is_err() {
            // The dispatcher is gone, and with it the lease: the fence ends this.
            std::future::pending::<()>().await;
        }
    }

    async fn wait(&mut self, wait: Wait) -> Result<(), Gone> {
        let (resume, mut resumed) = oneshot::channel();
        let waits = Waits {
            hold: self.held_as.get(),
            queue: self.queue,
            attempt: self.attempt,
            started_at: self.started_at,
            wait,
            feed: self.feed.clone(),
            resume,
        };
        if self.news.send(News::Waits(waits)).is_err() {
            return Err(Gone::Fenced);
        }
        let hold = match tokio::time::timeout(self.memory, &mut resumed).await {
            Ok(resumed) => resumed.map_err(|_| Gone::Away)?,
            Err(_) => {
                // It may have been resumed in this very moment.
                resumed.close();
                resumed.try_recv().map_err(|_| Gone::Away)?
            }
        };
        self.held_as.set(hold);
        Ok(())
    }
}
