//! wit-bindgen's C, and what is changed in it.

use wit_bindgen_core::Files;
use wit_parser::Resolve;

use super::world::{WORLD, renamed};
use crate::authoring::{Error, Workshop};

/// Writes `bindings.{h,c}` and the object that holds the world; returns the WIT with every type told
/// apart by where it is used, as the bindings do, and the text of the C.
pub fn generate(workshop: &Workshop) -> Result<(Resolve, String), Error> {
    let mut resolve = workshop.resolve.clone();
    let options = wit_bindgen_c::Opts {
        no_sig_flattening: true,
        rename_world: Some(WORLD.to_owned()),
        rename: renamed(&resolve, workshop.world),
        ..wit_bindgen_c::Opts::default()
    };
    let mut files = Files::default();
    options
        .build()
        .generate(&mut resolve, workshop.world, &mut files)
        .map_err(|error| Error::Wit(format!("{error:#}")))?;
    let mut source = String::new();
    for (name, bytes) in files.iter() {
        let path = workshop.generated();
        match std::str::from_utf8(bytes) {
            Ok(text) if name.ends_with(".h") => {
                workshop.write(&path.join("bindings.h"), header(text))?;
            }
            Ok(text) if name.ends_with(".c") => {
                source = body(text);
                workshop.write(&path.join("bindings.c"), &source)?;
            }
            _ => workshop.write(&path.join("world.o"), bytes)?,
        }
    }
    Ok((resolve, source))
}

/// Strings are the SDK's, whose bytes are `char`.
fn header(text: &str) -> String {
    let defined = format!("typedef struct {WORLD}_string_t {{");
    let include = "#include <windlass.h>\n";
    let Some((before, rest)) = text.split_once(&defined) else {
        return text.replacen(
            "#include <stddef.h>\n",
            &format!("#include <stddef.h>\n{include}"),
            1,
        );
    };
    let end = format!("}} {WORLD}_string_t;\n");
    let after = rest.split_once(&end).map_or(rest, |(_, after)| after);
    // The include opens a block `extern "C"` of its own, which may lie in another.
    format!("{before}{include}{after}")
}

/// Nobody reads warnings of what he did not write; and memory of a call is freed at its end only.
fn body(text: &str) -> String {
    let quiet = "#pragma clang diagnostic ignored \"-Weverything\"\n";
    let included = format!("#include \"{WORLD}.h\"");
    let library = "#include <stdlib.h>\n";
    let kept = format!("{library}#define free(pointer) ((void)(pointer))\n");
    let text = text.replacen(&included, "#include \"bindings.h\"", 1);
    format!("{quiet}{}", text.replacen(library, &kept, 1))
}

/// The functions in which the host says that it has taken a result: the name under which each is
/// exported, and its head in C.
pub fn taken(source: &str) -> Vec<(String, String)> {
    let begins = "__attribute__((__weak__, __export_name__(\"";
    let mut lines = source.lines();
    let mut found = Vec::new();
    while let Some(line) = lines.next() {
        let name = line.trim().strip_prefix(begins);
        let name = name.filter(|name| name.starts_with("cabi_post_"));
        if let Some((name, _)) = name.and_then(|name| name.split_once('"'))
            && let Some(head) = lines.next()
        {
            let head = head.trim().trim_end_matches('{').trim();
            found.push((name.to_owned(), head.to_owned()));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_are_those_of_the_sdk() {
        let text = "#include <stddef.h>\n\ntypedef struct windlass_string_t {\nuint8_t *ptr;\n\
                    size_t len;\n} windlass_string_t;\n\nvoid f(void);\n";

        let changed = header(text);

        assert!(changed.contains("#include <windlass.h>"), "{changed}");
        assert!(!changed.contains("uint8_t"), "{changed}");
        assert!(changed.contains("void f(void);"), "{changed}");
    }

    #[test]
    fn the_ends_of_calls_are_found() {
        let source = "\n__attribute__((__weak__, __export_name__(\"cabi_post_a:b/c#d\")))\n\
                      void __wasm_export_d_post_return(uint8_t * arg0) {\n}\n";

        let found = taken(source);

        assert_eq!(
            found,
            [(
                "cabi_post_a:b/c#d".to_owned(),
                "void __wasm_export_d_post_return(uint8_t * arg0)".to_owned()
            )]
        );
    }
}
