//! The mistakes that an author can make, each with its message.

use proc_macro2::TokenStream;
use quote::quote;

use crate::expand;

/// The messages of all mistakes in a module with these items.
fn mistakes(items: TokenStream) -> Vec<String> {
    let error = expand::try_tasks(quote!(), quote!(mod tasks { #items })).unwrap_err();
    error.into_iter().map(|error| error.to_string()).collect()
}

fn assert_mistake(items: TokenStream, part: &str) {
    let mistakes = mistakes(items);
    assert!(
        mistakes.len() == 1 && mistakes[0].contains(part),
        "{mistakes:#?}"
    );
}

/// The mistake in `pub fn task(a: <ty>)`, whose place must be the type's.
fn assert_type_mistake(ty: &str, part: &str) {
    let before = "mod tasks { pub fn task(a: ";
    let source = format!("{before}{ty}) {{}} }}");
    let module: TokenStream = source.parse().unwrap();
    let error = expand::try_tasks(quote!(), module).unwrap_err();
    assert!(error.to_string().contains(part), "{ty}: {error}");
    let place = error.span().start().column;
    assert!(
        place >= before.len(),
        "{ty}: the place is column {place}, before the type"
    );
}

#[test]
fn a_package_that_is_none_is_refused() {
    for (package, part) in [
        ("images", "has no namespace"),
        ("demo:Images", "is not in kebab case"),
        (
            "demo:images@1",
            "has a version that is not of the form 1.2.3",
        ),
    ] {
        let module = quote!(
            mod tasks {
                pub fn a() {}
            }
        );
        let error = expand::try_tasks(quote!(package = #package), module).unwrap_err();
        assert!(error.to_string().contains(part), "{package}: {error}");
        assert!(error.to_string().contains("demo:images@0.1.0"), "{error}");
    }
}

#[test]
fn an_interface_name_that_is_none_is_refused_with_one_that_works() {
    let module = quote!(
        mod tasks {
            pub fn a() {}
        }
    );
    let error = expand::try_tasks(quote!(interface = "MyTasks"), module).unwrap_err();

    assert!(error.to_string().ends_with("perhaps `my-tasks`"), "{error}");
}

#[test]
fn types_without_an_equivalent_are_refused_at_their_place_with_the_way_out() {
    for (ty, part) in [
        ("&str", "use `String`"),
        ("&[u8]", "use `Vec<…>`"),
        ("&mut u32", "without `&`"),
        ("usize", "use `u32` or `u64`"),
        ("isize", "use `i32` or `i64`"),
        ("u128", "WIT has no `u128`"),
        ("HashMap<String, u32>", "use `Vec<(Key, Value)>`"),
        (
            "std::collections::BTreeMap<u8, u8>",
            "use `Vec<(Key, Value)>`",
        ),
        ("HashSet<u32>", "use `Vec<…>`"),
        ("Box<u32>", "write the type that is inside"),
        ("Vec<Option<Arc<u32>>>", "write the type that is inside"),
        ("PathBuf", "use `String`"),
        ("Duration", "use `u64` and say the unit"),
        ("[u8; 4]", "use `Vec<…>`, or a tuple"),
        ("impl Into<String>", "a caller cannot send a trait"),
        ("Box<dyn Fn()>", "write the type that is inside"),
        ("fn()", "a function cannot be sent"),
        ("*const u8", "use `Vec<u8>`"),
        ("()", "carries no value"),
        ("Option<()>", "carries no value"),
        ("Result<u32>", "needs both its types"),
        ("Vec", "needs the type of what is in it"),
        ("Vec<'static, u8>", "no WIT equivalent"),
        ("other::Thing", "declare the type here"),
        ("Thing", "declare it here"),
        ("Thing<u8>", "`Thing<…>` has no WIT equivalent"),
    ] {
        assert_type_mistake(ty, part);
    }
}

#[test]
fn a_private_type_in_a_public_function_is_refused() {
    assert_mistake(
        quote!(
            struct A {
                a: u8,
            }
            pub fn f(a: A) {}
        ),
        "write `pub` before it",
    );
}

#[test]
fn structs_without_an_equivalent_are_refused() {
    let f = quote!(
        pub fn f() {}
    );
    assert_mistake(
        quote!(#f pub struct A(pub u32);),
        "the fields of a WIT record have names",
    );
    assert_mistake(quote!(#f pub struct A;), "at least one field");
    assert_mistake(quote!(#f pub struct A {}), "at least one field");
    assert_mistake(quote!(#f pub struct A { a: u32 }), "write `pub` before it");
    assert_mistake(
        quote!(#f pub struct A<T> { pub a: Vec<T> }),
        "no generic types",
    );
    assert_mistake(
        quote!(#f pub struct A<'a> { pub a: u8 }),
        "no generic types",
    );
    assert_mistake(
        quote!(#f pub struct A { pub size_2: u32 }),
        "begins with a letter",
    );
    assert_mistake(quote!(#f pub struct A { pub _a: u32 }), "write `a`");
    assert_mistake(quote!(#f pub struct A { pub r#type: u32 }), "write `type_`");
    assert_mistake(
        quote!(#f #[repr(C)] pub struct A { pub a: u32 }),
        "leave `repr` out",
    );
    assert_mistake(
        quote!(#f pub struct A { #[cfg(unix)] pub a: u32 }),
        "depend on conditions",
    );
}

#[test]
fn enums_without_an_equivalent_are_refused() {
    let f = quote!(
        pub fn f() {}
    );
    assert_mistake(quote!(#f pub enum A {}), "at least one case");
    assert_mistake(quote!(#f pub enum A { B(u8, u8) }), "into a tuple");
    assert_mistake(
        quote!(#f pub enum A { B { c: u8 } }),
        "write `Case(TheStruct)`",
    );
    assert_mistake(quote!(#f pub enum A { B = 7 }), "leave the number out");
    assert_mistake(quote!(#f pub enum A { HTTP }), "write `Http`");
}

#[test]
fn functions_without_an_equivalent_are_refused() {
    assert_mistake(
        quote!(
            pub fn f(&self) {}
        ),
        "there is no `self`",
    );
    assert_mistake(
        quote!(
            pub fn f<T>() {}
        ),
        "no generic types or functions",
    );
    assert_mistake(
        quote!(
            pub async fn f() {}
        ),
        "leave out `async`",
    );
    assert_mistake(
        quote!(
            pub unsafe fn f() {}
        ),
        "leave out `unsafe`",
    );
    assert_mistake(
        quote!(
            pub extern "C" fn f() {}
        ),
        "leave out `extern`",
    );
    assert_mistake(
        quote!(
            pub fn f((a, b): (u8, u8)) {}
        ),
        "give this one a plain name",
    );
    assert_mistake(
        quote!(
            #[cfg(unix)]
            pub fn f() {}
        ),
        "depend on conditions",
    );
    assert_mistake(
        quote!(
            fn f() {}
        ),
        "at least one public function",
    );
}

#[test]
fn a_type_and_a_function_of_the_same_name_are_refused() {
    let items = quote!(
        pub struct Resize {
            pub a: u8,
        }
        pub fn resize() {}
    );

    assert_mistake(items, "types and functions share their names");
}

#[test]
fn a_type_that_contains_itself_is_refused() {
    let items = quote! {
        pub struct Node { pub children: Vec<Edge> }
        pub enum Edge { To(Node), Nowhere }
        pub fn f(root: Node) {}
    };

    assert_mistake(items, "`Node` contains itself");
}

#[test]
fn what_wit_bindgen_gives_to_errors_is_refused_a_second_time() {
    let f = quote!(
        pub enum Problem {
            A,
        }
        pub fn f() -> Result<u8, Problem> {}
    );
    assert_mistake(
        quote!(#f impl fmt::Display for Problem {}),
        "already has `Display`",
    );
    assert_mistake(
        quote!(#f impl std::error::Error for Problem {}),
        "already has `Display`",
    );

    let items = quote! {
        #[derive(thiserror::Error)] pub enum Problem { A }
        pub fn f() -> Result<u8, Problem> {}
    };
    assert_mistake(items, "already has `Display`");
}

#[test]
fn all_mistakes_are_reported_at_once() {
    let items = quote! {
        pub struct A { pub a: usize, pub b: &'static str }
        pub fn f(a: HashMap<u8, u8>) -> Box<u8> {}
    };

    assert_eq!(mistakes(items).len(), 4);
}

#[test]
fn a_module_in_another_file_is_refused() {
    let error = expand::try_tasks(
        quote!(),
        quote!(
            mod tasks;
        ),
    )
    .unwrap_err();
    assert!(
        error.to_string().contains("write the module here"),
        "{error}"
    );

    let error = expand::try_tasks(
        quote!(),
        quote!(
            fn task() {}
        ),
    )
    .unwrap_err();
    assert!(error.to_string().contains("goes on a module"), "{error}");
}

#[test]
fn a_module_with_mistakes_is_still_handed_to_the_compiler() {
    let module = quote!(
        mod tasks {
            pub fn f(a: usize) {}
        }
    );

    let expanded = expand::tasks(quote!(), module.clone()).to_string();

    assert!(expanded.contains("compile_error"));
    assert!(expanded.ends_with(&module.to_string()));
}

#[test]
fn a_mark_that_would_not_be_seen_is_refused() {
    for (items, part) in [
        (
            quote!(
                #[workflow]
                fn a() {}
                pub fn b() {}
            ),
            "write `pub` before it",
        ),
        (
            quote!(
                #[workflow]
                pub struct A {
                    pub b: u8,
                }
                pub fn b() {}
            ),
            "only a function",
        ),
        (
            quote!(
                #[workflow(queue = "a")]
                pub fn a() {}
            ),
            "no options here",
        ),
    ] {
        assert_mistake(items, part);
    }
}

#[test]
fn only_a_workflow_may_fail_with_the_failure_of_a_call() {
    let refused = quote!(
        pub fn a() -> Result<u8, Failure> {}
    );

    assert_mistake(refused, "`Failure` is neither a WIT type nor");
}

#[test]
fn an_import_says_what_is_missing() {
    for (arguments, part) in [
        (quote!({ path: "tests" }), "say which"),
        (
            quote!({ interface: "a:b/c", queue: "d" }),
            "expected `path`",
        ),
        (
            quote!({ path: "nowhere", interface: "a:b/c" }),
            "cannot be read",
        ),
        (
            quote!({ path: "tests", interface: "demo:images" }),
            "names no interface",
        ),
        (
            quote!({ path: "tests", interface: "demo:images/tasks@9.0.0" }),
            "there is no line",
        ),
        (
            quote!({ path: "src", interface: "a:b/c" }),
            "must hold one file of WIT",
        ),
    ] {
        let expanded = crate::import::import(arguments).to_string();
        assert!(expanded.contains(part), "{part}: {expanded}");
    }
}
