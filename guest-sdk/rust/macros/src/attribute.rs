//! What stands in `#[tasks(…)]`: the WIT package and the name of the interface.
//!
//! Both have defaults, so that `#[tasks]` alone is enough: the package is made from the crate's
//! own name and version, the interface is named after the module.

use heck::ToKebabCase;
use proc_macro2::{Span, TokenStream};
use syn::parse::Parser;
use syn::{Error, LitStr, Result};

use crate::names::is_wit_name;

/// Where the interface of a module lies.
#[derive(Debug, PartialEq, Eq)]
pub struct Address {
    /// As in `demo` of `demo:images@0.1.0`.
    pub namespace: String,
    /// As in `images` of `demo:images@0.1.0`.
    pub package: String,
    /// As in `0.1.0` of `demo:images@0.1.0`.
    pub version: Option<String>,
    /// The name of the interface.
    pub interface: String,
}

impl Address {
    /// Reads the attribute's arguments; what they leave out comes from the crate and the module.
    pub fn parse(arguments: TokenStream, module: &syn::Ident) -> Result<Self> {
        let (mut package, mut interface) = (None::<LitStr>, None::<LitStr>);
        let parser = syn::meta::parser(|meta| {
            let slot = if meta.path.is_ident("package") {
                &mut package
            } else if meta.path.is_ident("interface") {
                &mut interface
            } else {
                return Err(meta.error("expected `package = \"…\"` or `interface = \"…\"`"));
            };
            if slot.is_some() {
                return Err(meta.error("this is given twice"));
            }
            *slot = Some(meta.value()?.parse()?);
            Ok(())
        });
        parser.parse2(arguments)?;

        let (namespace, package, version) = match package {
            Some(text) => split_package(&text.value(), text.span())?,
            None => split_package(&package_of_the_crate(), Span::call_site())?,
        };
        let interface = match interface {
            Some(text) if is_wit_name(&text.value()) => text.value(),
            Some(text) => {
                let hint = text.value().to_kebab_case();
                let message = format!(
                    "an interface is named in kebab case, words of letters and digits that begin \
                     with a letter: perhaps `{hint}`"
                );
                return Err(Error::new(text.span(), message));
            }
            None => crate::names::kebab(module)?,
        };
        Ok(Self {
            namespace,
            package,
            version,
            interface,
        })
    }

    /// The package as WIT writes it, `demo:images@0.1.0`.
    pub fn package_name(&self) -> String {
        format!("{}:{}{}", self.namespace, self.package, self.at_version())
    }

    /// The interface in full, `demo:images/tasks@0.1.0`.
    pub fn interface_name(&self) -> String {
        format!(
            "{}:{}/{}{}",
            self.namespace,
            self.package,
            self.interface,
            self.at_version()
        )
    }

    fn at_version(&self) -> String {
        self.version
            .as_ref()
            .map(|version| format!("@{version}"))
            .unwrap_or_default()
    }
}

/// `component:the-crate@1.2.3`: the namespace that tools use where an author has named none.
fn package_of_the_crate() -> String {
    let read = |name| std::env::var(name).ok().filter(|text| !text.is_empty());
    let name = read("CARGO_PKG_NAME").unwrap_or_else(|| "tasks".to_owned());
    let version = read("CARGO_PKG_VERSION").unwrap_or_else(|| "0.1.0".to_owned());
    format!("component:{}@{version}", name.to_kebab_case())
}

fn split_package(text: &str, span: Span) -> Result<(String, String, Option<String>)> {
    let refuse = |what: &str| {
        let message = format!(
            "the package `{text}` {what}: write it as `namespace:name@version`, for example \
             `demo:images@0.1.0`"
        );
        Error::new(span, message)
    };
    let (path, version) = match text.split_once('@') {
        Some((path, version)) => (path, Some(version)),
        None => (text, None),
    };
    let (namespace, name) = path
        .split_once(':')
        .ok_or_else(|| refuse("has no namespace"))?;
    if !is_wit_name(namespace) || !is_wit_name(name) {
        return Err(refuse("is not in kebab case"));
    }
    if version.is_some_and(|version| !is_semver(version)) {
        return Err(refuse("has a version that is not of the form 1.2.3"));
    }
    Ok((
        namespace.to_owned(),
        name.to_owned(),
        version.map(str::to_owned),
    ))
}

/// Whether a text begins as a semantic version does; the rest of the grammar wit-bindgen checks.
fn is_semver(text: &str) -> bool {
    let core = text.split(['-', '+']).next().unwrap_or_default();
    let numbers: Vec<_> = core.split('.').collect();
    numbers.len() == 3
        && numbers
            .iter()
            .all(|number| !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()))
}
