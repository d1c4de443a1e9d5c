//! Which component and which queue stand behind an interface that a workflow imports.
//!
//! Decided at upload, where somebody can still do something about what does not fit, and kept with
//! the version. An import is bound to a component and a rule about its versions; a call goes to the
//! highest version that the rule allows when it is made. Who says nothing gets the only component
//! that exports the interface, the caret of its highest version (`^1.2.0`: until the next version
//! that semver calls incompatible), and the queue that is named like the component.
//!
//! - `asked`: what the uploader said of an import; `compare`: two types side by side
//! - `error`: what does not fit

mod asked;
mod compare;
mod error;

use semver::{Version, VersionReq};
use serde::{Deserialize, Serialize};

use super::describe::{Imported, Task};
use crate::model::QueueName;

pub use asked::Asked;
pub use error::Error;

/// How many names a message lists.
const LISTED_MAX: usize = 8;

/// One import that is bound.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Binding {
    /// The interface as it is imported, with its version.
    pub interface: String,
    /// The component that provides it.
    pub component: String,
    /// Which of its versions, as in `^1.2`.
    pub version: String,
    /// The queue on which its calls are enqueued.
    pub queue: String,
}

/// A version of a component that may provide something.
#[derive(Debug, Clone, Copy)]
pub struct Offer<'a> {
    /// The component.
    pub component: &'a str,
    /// Its version.
    pub version: &'a Version,
    /// What it exports.
    pub tasks: &'a [Task],
}

/// Whether an exported interface stands for an imported one: the same, in a version that semver
/// calls compatible.
pub fn fits(imported: &str, exported: &str) -> bool {
    let ((path, wanted), (exported_path, version)) = (split(imported), split(exported));
    let compatible = match (wanted, version) {
        (Some(wanted), Some(version)) => {
            let rule = VersionReq::parse(&format!("^{wanted}"));
            rule.is_ok_and(|rule| rule.matches(&version))
        }
        (None, None) => true,
        _ => false,
    };
    path == exported_path && compatible
}

fn split(name: &str) -> (&str, Option<Version>) {
    match name.split_once('@') {
        Some((path, version)) => (path, version.parse().ok()),
        None => (name, None),
    }
}

/// Binds every import of the component `own`, or says of each why not.
///
/// # Errors
///
/// All that does not fit; then nothing is bound.
pub fn bind(
    own: &str,
    imports: &[Imported],
    asked: &[Asked],
    offers: &[Offer<'_>],
) -> Result<Vec<Binding>, Vec<Error>> {
    let mut errors: Vec<Error> = asked
        .iter()
        .filter(|asked| !imports.iter().any(|one| asked.means(&one.interface)))
        .map(|asked| Error::NotImported {
            interface: asked.interface.clone(),
            imports: imports.iter().map(|one| one.interface.clone()).collect(),
        })
        .collect();
    let mut bound = Vec::with_capacity(imports.len());
    for import in imports {
        let asked = asked.iter().find(|asked| asked.means(&import.interface));
        match one(own, import, asked, offers) {
            Ok(binding) => bound.push(binding),
            Err(misfits) => errors.extend(misfits),
        }
    }
    match errors.is_empty() {
        true => Ok(bound),
        false => Err(errors),
    }
}

fn one(
    own: &str,
    import: &Imported,
    asked: Option<&Asked>,
    offers: &[Offer<'_>],
) -> Result<Binding, Vec<Error>> {
    let interface = &import.interface;
    let component = match asked {
        Some(asked) => asked.component.clone(),
        None => only_provider(own, interface, offers).map_err(|error| vec![error])?,
    };
    let rule = asked.and_then(|asked| asked.rule.as_ref());
    let offer = pick(interface, &component, rule, offers).map_err(|error| vec![error])?;
    let queue = asked.and_then(|asked| asked.queue.as_deref());
    let queue = QueueName::parse(queue.unwrap_or(&component))
        .map_err(|error| vec![Error::Queue(error.to_string())])?;
    let misfits = compare::interface(import, &offer);
    if !misfits.is_empty() {
        return Err(misfits);
    }
    Ok(Binding {
        interface: interface.clone(),
        component,
        version: match rule {
            Some(rule) => rule.to_string(),
            None => format!("^{}", offer.version),
        },
        queue: queue.to_string(),
    })
}

fn exports(offer: &Offer<'_>, interface: &str) -> bool {
    let mut exported = offer
        .tasks
        .iter()
        .filter_map(|task| task.interface.as_deref());
    exported.any(|exported| fits(interface, exported))
}

/// The highest version of each component; a pre-release only where there is nothing else.
fn highest<'a>(offers: &[Offer<'a>]) -> Vec<Offer<'a>> {
    let mut highest: Vec<Offer<'a>> = Vec::new();
    for offer in offers {
        let rank = |offer: &Offer<'_>| (offer.version.pre.is_empty(), offer.version.clone());
        match highest
            .iter_mut()
            .find(|one| one.component == offer.component)
        {
            Some(one) if rank(one) < rank(offer) => *one = *offer,
            Some(_) => {}
            None => highest.push(*offer),
        }
    }
    highest
}

fn only_provider(own: &str, interface: &str, offers: &[Offer<'_>]) -> Result<String, Error> {
    let highest = highest(offers);
    let others = highest.iter().filter(|offer| offer.component != own);
    let mut found: Vec<_> = others
        .clone()
        .filter(|offer| exports(offer, interface))
        .collect();
    match (found.pop(), found.is_empty()) {
        (Some(only), true) => Ok(only.component.to_owned()),
        (Some(last), false) => Err(Error::Several {
            interface: interface.to_owned(),
            components: found
                .iter()
                .chain([&last])
                .take(LISTED_MAX)
                .map(|offer| offer.component.to_owned())
                .collect(),
        }),
        (None, _) => Err(Error::NoProvider {
            interface: interface.to_owned(),
            near: others
                .flat_map(|offer| near(offer, interface))
                .take(LISTED_MAX)
                .collect(),
        }),
    }
}

/// The same interface in versions that do not fit, with who exports it.
fn near(offer: &Offer<'_>, interface: &str) -> Vec<String> {
    let (path, _) = split(interface);
    let mut exported: Vec<_> = offer
        .tasks
        .iter()
        .filter_map(|task| task.interface.as_deref())
        .filter(|exported| split(exported).0 == path)
        .map(|exported| format!("{exported} ({}@{})", offer.component, offer.version))
        .collect();
    exported.dedup();
    exported
}

/// The version that stands behind a binding now.
fn pick<'a>(
    interface: &str,
    component: &str,
    rule: Option<&VersionReq>,
    offers: &[Offer<'a>],
) -> Result<Offer<'a>, Error> {
    let own = offers.iter().filter(|offer| offer.component == component);
    let own: Vec<Offer<'a>> = own.copied().collect();
    let picked = match rule {
        Some(rule) => own
            .iter()
            .filter(|offer| rule.matches(offer.version))
            .max_by_key(|offer| offer.version)
            .copied(),
        None => highest(&own).pop(),
    };
    let Some(picked) = picked else {
        return Err(match rule {
            Some(rule) if !own.is_empty() => Error::NoVersion {
                component: component.to_owned(),
                rule: rule.to_string(),
                known: own.iter().map(|offer| offer.version.to_string()).collect(),
            },
            _ => Error::NoComponent {
                interface: interface.to_owned(),
                component: component.to_owned(),
            },
        });
    };
    if exports(&picked, interface) {
        return Ok(picked);
    }
    let mut exports: Vec<String> = Vec::new();
    for exported in picked
        .tasks
        .iter()
        .filter_map(|task| task.interface.clone())
    {
        if !exports.contains(&exported) && exports.len() < LISTED_MAX {
            exports.push(exported);
        }
    }
    Err(Error::NotExported {
        interface: interface.to_owned(),
        component: picked.component.to_owned(),
        version: picked.version.to_string(),
        exports,
    })
}

/// The components that would call each other in a circle if `own` had these bindings, beginning and
/// ending with it; `of` tells to which components the others are bound.
pub fn cycle(
    own: &str,
    bindings: &[Binding],
    of: impl Fn(&str) -> Vec<String>,
) -> Option<Vec<String>> {
    let direct = bindings.iter().map(|binding| binding.component.clone());
    let mut ways: Vec<Vec<String>> = direct.map(|next| vec![own.to_owned(), next]).collect();
    let mut seen: Vec<String> = Vec::new();
    while let Some(way) = ways.pop() {
        let last = way.last().cloned().unwrap_or_default();
        if last == own {
            return Some(way);
        }
        if seen.contains(&last) {
            continue;
        }
        for next in of(&last) {
            let mut further = way.clone();
            further.push(next);
            ways.push(further);
        }
        seen.push(last);
    }
    None
}

#[cfg(test)]
mod tests;
