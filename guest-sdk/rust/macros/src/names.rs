//! Rust names to WIT names, and back the way that wit-bindgen goes.
//!
//! A WIT name is in kebab case: words of letters and digits, joined by hyphens, each beginning
//! with a letter. wit-bindgen makes Rust names of them again. Where that does not lead back to the
//! name that the author wrote, the author's code would not find its own fields: those names are
//! refused here, with the name that works.

use heck::{ToKebabCase, ToSnakeCase, ToUpperCamelCase};
use syn::{Error, Ident, Result};

/// The words that wit-bindgen ends with an underscore when they are the name of a field or function.
const KEYWORDS: &[&str] = &[
    "as", "break", "const", "continue", "crate", "else", "enum", "extern", "false", "fn", "for",
    "if", "impl", "in", "let", "loop", "match", "mod", "move", "mut", "pub", "ref", "return",
    "self", "static", "struct", "super", "trait", "true", "type", "unsafe", "use", "where",
    "while", "async", "await", "dyn", "abstract", "become", "box", "do", "final", "macro",
    "override", "priv", "typeof", "unsized", "virtual", "yield", "try",
];

/// Whether a text is a name in WIT.
pub fn is_wit_name(text: &str) -> bool {
    let word_is_fine = |word: &str| {
        let mut bytes = word.bytes();
        bytes.next().is_some_and(|byte| byte.is_ascii_lowercase())
            && bytes.all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
    };
    !text.is_empty() && text.split('-').all(word_is_fine)
}

/// The WIT name of a function, a parameter or a type.
pub fn kebab(ident: &Ident) -> Result<String> {
    let written = plain(ident);
    let name = written.to_kebab_case();
    if is_wit_name(&name) {
        return Ok(name);
    }
    let message = format!(
        "`{written}` has no name in WIT, where each word consists of the letters a to z and \
         digits and begins with a letter: choose another name"
    );
    Err(Error::new(ident.span(), message))
}

/// The WIT name of a record's field.
pub fn field(ident: &Ident) -> Result<String> {
    let name = kebab(ident)?;
    leads_back(ident, &rust_ident(&name))?;
    Ok(name)
}

/// The WIT name of an enum's case.
pub fn case(ident: &Ident) -> Result<String> {
    let name = kebab(ident)?;
    leads_back(ident, &name.to_upper_camel_case())?;
    Ok(name)
}

/// The Rust name that wit-bindgen gives a field, function or module of this WIT name.
pub fn rust_ident(name: &str) -> String {
    if KEYWORDS.contains(&name) {
        format!("{name}_")
    } else {
        name.to_snake_case()
    }
}

/// The Rust name that wit-bindgen gives a type of this WIT name.
pub fn rust_type(name: &str) -> String {
    match name {
        // wit-bindgen keeps this name for its trait.
        "guest" => "Guest_".to_owned(),
        _ => name.to_upper_camel_case(),
    }
}

/// A name without the `r#` that keywords carry.
pub fn plain(ident: &Ident) -> String {
    let text = ident.to_string();
    text.strip_prefix("r#").unwrap_or(&text).to_owned()
}

fn leads_back(ident: &Ident, generated: &str) -> Result<()> {
    if ident == generated {
        return Ok(());
    }
    let message = format!("this name does not survive the way through WIT: write `{generated}`");
    Err(Error::new(ident.span(), message))
}
