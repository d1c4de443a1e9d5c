//! What goes to and from workflows from outside: messages, published values, and the wish that an
//! invocation end.

use std::time::Duration;

use bytes::Bytes;
use serde_json::value::RawValue;
use tokio::time::Instant;

use crate::model::{InvocationId, Namespace};
use crate::store::{Invocation, Published, Sent};

use super::{Control, Error};

/// The longest name of a message or a published value, in characters.
const NAME_MAX: usize = 128;

/// The longest reason for a cancellation, in characters.
const REASON_MAX: usize = 1_024;

/// What a cancelled invocation says where nobody gave a reason.
const NO_REASON: &str = "somebody asked for its end";

impl Control {
    /// Sends a message to a workflow. When it returns, it is on disk. At most `full` wait at once.
    ///
    /// # Errors
    ///
    /// If there is no such invocation, it is no workflow, it has ended, or as many messages wait for
    /// it as may.
    pub async fn send(
        &self,
        namespace: &Namespace,
        id: &InvocationId,
        name: &str,
        value: &RawValue,
        full: u32,
    ) -> Result<(), Error> {
        check_name(name)?;
        let max = self.inner.options.arguments_max_bytes;
        let value = value.get();
        if value.len() > max {
            return Err(Error::TooLarge {
                what: "a message",
                max: format!("{max} bytes"),
                size: format!("{} bytes", value.len()),
            });
        }
        let value = Bytes::copy_from_slice(value.as_bytes());
        match self
            .inner
            .store
            .send(namespace, id, name, value, full)
            .await?
        {
            Sent::Stored => Ok(()),
            Sent::Unknown => Err(Error::UnknownInvocation(vec![id.clone()])),
            Sent::NoWorkflow => Err(Error::NotAWorkflow(id.clone())),
            Sent::Ended(state) => Err(Error::Ended {
                id: id.clone(),
                state,
            }),
            Sent::Full(waiting) => Err(Error::MessagesFull {
                id: id.clone(),
                waiting,
            }),
        }
    }

    /// Everything that an invocation shows to the outside, by name.
    ///
    /// # Errors
    ///
    /// If there is none of that id.
    pub async fn published(
        &self,
        namespace: &Namespace,
        id: &InvocationId,
    ) -> Result<Vec<Published>, Error> {
        let invocation = self.invocation(namespace, id).await?;
        self.published_of(&invocation, 0).await
    }

    /// What an invocation published later than the revision `after`.
    ///
    /// # Errors
    ///
    /// If the store fails.
    pub async fn published_of(
        &self,
        invocation: &Invocation,
        after: i64,
    ) -> Result<Vec<Published>, Error> {
        // Tasks publish nothing, and most invocations are tasks.
        match invocation.workflow {
            true => Ok(self.inner.store.published(invocation.key, after).await?),
            false => Ok(Vec::new()),
        }
    }

    /// What an invocation shows under a name: when it is of a later revision than `after`, when
    /// the invocation has ended, or after `wait`.
    ///
    /// # Errors
    ///
    /// If there is none of that id, it shows nothing of the kind then, or as many wait as may.
    pub async fn published_as(
        &self,
        namespace: &Namespace,
        id: &InvocationId,
        name: &str,
        after: i64,
        wait: Duration,
    ) -> Result<Published, Error> {
        check_name(name)?;
        self.check_wait(wait)?;
        let deadline = Instant::now() + wait;
        let mut invocation = self.invocation(namespace, id).await?;
        let ticket = match wait.is_zero() || invocation.state.is_final() {
            true => None,
            false => Some(self.inner.watch.follow(invocation.key)?),
        };
        let mut is_last = false;
        loop {
            let published = self.published_of(&invocation, after).await?;
            let published = published.into_iter().find(|one| one.name == name);
            if let Some(published) = published {
                return Ok(published);
            }
            let is_over = is_last || invocation.state.is_final();
            let Some(ticket) = ticket.as_ref().filter(|_| !is_over) else {
                return Err(Error::NotPublished {
                    id: id.clone(),
                    name: name.to_owned(),
                });
            };
            let news = tokio::time::timeout_at(deadline, ticket.ended()).await;
            // The time is up, or the host stops: what holds now is the answer.
            is_last = !matches!(news, Ok(keys) if !keys.is_empty());
            invocation = self.invocation(namespace, id).await?;
        }
    }

    /// Asks for the end of these invocations and of what they enqueued, and tells how they stand:
    /// those that run end as soon as their hosts have ended their sandboxes. Those that have ended
    /// stay as they are.
    ///
    /// # Errors
    ///
    /// If one of them does not exist; then nothing is cancelled.
    pub async fn cancel(
        &self,
        namespace: &Namespace,
        ids: &[InvocationId],
        reason: Option<&str>,
    ) -> Result<Vec<Invocation>, Error> {
        let reason = self::reason(reason)?;
        let found = self.by_id(namespace, ids).await?;
        let open = found.values().filter(|one| !one.state.is_final());
        let keys: Vec<_> = open.map(|one| one.key).collect();
        if !keys.is_empty() {
            self.inner.store.cancel(&keys, reason).await?;
        }
        let mut now = self.by_id(namespace, ids).await?;
        Ok(ids.iter().filter_map(|id| now.remove(id)).collect())
    }
}

/// The reason of a cancellation, checked.
pub(super) fn reason(reason: Option<&str>) -> Result<&str, Error> {
    let reason = reason.map_or(NO_REASON, str::trim);
    if reason.chars().count() > REASON_MAX {
        let why = format!("expected at most {REASON_MAX} characters");
        return Err(Error::value("reason", why));
    }
    Ok(match reason.is_empty() {
        true => NO_REASON,
        false => reason,
    })
}

fn check_name(name: &str) -> Result<(), Error> {
    let length = name.chars().count();
    match (1..=NAME_MAX).contains(&length) && !name.chars().any(char::is_control) {
        true => Ok(()),
        false => Err(Error::value(
            "name",
            format!("expected 1 to {NAME_MAX} characters without control characters"),
        )),
    }
}
