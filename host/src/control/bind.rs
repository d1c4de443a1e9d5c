//! Binding the imports of an uploaded component to the components that provide them.

use semver::Version;

use crate::model::{ComponentName, Namespace};
use crate::registry::bindings::{self, Asked, Binding};
use crate::registry::describe::Imported;
use crate::values::Mistake;

use super::catalogue::Snapshot;
use super::{Control, Error};

impl Control {
    /// What the imports of this version of a component are bound to; of one that exists, what they
    /// were bound to.
    pub(super) async fn bind(
        &self,
        namespace: &Namespace,
        own: (&ComponentName, &Version),
        said: &[String],
        imports: &[Imported],
    ) -> Result<Vec<Binding>, Error> {
        let asked: Result<Vec<Asked>, _> = said.iter().map(|text| text.parse()).collect();
        let asked = asked.map_err(|error| refused(&[error]))?;
        if imports.is_empty() && asked.is_empty() {
            return Ok(Vec::new());
        }
        let catalogues = &self.inner.catalogues;
        let snapshot = catalogues.current(namespace).await?;
        let bound = bind(&snapshot, own, imports, asked.clone());
        if bound.is_ok() {
            return bound;
        }
        // Another host may have stored the provider a moment ago.
        let snapshot = catalogues.newer(namespace, Some(&snapshot)).await?;
        bind(&snapshot, own, imports, asked)
    }
}

fn bind(
    snapshot: &Snapshot,
    (own, version): (&ComponentName, &Version),
    imports: &[Imported],
    mut asked: Vec<Asked>,
) -> Result<Vec<Binding>, Error> {
    let stored = snapshot.bindings(own, version);
    if !stored.is_empty() && asked.is_empty() {
        return Ok(stored);
    }
    // What is not said again is meant as it was.
    for asked in &mut asked {
        let was = stored
            .iter()
            .find(|was| asked.means(&was.interface) && asked.component == was.component);
        if let Some(was) = was {
            asked.rule = asked.rule.take().or_else(|| was.version.parse().ok());
            asked.queue.get_or_insert_with(|| was.queue.clone());
        }
    }
    let bound = bindings::bind(own.as_str(), imports, &asked, &snapshot.offers())
        .map_err(|errors| refused(&errors))?;
    let of = |component: &str| snapshot.bound_to(component);
    if let Some(circle) = bindings::cycle(own.as_str(), &bound, of) {
        return Err(refused(&[bindings::Error::Cycle(circle)]));
    }
    match stored.is_empty() || stored == bound {
        true => Ok(bound),
        false => Err(Error::BoundOtherwise {
            stands: format!("{own}@{version}"),
            what: "bindings",
        }),
    }
}

fn refused(errors: &[bindings::Error]) -> Error {
    let mistakes = errors.iter().map(|error| Mistake {
        place: error.place(),
        message: error.to_string(),
    });
    Error::Bindings(mistakes.collect())
}
