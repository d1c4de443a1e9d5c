//! Short ways to upload and to call.

use std::time::Duration;

use serde::Serialize;
use windlass_client::wire::{Invocation, State, Upload};
use windlass_client::{Call, Client, Handle};

use crate::{eventually, guests};

/// Uploads the test component of this name, as version 0.1.0 of it.
pub async fn upload(client: &Client, name: &str) {
    upload_as(client, name, name, "0.1.0").await;
}

/// Uploads a test component under another name and version.
pub async fn upload_as(client: &Client, component: &str, name: &str, version: &str) {
    let upload = Upload {
        name: name.to_owned(),
        version: Some(version.to_owned()),
        ..Upload::default()
    };
    let uploaded = client.upload(&upload, guests::component(component)).await;
    uploaded.unwrap_or_else(|error| panic!("uploading {component} as {name}: {error}"));
}

/// A call of a task with arguments by position.
pub fn call(task: &str, args: &(impl Serialize + ?Sized)) -> Call {
    Call::new(task, args).expect("the arguments are JSON")
}

/// The invocations behind the handles, when all have ended.
pub async fn ended(client: &Client, handles: &[Handle]) -> Vec<Invocation> {
    let ended = client.wait_all(handles).await;
    ended.unwrap_or_else(|error| panic!("waiting for {} calls: {error}", handles.len()))
}

/// Returns when this attempt at the invocation executes.
pub async fn executing(handle: &Handle, attempt: u32) {
    eventually("the start of an attempt", async || {
        let found = handle.get(Duration::ZERO).await;
        let now = found.map(|found| (found.state, found.attempt));
        let executes = matches!(now, Ok(now) if now == (State::Running, attempt));
        executes.then_some(()).ok_or(now)
    })
    .await;
}
