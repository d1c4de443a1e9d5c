//! Names in the cases of the languages, and what is done about clashes.
//!
//! A name of WIT is words of letters and digits with hyphens between them, in lower or upper case:
//! `light-blue`, `HTTP-url`. Two names that differ in WIT can become the same in another case
//! (`foo-1` and `foo1` are both `Foo1`), which is why a [`Scope`] compares them in Pascal case.

use std::collections::HashSet;

/// `light_blue`
pub fn snake(ident: &str) -> String {
    words(ident).collect::<Vec<_>>().join("_")
}

/// `LIGHT_BLUE`
pub fn shouting(ident: &str) -> String {
    snake(ident).to_uppercase()
}

/// `LightBlue`
pub fn pascal(ident: &str) -> String {
    words(ident).map(|word| capital(&word)).collect()
}

/// `lightBlue`
pub fn camel(ident: &str) -> String {
    let cased = |(index, word): (usize, String)| match index {
        0 => word,
        _ => capital(&word),
    };
    words(ident).enumerate().map(cased).collect()
}

fn words(ident: &str) -> impl Iterator<Item = String> {
    let words = ident.split(|c: char| !c.is_ascii_alphanumeric());
    words
        .filter(|word| !word.is_empty())
        .map(str::to_ascii_lowercase)
}

fn capital(word: &str) -> String {
    let mut chars = word.chars();
    match chars.next() {
        Some(first) => first.to_ascii_uppercase().to_string() + chars.as_str(),
        None => String::new(),
    }
}

/// The name in kebab case, beginning with a letter: `my_images.v2` is `my-images-v2`, `3d` is `n3d`.
pub fn kebab(name: &str) -> String {
    let kebab = words(name).collect::<Vec<_>>().join("-");
    match kebab.starts_with(|c: char| c.is_ascii_alphabetic()) {
        true => kebab,
        false => format!("n{kebab}"),
    }
}

/// Names that must differ from each other in every case.
#[derive(Debug, Default)]
pub struct Scope {
    taken: HashSet<String>,
}

impl Scope {
    /// A scope in which these names, in Pascal case, belong to somebody else.
    pub fn without(reserved: &[&str]) -> Self {
        Self {
            taken: reserved.iter().map(|name| (*name).to_owned()).collect(),
        }
    }

    /// Takes the first of these names that is free; if none is, the last with a number behind it.
    pub fn take(&mut self, wanted: &[&str]) -> String {
        let mut last = String::new();
        for name in wanted {
            last = kebab(name);
            if self.taken.insert(pascal(&last)) {
                return last;
            }
        }
        let mut number = 2;
        loop {
            let numbered = format!("{last}-{number}");
            if self.taken.insert(pascal(&numbered)) {
                return numbered;
            }
            number += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_of_wit_has_its_form_in_every_case() {
        assert_eq!(snake("light-blue"), "light_blue");
        assert_eq!(shouting("light-blue"), "LIGHT_BLUE");
        assert_eq!(pascal("HTTP-url"), "HttpUrl");
        assert_eq!(camel("HTTP-url"), "httpUrl");
    }

    #[test]
    fn a_component_may_be_called_what_no_language_allows() {
        assert_eq!(kebab("3d_shapes.v2"), "n3d-shapes-v2");
    }

    #[test]
    fn names_that_would_meet_in_another_case_are_told_apart() {
        let mut scope = Scope::without(&["Handle"]);

        assert_eq!(scope.take(&["foo1"]), "foo1");
        assert_eq!(scope.take(&["foo-1"]), "foo-1-2");
        assert_eq!(scope.take(&["handle", "tasks-handle"]), "tasks-handle");
    }
}
