//! Uploading components, looking at them, granting them something.

use bytes::Bytes;
use reqwest::Method;
use reqwest::header::CONTENT_TYPE;
use std::time::Duration;

use crate::client::{Client, read};
use crate::error::Error;
use crate::wire::{Component, Grants, Page, PageQuery, Upload};

impl Client {
    /// Uploads a component. The same bytes under the same version again change nothing; other
    /// bytes under a version that exists are refused.
    pub async fn upload(
        &self,
        upload: &Upload,
        bytes: impl Into<Bytes>,
    ) -> Result<Component, Error> {
        let request = self
            .request(Method::POST, &["v1", "components"])
            .query(upload)
            .header(CONTENT_TYPE, "application/wasm")
            .body(bytes.into());
        read(self.send(request, Duration::ZERO).await?).await
    }

    /// A page of all versions of all components.
    pub async fn components(&self, page: &PageQuery) -> Result<Page<Component>, Error> {
        self.get(&["v1", "components"], page).await
    }

    /// A component: this version, or the highest that is no pre-release.
    pub async fn component(&self, name: &str, version: Option<&str>) -> Result<Component, Error> {
        match version {
            Some(version) => self.get(&["v1", "components", name, version], &()).await,
            None => self.get(&["v1", "components", name], &()).await,
        }
    }

    /// The interfaces of a component, as WIT text.
    pub async fn wit(&self, name: &str, version: &str) -> Result<String, Error> {
        let path = ["v1", "components", name, version, "wit"];
        let response = self
            .send(self.request(Method::GET, &path), Duration::ZERO)
            .await?;
        let text = response.text().await;
        text.map_err(|error| self.unreachable(&error))
    }

    /// What a component may do beyond its sandbox.
    pub async fn grants(&self, name: &str) -> Result<Grants, Error> {
        self.get(&["v1", "components", name, "grants"], &()).await
    }

    /// Replaces what a component may do beyond its sandbox. What runs already keeps what it had.
    pub async fn set_grants(&self, name: &str, grants: &Grants) -> Result<Grants, Error> {
        let path = ["v1", "components", name, "grants"];
        self.send_json(Method::PUT, &path, grants, Duration::ZERO)
            .await
    }
}
