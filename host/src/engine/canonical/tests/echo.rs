//! A guest hands what it is given to a function that it imports, and gives what that returns: each
//! value crosses four times. Both ends are there twice, as they are and by way of wasmtime's `Val`s.

use std::fmt::Write;

use proptest::prelude::*;
use wasmtime::component::{Linker, Val};

use super::super::{FLAT_MAX, Given, Taken, call, flat_count, flat_count_of};
use super::{LIBC, block_on, engine, instance, vals};
use crate::values::tests::properties::typed_value;
use crate::values::{Type, Value};

/// Which of the ends go by way of `Val`s.
#[derive(Clone, Copy)]
struct ByVals {
    host: bool,
    caller: bool,
}

fn echoed(ty: &Type, value: &Value, by: ByVals, with_async: bool) -> Value {
    let engine = engine(with_async);
    let mut linker = Linker::new(&engine);
    match by.host {
        true => linker
            .root()
            .func_new_async("echo", |_, _, params, results| {
                results.clone_from_slice(params);
                Box::new(async { Ok(()) })
            }),
        false => link(&mut linker, flat_count(ty).unwrap_or(1)),
    }
    .unwrap();
    let (mut store, instance) = instance(&linker, &component(ty));
    let function = instance.get_func(&mut store, "run").unwrap();
    if by.caller {
        let given = [vals::to_wasm(value.clone(), ty).unwrap()];
        let mut taken = [Val::Bool(false)];
        block_on(function.call_async(&mut store, &given, &mut taken)).unwrap();
        let [taken] = taken;
        return vals::from_wasm(taken, ty).unwrap();
    }
    let given = vec![value.clone()];
    let taken = block_on(call(function, &mut store, given, Some(ty), false));
    taken.unwrap().unwrap()
}

fn link(linker: &mut Linker<()>, slots: usize) -> wasmtime::Result<()> {
    fn link<const N: usize>(linker: &mut Linker<()>) -> wasmtime::Result<()> {
        linker
            .root()
            .func_wrap_async("echo", |_, Taken::<N>(values)| {
                Box::new(async move { Ok(Given::<1>(values)) })
            })
    }
    macro_rules! with_slots {
        ($($n:literal)*) => {
            match slots {
                $($n => link::<$n>(linker),)*
                _ => unreachable!("at most 16 are flat"),
            }
        };
    }
    with_slots!(1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16)
}

/// Records, variants, enums and flags have names in a component; here `t0`, `t1` …
#[derive(Default)]
struct Named {
    text: String,
    count: usize,
}

impl Named {
    fn name(&mut self, definition: String) -> String {
        let n = self.count;
        self.count += 1;
        write!(
            self.text,
            "\n  (type $t{n}' {definition}) (import \"t{n}\" (type $t{n} (eq $t{n}')))"
        )
        .unwrap();
        format!("$t{n}")
    }

    fn optional(&mut self, ty: Option<&Type>) -> Option<String> {
        ty.map(|ty| self.print(ty))
    }

    fn print(&mut self, ty: &Type) -> String {
        match ty {
            Type::List(element) => format!("(list {})", self.print(element)),
            Type::FixedList(element, length) => format!("(list {} {length})", self.print(element)),
            Type::Map(key, value) => format!("(map {} {})", self.print(key), self.print(value)),
            Type::Option(some) => format!("(option {})", self.print(some)),
            Type::Tuple(types) => {
                let types = types.iter().map(|ty| self.print(ty)).collect::<Vec<_>>();
                format!("(tuple {})", types.join(" "))
            }
            Type::Result { ok, err } => {
                let ok = self.optional(ok.as_deref()).unwrap_or_default();
                let err = self.optional(err.as_deref());
                let err = err.map(|err| format!("(error {err})")).unwrap_or_default();
                format!("(result {ok} {err})")
            }
            Type::Record(record) => {
                let mut text = "(record".to_owned();
                for field in &record.fields {
                    let ty = self.print(&field.ty);
                    write!(text, " (field \"{}\" {ty})", field.name).unwrap();
                }
                self.name(text + ")")
            }
            Type::Variant(variant) => {
                let mut text = "(variant".to_owned();
                for case in &variant.cases {
                    let ty = self.optional(case.ty.as_ref()).unwrap_or_default();
                    write!(text, " (case \"{}\" {ty})", case.name).unwrap();
                }
                self.name(text + ")")
            }
            Type::Enum(cases) => self.name(format!("(enum \"{}\")", cases.cases.join("\" \""))),
            Type::Flags(flags) => self.name(format!("(flags \"{}\")", flags.flags.join("\" \""))),
            ty => ty.to_string(),
        }
    }
}

/// The core types in which a value of `ty` travels where it is flat.
fn flat(ty: &Type) -> Vec<&'static str> {
    let joined = |cases: Vec<Vec<&'static str>>| {
        let mut all = vec!["i32"];
        for case in cases {
            for (index, ty) in case.into_iter().enumerate() {
                match all.get_mut(index + 1) {
                    None => all.push(ty),
                    Some(before) if *before == ty => {}
                    Some(before) if matches!((*before, ty), ("i32", "f32") | ("f32", "i32")) => {
                        *before = "i32";
                    }
                    Some(before) => *before = "i64",
                }
            }
        }
        all
    };
    let payload = |ty: Option<&Type>| ty.map(flat).unwrap_or_default();
    match ty {
        Type::S64 | Type::U64 => vec!["i64"],
        Type::F32 => vec!["f32"],
        Type::F64 => vec!["f64"],
        Type::String | Type::List(_) | Type::Map(..) => vec!["i32"; 2],
        Type::FixedList(element, length) => flat(element).repeat(*length as usize),
        Type::Tuple(types) => types.iter().flat_map(flat).collect(),
        Type::Record(record) => record
            .fields
            .iter()
            .flat_map(|field| flat(&field.ty))
            .collect(),
        Type::Variant(variant) => joined(
            variant
                .cases
                .iter()
                .map(|case| payload(case.ty.as_ref()))
                .collect(),
        ),
        Type::Option(some) => joined(vec![flat(some)]),
        Type::Result { ok, err } => joined(vec![payload(ok.as_deref()), payload(err.as_deref())]),
        Type::Flags(flags) => vec!["i32"; flags.flags.len().div_ceil(32)],
        _ => vec!["i32"],
    }
}

fn component(ty: &Type) -> String {
    let mut named = Named::default();
    let text = named.print(ty);
    let types = named.text;
    let mut params = flat(ty);
    let is_one = params.len() == 1;
    if params.len() > FLAT_MAX {
        params = vec!["i32"];
    }
    let gets = (0..params.len()).fold(String::new(), |gets, n| gets + &format!("(local.get {n})"));
    let params = params.join(" ");
    let result = params.clone();
    let (import, run) = match is_one {
        true => (
            format!("(result {result})"),
            format!("(result {result}) (call $echo {gets})"),
        ),
        false => (
            "(param i32)".to_owned(),
            format!(
                "(result i32) (local $ret i32)
                 (local.set $ret (call $realloc
                   (i32.const 0) (i32.const 0) (i32.const 8) (i32.const 65536)))
                 (call $echo {gets} (local.get $ret))
                 (local.get $ret)"
            ),
        ),
    };
    format!(
        r#"(component {types}
  (import "echo" (func $echo (param "it" {text}) (result {text})))
  {LIBC}
  (core func $echo' (canon lower (func $echo) (memory $memory) (realloc $realloc)))
  (core module $main
    (import "libc" "realloc" (func $realloc (param i32 i32 i32 i32) (result i32)))
    (import "host" "echo" (func $echo (param {params}) {import}))
    (func (export "run") (param {params}) {run}))
  (core instance $host (export "echo" (func $echo')))
  (core instance $main (instantiate $main (with "libc" (instance $libc)) (with "host" (instance $host))))
  (func (export "run") (param "it" {text}) (result {text})
    (canon lift (core func $main "run") (memory $memory) (realloc $realloc))))"#
    )
}

/// The same type with names that differ in more than their case.
fn renamed(ty: &Type) -> Type {
    let mut ty = ty.clone();
    rename(&mut ty);
    ty
}

fn rename(ty: &mut Type) {
    match ty {
        Type::List(of) | Type::FixedList(of, _) | Type::Option(of) => rename(of),
        Type::Map(key, value) => {
            rename(key);
            rename(value);
        }
        Type::Tuple(types) => types.iter_mut().for_each(rename),
        Type::Record(record) => {
            for (n, field) in record.fields.iter_mut().enumerate() {
                field.name = format!("f{n}");
                rename(&mut field.ty);
            }
        }
        Type::Variant(variant) => {
            for (n, case) in variant.cases.iter_mut().enumerate() {
                case.name = format!("c{n}");
                case.ty.iter_mut().for_each(rename);
            }
        }
        Type::Result { ok, err } => ok.iter_mut().chain(err).for_each(|ty| rename(ty)),
        Type::Enum(cases) => number(&mut cases.cases),
        Type::Flags(flags) => number(&mut flags.flags),
        _ => {}
    }
}

fn number(names: &mut [String]) {
    for (n, name) in names.iter_mut().enumerate() {
        *name = format!("n{n}");
    }
}

proptest! {
    // Each compiles a component three times.
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..Default::default() })]

    #[test]
    fn a_value_of_any_type_comes_back_and_is_what_wasmtime_itself_makes_of_it(
        (ty, value) in typed_value(),
        with_async in any::<bool>(),
    ) {
        let ty = renamed(&ty);

        let ours = echoed(&ty, &value, ByVals { host: false, caller: false }, with_async);
        let called_by_vals = echoed(&ty, &value, ByVals { host: false, caller: true }, with_async);
        let served_by_vals = echoed(&ty, &value, ByVals { host: true, caller: false }, with_async);

        prop_assert_eq!(&ours, &value, "{:#}", ty);
        prop_assert_eq!(&called_by_vals, &value, "{:#}", ty);
        prop_assert_eq!(&served_by_vals, &value, "{:#}", ty);
    }

    #[test]
    fn as_many_core_values_are_counted_as_a_type_has((ty, _) in typed_value()) {
        let all = flat(&ty).len();

        let counted = flat_count_of([&ty]);

        prop_assert_eq!(counted, (all <= FLAT_MAX).then_some(all), "{:#}", ty);
    }
}

#[test]
fn more_than_32_flags_come_back() {
    use crate::values::Flags;
    for count in [8, 9, 16, 17, 32] {
        let flags = (0..count).map(|n| format!("n{n}")).collect();
        let ty = Type::Flags(Flags { name: None, flags });
        let value = Value::Flags(vec![0, 3, count - 1]);

        let came = echoed(
            &ty,
            &value,
            ByVals {
                host: false,
                caller: false,
            },
            false,
        );

        assert_eq!(came, value);
    }
}

#[test]
fn ten_megabytes_come_back() {
    let ty = Type::Option(Box::new(Type::List(Box::new(Type::U8))));
    let bytes = (0..10_000_000u32).map(|n| (n % 251) as u8).collect();
    let value = Value::Option(Some(Box::new(Value::Bytes(bytes))));

    let came = echoed(
        &ty,
        &value,
        ByVals {
            host: false,
            caller: false,
        },
        false,
    );

    assert_eq!(came, value);
}
