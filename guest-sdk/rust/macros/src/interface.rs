//! What a module exports: its public items, read as a WIT interface.
//!
//! Public structs, enums and type aliases become types, public functions become tasks and
//! workflows. Everything else in the module is the author's own and is not looked at. All mistakes are reported at once.

use quote::ToTokens;
use syn::spanned::Spanned;
use syn::{
    Attribute, Error, Expr, ExprLit, Fields, FnArg, Generics, Ident, Item, ItemEnum, ItemFn,
    ItemStruct, ItemType, Lit, Meta, Pat, Result, ReturnType, Signature, Visibility,
};

use crate::model::{Function, Interface, Member, Shape, Typedef};
use crate::types::Scope;
use crate::{kept, names, recursion, workflow};

/// Reads the items of a module.
pub fn read(module: &Ident, attributes: &[Attribute], items: &[Item]) -> Result<Interface> {
    let scope = scope(items)?;
    let mut errors = Errors::default();
    let mut interface = Interface {
        docs: docs(attributes),
        types: Vec::new(),
        functions: Vec::new(),
    };
    for item in items {
        match item {
            Item::Struct(item) if is_public(&item.vis) => {
                interface.types.extend(errors.keep(record(&scope, item)));
            }
            Item::Enum(item) if is_public(&item.vis) => {
                interface.types.extend(errors.keep(variant(&scope, item)));
            }
            Item::Type(item) if is_public(&item.vis) => {
                interface.types.extend(errors.keep(alias(&scope, item)));
            }
            Item::Fn(item) if is_public(&item.vis) => {
                interface
                    .functions
                    .extend(errors.keep(function(&scope, item)));
            }
            _ => {}
        }
    }
    errors.keep(recursion::check(items, &scope));
    errors.keep(kept::check_errors(items));
    errors.keep(one_namespace(&interface));
    errors.keep(workflow::marks_only_functions(items));
    errors.finish()?;
    if interface.functions.is_empty() {
        let message = "a module of tasks has at least one public function: write `pub fn …` in it";
        return Err(Error::new(module.span(), message));
    }
    Ok(interface)
}

/// Whether an item is a type that wit-bindgen generates in the author's place.
pub fn is_generated(item: &Item) -> bool {
    match item {
        Item::Struct(item) => is_public(&item.vis),
        Item::Enum(item) => is_public(&item.vis),
        Item::Type(item) => is_public(&item.vis),
        _ => false,
    }
}

fn scope(items: &[Item]) -> Result<Scope> {
    let mut scope = Scope::default();
    let mut errors = Errors::default();
    for item in items {
        let (ident, visibility) = match item {
            Item::Struct(item) => (&item.ident, &item.vis),
            Item::Enum(item) => (&item.ident, &item.vis),
            Item::Type(item) => (&item.ident, &item.vis),
            _ => continue,
        };
        if !is_public(visibility) {
            scope.private.insert(names::plain(ident));
        } else if let Some(name) = errors.keep(names::kebab(ident)) {
            scope.public.insert(names::plain(ident), name);
        }
    }
    errors.finish().map(|()| scope)
}

fn record(scope: &Scope, item: &ItemStruct) -> Result<Typedef> {
    no_generics(&item.generics)?;
    let mut errors = Errors::default();
    let fields = match &item.fields {
        Fields::Named(fields) if !fields.named.is_empty() => &fields.named,
        Fields::Unnamed(fields) => {
            let message = "the fields of a WIT record have names: write `struct … { name: Type }`";
            return Err(Error::new(fields.span(), message));
        }
        _ => {
            let message = "a WIT record has at least one field: add one, or leave the type out";
            return Err(Error::new(item.ident.span(), message));
        }
    };
    let mut members = Vec::new();
    for field in fields {
        let ident = field.ident.as_ref().expect("named fields have names");
        if !is_public(&field.vis) {
            let message = "a caller sees every field of a WIT record: write `pub` before it";
            errors.push(Error::new(ident.span(), message));
        }
        let name = errors.keep(names::field(ident));
        let ty = errors.keep(scope.value(&field.ty));
        let attributes = errors.keep(kept::on_member(&field.attrs));
        if let (Some(name), Some(attributes)) = (name, attributes) {
            members.push(Member {
                name,
                docs: docs(&field.attrs),
                ty,
                attributes,
            });
        }
    }
    typedef(errors, &item.ident, &item.attrs, Shape::Record(members))
}

fn variant(scope: &Scope, item: &ItemEnum) -> Result<Typedef> {
    no_generics(&item.generics)?;
    let mut errors = Errors::default();
    if item.variants.is_empty() {
        let message = "a WIT enum has at least one case: add one, or leave the type out";
        errors.push(Error::new(item.ident.span(), message));
    }
    let mut members = Vec::new();
    for case in &item.variants {
        if let Some((_, discriminant)) = &case.discriminant {
            let message = "the cases of a WIT enum have names but no numbers: leave the number out";
            errors.push(Error::new(discriminant.span(), message));
        }
        let ty = match &case.fields {
            Fields::Unit => None,
            Fields::Unnamed(fields) if fields.unnamed.len() == 1 => {
                errors.keep(scope.value(&fields.unnamed[0].ty))
            }
            Fields::Unnamed(fields) => {
                let message = "a case of a WIT variant carries one value: put several into a \
                               tuple, `Case((A, B))`, or into a struct, `Case(Name)`";
                errors.push(Error::new(fields.span(), message));
                None
            }
            Fields::Named(fields) => {
                let message = "a case of a WIT variant has no named fields: declare a public \
                               struct with them and write `Case(TheStruct)`";
                errors.push(Error::new(fields.span(), message));
                None
            }
        };
        let name = errors.keep(names::case(&case.ident));
        let attributes = errors.keep(kept::on_member(&case.attrs));
        if let (Some(name), Some(attributes)) = (name, attributes) {
            members.push(Member {
                name,
                docs: docs(&case.attrs),
                ty,
                attributes,
            });
        }
    }
    let shape = if item.variants.iter().all(|case| case.fields.is_empty()) {
        Shape::Enum(members)
    } else {
        Shape::Variant(members)
    };
    typedef(errors, &item.ident, &item.attrs, shape)
}

fn alias(scope: &Scope, item: &ItemType) -> Result<Typedef> {
    no_generics(&item.generics)?;
    let shape = Shape::Alias(scope.value(&item.ty)?);
    typedef(Errors::default(), &item.ident, &item.attrs, shape)
}

fn typedef(
    mut errors: Errors,
    ident: &Ident,
    attributes: &[Attribute],
    shape: Shape,
) -> Result<Typedef> {
    let name = names::kebab(ident)?;
    let kept = errors.keep(kept::on_type(attributes, &shape));
    errors.finish()?;
    Ok(Typedef {
        ident: ident.clone(),
        name,
        docs: docs(attributes),
        shape,
        attributes: kept.unwrap_or_default(),
    })
}

fn function(scope: &Scope, item: &ItemFn) -> Result<Function> {
    let mut errors = Errors::default();
    let signature = &item.sig;
    let is_workflow = item.attrs.iter().any(workflow::is_mark);
    errors.keep(plain_signature(signature, is_workflow));
    errors.keep(kept::no_cfg(&item.attrs));
    let name = errors.keep(names::kebab(&signature.ident));
    let (mut parameters, mut rust_types) = (Vec::new(), Vec::new());
    for argument in &signature.inputs {
        let argument = match argument {
            FnArg::Typed(argument) => argument,
            FnArg::Receiver(receiver) => {
                let message = "a task is a plain function, there is no `self` to call it on: take \
                               what it needs as arguments";
                errors.push(Error::new(receiver.span(), message));
                continue;
            }
        };
        let Pat::Ident(pattern) = &*argument.pat else {
            let message = "callers pass arguments by name: give this one a plain name, and take it \
                           apart in the body";
            errors.push(Error::new(argument.pat.span(), message));
            continue;
        };
        let name = errors.keep(names::kebab(&pattern.ident));
        let ty = errors.keep(scope.value(&argument.ty));
        parameters.extend(name.zip(ty));
        rust_types.push((*argument.ty).clone());
    }
    let failing_with_text = workflow::failing(&signature.output)
        .filter(|_| is_workflow && !scope.knows(workflow::FAILURE))
        .cloned();
    let result = match (&signature.output, &failing_with_text) {
        (ReturnType::Default, _) => None,
        (_, Some(value)) => errors.keep(scope.failing(value)),
        (ReturnType::Type(_, ty), None) => errors.keep(scope.result(ty)).flatten(),
    };
    errors.finish()?;
    Ok(Function {
        ident: signature.ident.clone(),
        name: name.unwrap_or_default(),
        docs: docs(&item.attrs),
        parameters,
        rust_types,
        result,
        output: signature.output.clone(),
        is_workflow,
        is_async: signature.asyncness.is_some(),
        failing_with_text,
    })
}

fn plain_signature(signature: &Signature, is_workflow: bool) -> Result<()> {
    no_generics(&signature.generics)?;
    let refuse = |tokens: &dyn ToTokens, message| Err(Error::new(tokens.span(), message));
    if let Some(token) = &signature.asyncness
        && !is_workflow
    {
        return refuse(
            token,
            "a task runs in a sandbox of its own and may block: leave out `async`, or write \
             `#[workflow]` if it is to wait for many calls at once",
        );
    }
    if let Some(token) = &signature.unsafety {
        return refuse(
            token,
            "a caller far away can promise nothing: leave out `unsafe`",
        );
    }
    if let Some(token) = &signature.abi {
        return refuse(
            token,
            "the component model sets the calling convention: leave out `extern`",
        );
    }
    if let Some(token) = &signature.variadic {
        return refuse(
            token,
            "a task has a fixed number of arguments: take a `Vec<…>`",
        );
    }
    Ok(())
}

fn no_generics(generics: &Generics) -> Result<()> {
    if generics.params.is_empty() {
        return Ok(());
    }
    let message = "WIT has no generic types or functions: name the concrete types, one item for \
                   each case, or make this item private";
    Err(Error::new(generics.span(), message))
}

/// In a WIT interface a type and a function cannot have the same name; in Rust they can.
fn one_namespace(interface: &Interface) -> Result<()> {
    let mut errors = Errors::default();
    let mut seen = std::collections::BTreeSet::new();
    let types = interface.types.iter().map(|item| (&item.name, &item.ident));
    let functions = interface
        .functions
        .iter()
        .map(|item| (&item.name, &item.ident));
    for (name, ident) in types.chain(functions) {
        if !seen.insert(name) {
            let message = format!(
                "WIT knows this as `{name}`, and so another item of this module: types and \
                 functions share their names there, rename one"
            );
            errors.push(Error::new(ident.span(), message));
        }
    }
    errors.finish()
}

pub fn is_public(visibility: &Visibility) -> bool {
    matches!(visibility, Visibility::Public(_))
}

fn docs(attributes: &[Attribute]) -> Vec<String> {
    let mut lines = Vec::new();
    for attribute in attributes {
        if let Meta::NameValue(meta) = &attribute.meta
            && meta.path.is_ident("doc")
            && let Expr::Lit(ExprLit {
                lit: Lit::Str(text),
                ..
            }) = &meta.value
        {
            lines.extend(text.value().lines().map(str::to_owned));
            if text.value().is_empty() {
                lines.push(String::new());
            }
        }
    }
    lines
}

/// Mistakes, gathered so that an author sees all of them at once.
#[derive(Default)]
struct Errors(Option<Error>);

impl Errors {
    fn push(&mut self, error: Error) {
        match &mut self.0 {
            Some(first) => first.combine(error),
            None => self.0 = Some(error),
        }
    }

    fn keep<T>(&mut self, result: Result<T>) -> Option<T> {
        result.map_err(|error| self.push(error)).ok()
    }

    fn finish(self) -> Result<()> {
        self.0.map_or(Ok(()), Err)
    }
}
