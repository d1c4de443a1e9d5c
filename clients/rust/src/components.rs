//! Uploading components, looking at them, granting them something.

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use reqwest::Method;
use reqwest::header::CONTENT_TYPE;

use crate::client::{Client, read};
use crate::error::Error;
use crate::wire::{
    Component, Grants, Page, PageQuery, TaskDefaults, UpgradeRequest, Upgraded, Upload,
};

/// How much longer than usual an answer may take for which workflows are executed again.
pub(crate) const REPLAYING: Duration = Duration::from_secs(600);

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
            .query(&upload.pairs())
            .header(CONTENT_TYPE, "application/wasm")
            .body(bytes.into());
        read(self.send(request, Duration::ZERO).await?).await
    }

    /// A page of all versions of all components.
    pub async fn components(&self, page: &PageQuery) -> Result<Page<Component>, Error> {
        self.get(&["v1", "components"], page).await
    }

    /// All versions of a component, the highest last.
    pub async fn versions(&self, name: &str) -> Result<Vec<Component>, Error> {
        let page: Page<Component> = self.get(&["v1", "components", name], &()).await?;
        Ok(page.items)
    }

    /// A component: this version, or the highest that is no pre-release.
    pub async fn component(&self, name: &str, version: Option<&str>) -> Result<Component, Error> {
        if let Some(version) = version {
            return self.get(&["v1", "components", name, version], &()).await;
        }
        highest(self.versions(name).await?).ok_or_else(|| Error::Protocol {
            url: format!("{}/v1/components/{name}", self.server()),
            reason: "no version of a component that exists".to_owned(),
        })
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

    /// What holds for calls of a component's tasks that do not say otherwise, by the task's name.
    pub async fn defaults(&self, name: &str) -> Result<BTreeMap<String, TaskDefaults>, Error> {
        self.get(&["v1", "components", name, "defaults"], &()).await
    }

    /// Replaces what holds for calls of a component's tasks that do not say otherwise.
    pub async fn set_defaults(
        &self,
        name: &str,
        tasks: &BTreeMap<String, TaskDefaults>,
    ) -> Result<BTreeMap<String, TaskDefaults>, Error> {
        let path = ["v1", "components", name, "defaults"];
        self.send_json(Method::PUT, &path, tasks, Duration::ZERO)
            .await
    }

    /// Moves the workflows of a component that are in flight to another version of it, those that
    /// replay exactly with it.
    pub async fn upgrade(&self, name: &str, request: &UpgradeRequest) -> Result<Upgraded, Error> {
        let path = ["v1", "components", name, "upgrade"];
        self.send_json(Method::POST, &path, request, REPLAYING)
            .await
    }
}

/// Of versions in their order, the last that is no pre-release, or the last if all are.
fn highest(mut versions: Vec<Component>) -> Option<Component> {
    let release = versions
        .iter()
        // What stands behind a plus sign may have a minus sign in it.
        .rposition(|one| match one.version.split_once('+') {
            Some((version, _)) => !version.contains('-'),
            None => !one.version.contains('-'),
        });
    match release {
        Some(index) => Some(versions.swap_remove(index)),
        None => versions.pop(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(version: &str) -> Component {
        Component {
            name: "images".to_owned(),
            version: version.to_owned(),
            digest: String::new(),
            size: 0,
            uploaded_at: String::new(),
            tasks: Vec::new(),
            skipped: Vec::new(),
            bindings: Vec::new(),
        }
    }

    #[test]
    fn a_pre_release_is_taken_only_where_there_is_nothing_else() {
        let of = |versions: &[&str]| {
            let versions = versions.iter().map(|text| version(text));
            highest(versions.collect()).map(|one| one.version)
        };

        assert_eq!(of(&["1.0.0", "1.1.0-rc.1"]).as_deref(), Some("1.0.0"));
        assert_eq!(of(&["1.0.0", "1.1.0+b-1"]).as_deref(), Some("1.1.0+b-1"));
        assert_eq!(of(&["1.1.0-rc.1"]).as_deref(), Some("1.1.0-rc.1"));
    }
}
