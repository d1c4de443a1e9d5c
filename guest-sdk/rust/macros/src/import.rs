//! Another component's interface, imported for a workflow that calls it by type.
//!
//! The author's copy of the interface is read here and handed to wit-bindgen with a world that
//! imports it. Where the calls are to be asynchronous the functions become `async func` on the way,
//! so that the copy can be the very text that the other component exports.

use std::fs;
use std::path::{Path, PathBuf};

use proc_macro2::TokenStream;
use quote::quote;
use syn::ext::IdentExt;
use syn::parse::{Parse, ParseStream};
use syn::{Error, Ident, LitBool, LitStr, Result, Token};

/// What stands in `import!({ … })`.
struct Arguments {
    path: LitStr,
    interface: LitStr,
    is_async: bool,
}

/// The author's WIT.
struct Source {
    /// The one file of the package.
    file: PathBuf,
    /// Its text.
    text: String,
    /// The packages that it uses, in `deps`.
    dependencies: Vec<String>,
}

/// The bindings, or what is wrong with the arguments.
pub fn import(arguments: TokenStream) -> TokenStream {
    let expanded = syn::parse2(arguments).and_then(|arguments: Arguments| {
        let root = std::env::var("CARGO_MANIFEST_DIR").unwrap_or_default();
        let folder = Path::new(&root).join(arguments.path.value());
        let source = read(&folder).map_err(|what| Error::new(arguments.path.span(), what))?;
        let name = name_in(&source.text, &arguments.interface)?;
        Ok(bindings(&arguments, &source, &name))
    });
    expanded.unwrap_or_else(Error::into_compile_error)
}

fn read(folder: &Path) -> std::result::Result<Source, String> {
    let here = folder.display();
    let unreadable = |error: std::io::Error| format!("{here} cannot be read: {error}");
    let is_wit = |path: &PathBuf| path.extension().is_some_and(|end| end == "wit");
    let files: Vec<PathBuf> = entries(folder).map_err(unreadable)?;
    let [file] = &files.into_iter().filter(is_wit).collect::<Vec<_>>()[..] else {
        return Err(format!(
            "{here} must hold one file of WIT, the package of the interface: put the packages that \
             it uses into `deps`"
        ));
    };
    let dependencies = folder.join("deps");
    let dependencies = match dependencies.is_dir() {
        true => entries(&dependencies).map_err(unreadable)?,
        false => Vec::new(),
    };
    Ok(Source {
        text: fs::read_to_string(file).map_err(unreadable)?,
        file: file.clone(),
        dependencies: dependencies
            .iter()
            .map(|path| path.display().to_string())
            .collect(),
    })
}

/// Sorted, so that the same folder always makes the same component.
fn entries(folder: &Path) -> std::io::Result<Vec<PathBuf>> {
    let mut paths = fs::read_dir(folder)?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<std::io::Result<Vec<_>>>()?;
    paths.sort();
    Ok(paths)
}

/// The interface's own name, where the package is the one that it is asked from.
fn name_in(text: &str, interface: &LitStr) -> Result<String> {
    let full = interface.value();
    let refuse = |what: String| Err(Error::new(interface.span(), what));
    let (path, version) = match full.split_once('@') {
        Some((path, version)) => (path, format!("@{version}")),
        None => (&*full, String::new()),
    };
    let Some((package, name)) = path.split_once('/') else {
        return refuse(format!(
            "`{full}` names no interface: write it as `demo:images/tasks@0.1.0`"
        ));
    };
    let statement = format!("package {package}{version};");
    if text.lines().any(|line| line.trim() == statement) {
        return Ok(name.to_owned());
    }
    refuse(format!(
        "the folder does not hold the package of `{full}`: there is no line `{statement}` in it"
    ))
}

fn bindings(arguments: &Arguments, source: &Source, name: &str) -> TokenStream {
    // Of its own for each interface, since wit-bindgen names a section after it.
    let world = format!("windlass-imports-{name}");
    let text = match arguments.is_async {
        true => with_async_functions(&source.text),
        false => source.text.clone(),
    };
    let text = format!("{text}\n\nworld {world} {{\n  import %{name};\n}}\n");
    let (file, dependencies) = (source.file.display().to_string(), &source.dependencies);
    quote! {
        ::windlass_guest::__private::wit_bindgen::generate!({
            inline: #text,
            path: [#(#dependencies),*],
            world: #world,
            runtime_path: "::windlass_guest::__private::wit_bindgen::rt",
            generate_all,
            generate_unused_types: true,
        });

        // So that the compiler looks again when the file has changed.
        const _: &str = ::core::include_str!(#file);
    }
}

/// The same text with each `func` that follows a colon made an `async func`.
fn with_async_functions(text: &str) -> String {
    let mut made = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("func") {
        let before = &rest[..at];
        made.push_str(before);
        let is_keyword = rest[at + 4..].trim_start().starts_with('(');
        if is_keyword && before.trim_end().ends_with(':') {
            made.push_str("async ");
        }
        made.push_str("func");
        rest = &rest[at + 4..];
    }
    made.push_str(rest);
    made
}

impl Parse for Arguments {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let content;
        syn::braced!(content in input);
        let (mut path, mut interface, mut is_async) = (None, None, false);
        while !content.is_empty() {
            let name = Ident::parse_any(&content)?;
            content.parse::<Token![:]>()?;
            match name.to_string().as_str() {
                "path" => path = Some(content.parse()?),
                "interface" => interface = Some(content.parse()?),
                "async" => is_async = content.parse::<LitBool>()?.value,
                _ => {
                    let message = "expected `path`, `interface` or `async`";
                    return Err(Error::new(name.span(), message));
                }
            }
            if !content.is_empty() {
                content.parse::<Token![,]>()?;
            }
        }
        let missing = "say which: `interface: \"demo:images/tasks@0.1.0\"`";
        Ok(Self {
            path: path.unwrap_or_else(|| LitStr::new("wit", input.span())),
            interface: interface.ok_or_else(|| Error::new(input.span(), missing))?,
            is_async,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::with_async_functions;

    #[test]
    fn functions_become_asynchronous_and_nothing_else_does() {
        let text = "/// a func\n%func: func(%func: u32);\nb:\n  func() -> u8;\nc: async func();\n";

        let made = with_async_functions(text);

        let expected = "/// a func\n%func: async func(%func: u32);\nb:\n  async func() -> u8;\nc: async func();\n";
        assert_eq!(made, expected);
    }
}
