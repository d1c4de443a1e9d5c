//! What this host hears of queues, and where it looks for itself.

use tokio::sync::{broadcast, mpsc};

use super::{Dispatcher, Found, Known};
use crate::model::QueueId;
use crate::store::{Claimable, Signal};

impl Dispatcher {
    /// Something changed.
    pub(super) fn hear(
        &mut self,
        signal: Result<Signal, broadcast::error::RecvError>,
        found: &mpsc::Sender<Found>,
    ) {
        match signal {
            Ok(Signal::Work(queue)) => self.hear_of(queue, found),
            Ok(Signal::Settings(queue)) => {
                self.unknown.insert(queue);
                self.look(found, false);
            }
            Ok(Signal::Catalogue) => self.runner.tasks.forget_grants(),
            // What is held tells whose end was asked for.
            Ok(Signal::Cancel) => self.doubtful = true,
            Ok(Signal::Due(at)) => self.set_timer(at),
            Ok(Signal::Ended(_) | Signal::Moved | Signal::Told(_)) => {}
            Err(broadcast::error::RecvError::Lagged(_)) => {
                self.runner.tasks.forget_grants();
                self.look(found, true);
            }
            Err(broadcast::error::RecvError::Closed) => {}
        }
    }

    pub(super) fn hear_of(&mut self, queue: QueueId, found: &mpsc::Sender<Found>) {
        match self.queues.get(&queue) {
            // Nothing comes of a paused queue; that the pause is over will be told.
            Some(known) if known.served && !known.settings.paused => {
                self.claimer.hear_of_work(queue, &known.settings);
            }
            Some(_) => {}
            None => {
                self.unknown.insert(queue);
                self.look(found, false);
            }
        }
    }

    /// Looks in the store for queues that have work, or for what queues there are.
    pub(super) fn look(&mut self, found: &mpsc::Sender<Found>, claimable: bool) {
        if std::mem::replace(&mut self.looking, true) {
            return;
        }
        if !claimable {
            // What is heard of from now on, this look may not see.
            self.asked.extend(self.unknown.drain());
        }
        let (store, found) = (self.runner.store.clone(), found.clone());
        tokio::spawn(async move {
            let seen = match claimable {
                true => Found::Claimable(store.claimable().await),
                false => Found::Queues(store.served_queues().await),
            };
            // Nobody looks any more once the incarnation is over.
            let _ = found.send(seen).await;
        });
    }

    pub(super) fn see(&mut self, seen: Found, found: &mpsc::Sender<Found>) {
        self.looking = false;
        let failed = matches!(seen, Found::Queues(Err(_)) | Found::Claimable(Err(_)));
        match seen {
            Found::Claimable(Ok(Claimable { queues, next_at })) => {
                if let Some(at) = next_at {
                    self.set_timer(at);
                }
                for queue in queues {
                    let paused = |known: &Known| known.settings.paused;
                    if self.queues.get(&queue).is_some_and(paused) {
                        // The store says that it is not: nobody told us.
                        self.unknown.insert(queue);
                    }
                    self.hear_of(queue, found);
                }
            }
            Found::Queues(Ok(queues)) => {
                for queue in queues {
                    let named = self.options.queues.as_ref();
                    let served = named
                        .is_none_or(|names| names.iter().any(|name| name == queue.name.as_str()));
                    let known = Known {
                        name: queue.name,
                        settings: queue.settings,
                        served,
                    };
                    let before = self.queues.get(&queue.id);
                    if before.is_some_and(|before| before.settings != known.settings) {
                        self.claimer.hear_of_settings(queue.id, &known.settings);
                    }
                    self.queues.insert(queue.id, known);
                }
                for queue in std::mem::take(&mut self.asked) {
                    if self.queues.contains_key(&queue) {
                        self.hear_of(queue, found);
                    }
                }
            }
            Found::Queues(Err(error)) | Found::Claimable(Err(error)) => {
                self.unknown.extend(self.asked.drain());
                tracing::warn!(%error, "looking for work failed; trying again at the next poll");
            }
        }
        if !self.unknown.is_empty() && !failed {
            self.look(found, false);
        }
    }
}
