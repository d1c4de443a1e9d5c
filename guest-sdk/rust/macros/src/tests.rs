//! Modules in, WIT and bindings out.

mod mistakes;

use proc_macro2::TokenStream;
use quote::quote;
use syn::ItemMod;

use crate::attribute::Address;
use crate::{expand, interface, wit};

fn wit_of(attribute: TokenStream, module: TokenStream) -> String {
    let module: ItemMod = syn::parse2(module).unwrap();
    let address = Address::parse(attribute, &module.ident).unwrap();
    let (_, items) = module.content.unwrap();
    let interface = interface::read(&module.ident, &module.attrs, &items).unwrap();
    wit::text(&address, &interface)
}

#[test]
fn a_module_becomes_an_interface_with_its_documentation() {
    let module = quote! {
        /// Pictures in other sizes.
        mod images {
            /// One produced thumbnail.
            #[derive(Clone)]
            pub struct Thumb {
                /// In pixels.
                pub width: u32,
                pub file_name: Option<String>,
            }
            pub enum Kind { Png, Jpeg }
            pub enum Problem {
                /// Nothing to do.
                Empty,
                TooLarge((u32, u32)),
            }
            pub type Sizes = Vec<u32>;
            struct Hidden;
            /// Resize an image.
            ///
            /// Into several.
            pub fn make_thumbs(url: String, sizes: Sizes, kind: Kind) -> Result<Vec<Thumb>, Problem> {}
            pub fn nothing() {}
            fn hidden(_: &str) {}
        }
    };

    let text = wit_of(
        quote!(package = "demo:images@0.1.0", interface = "tasks"),
        module,
    );

    assert_eq!(text, include_str!("../tests/images.wit"));
}

#[test]
fn every_type_has_its_wit_name() {
    let module = quote! {
        mod tasks {
            pub fn integers(a: u8, b: u16, c: u32, d: u64, e: i8, f: i16, g: i32, h: i64) {}
            pub fn others(a: f32, b: f64, c: bool, d: char, e: String, f: std::vec::Vec<u8>) {}
            pub fn nested(a: Option<Option<Vec<(u8, (String,))>>>) -> () {}
            pub fn results(a: Result<u8, u16>, b: Result<(), u16>, c: Result<u8, ()>) -> Result<(), ()> {}
        }
    };

    let text = wit_of(quote!(package = "a:b"), module);

    let expected = [
        "%integers: func(%a: u8, %b: u16, %c: u32, %d: u64, %e: s8, %f: s16, %g: s32, %h: s64);",
        "%others: func(%a: f32, %b: f64, %c: bool, %d: char, %e: string, %f: list<u8>);",
        "%nested: func(%a: option<option<list<tuple<u8, tuple<string>>>>>);",
        "%results: func(%a: result<u8, u16>, %b: result<_, u16>, %c: result<u8>) -> result;",
    ];
    for line in expected {
        assert!(text.contains(line), "{line} is not in\n{text}");
    }
}

#[test]
fn words_of_wit_and_of_rust_can_be_names() {
    let module = quote! {
        mod tasks {
            pub struct Record { pub type_: u32, pub list: u32 }
            pub struct HTTPRequest { pub url: String }
            pub fn r#match(r#type: Record, request: HTTPRequest, _unused: u32) {}
        }
    };

    let text = wit_of(quote!(package = "a:b"), module);

    assert!(
        text.contains("record %record {\n    %type: u32,\n    %list: u32,"),
        "{text}"
    );
    assert!(
        text.contains("%match: func(%type: %record, %request: %http-request, %unused: u32);"),
        "{text}"
    );
}

#[test]
fn the_package_comes_from_the_crate_and_the_interface_from_the_module() {
    let text = wit_of(
        quote!(),
        quote!(
            mod my_tasks {
                pub fn a() {}
            }
        ),
    );

    let package = format!(
        "package component:windlass-guest-macros@{};",
        env!("CARGO_PKG_VERSION")
    );
    assert!(text.starts_with(&package), "{text}");
    assert!(text.contains("interface %my-tasks {"), "{text}");
}

#[test]
fn derives_and_attributes_are_handed_on_for_each_type() {
    let module = quote! {
        mod tasks {
            #[derive(Debug, Clone, PartialEq, Serialize, serde::Deserialize)]
            #[serde(rename_all = "camelCase")]
            pub struct A { #[serde(default)] pub b: u8 }
            #[derive(Clone, Copy, PartialEq, Eq)]
            pub enum C { D }
            pub fn f(a: A, c: C) {}
        }
    };

    let expanded = expand::try_tasks(quote!(package = "a:b@1.0.0"), module)
        .unwrap()
        .to_string();

    let on_types = quote! {
        additional_type_attributes: {
            "a:b/tasks@1.0.0/a": [
                #[derive(PartialEq, super::super::super::super::super::Serialize, serde::Deserialize)]
                #[serde(rename_all = "camelCase")]
            ]
        },
        additional_member_attributes: { "a:b/tasks@1.0.0/a.b": [#[serde(default)]] }
    };
    assert!(expanded.contains(&on_types.to_string()), "{expanded}");
}
