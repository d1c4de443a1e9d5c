//! What is uploaded: lists, one version, its WIT.

use semver::Version;

use crate::model::{ComponentName, Namespace};
use crate::store::Component;

use super::{Control, Error};

impl Control {
    /// All versions of all components, newest version of each last.
    ///
    /// # Errors
    ///
    /// If the store fails.
    pub async fn components(&self, namespace: &Namespace) -> Result<Vec<Component>, Error> {
        Ok(self.inner.store.components(namespace, None).await?)
    }

    /// All versions of one component, newest last.
    ///
    /// # Errors
    ///
    /// If there is none of that name.
    pub async fn versions(
        &self,
        namespace: &Namespace,
        name: &ComponentName,
    ) -> Result<Vec<Component>, Error> {
        let versions = self.inner.store.components(namespace, Some(name)).await?;
        match versions.is_empty() {
            true => Err(Error::UnknownComponent(name.to_string())),
            false => Ok(versions),
        }
    }

    /// One version of a component, with its WIT; without a version the highest that is no
    /// pre-release, or the highest if all are.
    ///
    /// # Errors
    ///
    /// If there is none.
    pub async fn component(
        &self,
        namespace: &Namespace,
        name: &ComponentName,
        version: Option<&Version>,
    ) -> Result<Component, Error> {
        let versions = self.versions(namespace, name).await?;
        let found = match version {
            Some(version) => versions.into_iter().find(|one| one.version == *version),
            None => versions
                .into_iter()
                .max_by(|a, b| rank(&a.version).cmp(&rank(&b.version))),
        };
        found.ok_or_else(|| {
            let version = version.map(Version::to_string).unwrap_or_default();
            Error::UnknownComponent(format!("{name}@{version}"))
        })
    }
}

/// Released versions before pre-releases, then the higher first.
fn rank(version: &Version) -> (bool, &Version) {
    (version.pre.is_empty(), version)
}
