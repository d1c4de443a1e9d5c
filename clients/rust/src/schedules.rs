//! Schedules: made, shown, paused, triggered.

use std::time::Duration;

use reqwest::Method;

use crate::client::{Client, read};
use crate::error::Error;
use crate::wire::{Invocation, Page, PageQuery, Schedule, SchedulePlan};

impl Client {
    /// Makes a schedule, or replaces all that it says. Whether it is paused stays unless it is said.
    pub async fn put_schedule(&self, name: &str, plan: &SchedulePlan) -> Result<Schedule, Error> {
        let path = ["v1", "schedules", name];
        self.send_json(Method::PUT, &path, plan, Duration::ZERO)
            .await
    }

    /// A page of the schedules, by name.
    pub async fn schedules(&self, page: &PageQuery) -> Result<Page<Schedule>, Error> {
        self.get(&["v1", "schedules"], page).await
    }

    /// A schedule with its next firings.
    pub async fn schedule(&self, name: &str) -> Result<Schedule, Error> {
        self.get(&["v1", "schedules", name], &()).await
    }

    /// Deletes a schedule. What it enqueued stays.
    ///
    /// # Errors
    /// A problem with the code `schedule-unknown` if there is none, which is also what one hears whose
    /// first answer was lost.
    pub async fn delete_schedule(&self, name: &str) -> Result<(), Error> {
        let request = self.request(Method::DELETE, &["v1", "schedules", name]);
        self.send(request, Duration::ZERO).await.map(drop)
    }

    /// Has a schedule not fire, or fire again from now on.
    pub async fn pause_schedule(&self, name: &str, paused: bool) -> Result<Schedule, Error> {
        let verb = if paused { "pause" } else { "resume" };
        let request = self.request(Method::POST, &["v1", "schedules", name, verb]);
        read(self.send(request, Duration::ZERO).await?).await
    }

    /// Enqueues a schedule's call now, and leaves the schedule as it is.
    pub async fn trigger(&self, name: &str) -> Result<Invocation, Error> {
        let request = self.request(Method::POST, &["v1", "schedules", name, "trigger"]);
        // Each is a call of its own.
        read(self.send_once(request, Duration::ZERO).await?).await
    }
}
