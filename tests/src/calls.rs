//! Short ways to upload and to call.

use serde::Serialize;
use windlass_client::wire::{Invocation, Upload};
use windlass_client::{Call, Client, Handle};

use crate::guests;

/// Uploads the test component of this name, as version 0.1.0 of it.
pub async fn upload(client: &Client, name: &str) {
    upload_as(client, name, name, "0.1.0").await;
}

/// Uploads a test component under another name and version.
pub async fn upload_as(client: &Client, component: &str, name: &str, version: &str) {
    let upload = Upload {
        name: name.to_owned(),
        version: Some(version.to_owned()),
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
