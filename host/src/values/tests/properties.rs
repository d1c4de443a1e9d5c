//! Random types and values, there and back again.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::strategy::Union;

use super::*;

/// Room enough for whatever is made here.
const LIMIT: usize = 16 << 20;

fn label() -> impl Strategy<Value = String> {
    // Keywords of WAVE and JSON's own words are labels too.
    prop_oneof![
        4 => "[a-z][a-z0-9]{0,5}(-[a-z][a-z0-9]{0,4}){0,2}",
        1 => "[A-Z][A-Z0-9]{0,3}(-[a-z]{1,3})?",
        1 => proptest::sample::select(vec![
            "true", "false", "some", "none", "ok", "err", "inf", "nan", "null",
        ])
        .prop_map(str::to_owned),
    ]
}

/// Different labels.
fn labels() -> impl Strategy<Value = Vec<String>> {
    proptest::collection::btree_set(label(), 1..5)
        .prop_map(|labels| labels.into_iter().collect::<Vec<_>>())
        .prop_shuffle()
}

fn name() -> impl Strategy<Value = Option<String>> {
    proptest::option::of(label())
}

fn key_type() -> impl Strategy<Value = Type> {
    proptest::sample::select(vec![
        Type::String,
        Type::U32,
        Type::S64,
        Type::Char,
        Type::Bool,
    ])
}

fn any_type() -> impl Strategy<Value = Type> {
    let leaf = proptest::sample::select(vec![
        Type::Bool,
        Type::S8,
        Type::U8,
        Type::S16,
        Type::U16,
        Type::S32,
        Type::U32,
        Type::S64,
        Type::U64,
        Type::F32,
        Type::F64,
        Type::Char,
        Type::String,
        Type::List(Box::new(Type::U8)),
    ]);
    let leaf = prop_oneof![
        8 => leaf,
        1 => (name(), labels()).prop_map(|(name, cases)| Type::Enum(Enum { name, cases })),
        1 => (name(), labels()).prop_map(|(name, flags)| Type::Flags(Flags { name, flags })),
    ];
    leaf.prop_recursive(5, 24, 4, |inner| {
        let payload = proptest::option::of(inner.clone());
        prop_oneof![
            inner.clone().prop_map(|ty| Type::List(Box::new(ty))),
            (inner.clone(), 1..4u32).prop_map(|(ty, len)| Type::FixedList(Box::new(ty), len)),
            (key_type(), inner.clone())
                .prop_map(|(key, value)| Type::Map(Box::new(key), Box::new(value))),
            vec(inner.clone(), 1..4).prop_map(Type::Tuple),
            inner.clone().prop_map(|ty| Type::Option(Box::new(ty))),
            (payload.clone(), payload.clone()).prop_map(|(ok, err)| Type::Result {
                ok: ok.map(Box::new),
                err: err.map(Box::new),
            }),
            (name(), labels(), vec(inner, 4)).prop_map(|(name, labels, types)| {
                let fields = labels.into_iter().zip(types);
                let fields = fields.map(|(name, ty)| Field { name, ty }).collect();
                Type::Record(Record { name, fields })
            }),
            (name(), labels(), vec(payload, 4)).prop_map(|(name, labels, types)| {
                let cases = labels.into_iter().zip(types);
                let cases = cases.map(|(name, ty)| Case { name, ty }).collect();
                Type::Variant(Variant { name, cases })
            }),
        ]
    })
}

/// A value of `ty`.
fn value_of(ty: &Type) -> BoxedStrategy<Value> {
    let boxed = |ty: &Type| value_of(ty).prop_map(Box::new);
    match ty {
        Type::Bool => any::<bool>().prop_map(Value::Bool).boxed(),
        Type::S8 => any::<i8>().prop_map(Value::S8).boxed(),
        Type::U8 => any::<u8>().prop_map(Value::U8).boxed(),
        Type::S16 => any::<i16>().prop_map(Value::S16).boxed(),
        Type::U16 => any::<u16>().prop_map(Value::U16).boxed(),
        Type::S32 => any::<i32>().prop_map(Value::S32).boxed(),
        Type::U32 => any::<u32>().prop_map(Value::U32).boxed(),
        Type::S64 => any::<i64>().prop_map(Value::S64).boxed(),
        Type::U64 => any::<u64>().prop_map(Value::U64).boxed(),
        Type::F32 => any::<u32>()
            .prop_map(|bits| Value::F32(f32::from_bits(bits)))
            .boxed(),
        Type::F64 => any::<u64>()
            .prop_map(|bits| Value::F64(f64::from_bits(bits)))
            .boxed(),
        Type::Char => any::<char>().prop_map(Value::Char).boxed(),
        Type::String => any::<String>().prop_map(Value::String).boxed(),
        Type::List(element) if **element == Type::U8 => {
            vec(any::<u8>(), 0..9).prop_map(Value::Bytes).boxed()
        }
        Type::List(element) => vec(value_of(element), 0..4).prop_map(Value::List).boxed(),
        Type::FixedList(element, length) => vec(value_of(element), *length as usize)
            .prop_map(Value::List)
            .boxed(),
        Type::Map(key, value) => vec((value_of(key), value_of(value)), 0..4)
            .prop_map(|mut pairs| {
                let mut seen: Vec<Value> = Vec::new();
                pairs.retain(|(key, _)| {
                    let is_new = !seen.contains(key);
                    seen.push(key.clone());
                    is_new
                });
                Value::Map(pairs)
            })
            .boxed(),
        Type::Record(record) => {
            let fields = record.fields.iter().map(|field| value_of(&field.ty));
            fields.collect::<Vec<_>>().prop_map(Value::Record).boxed()
        }
        Type::Tuple(types) => {
            let elements = types.iter().map(value_of).collect::<Vec<_>>();
            elements.prop_map(Value::Tuple).boxed()
        }
        Type::Variant(variant) => {
            let cases = variant
                .cases
                .iter()
                .zip(0..)
                .map(|(case, index)| match &case.ty {
                    None => Just(Value::Variant(index, None)).boxed(),
                    Some(ty) => boxed(ty)
                        .prop_map(move |payload| Value::Variant(index, Some(payload)))
                        .boxed(),
                });
            Union::new(cases).boxed()
        }
        Type::Enum(cases) => (0..cases.cases.len() as u32).prop_map(Value::Enum).boxed(),
        Type::Option(some) => proptest::option::of(boxed(some))
            .prop_map(Value::Option)
            .boxed(),
        Type::Result { ok, err } => {
            let payload = |ty: &Option<Box<Type>>| match ty {
                Some(ty) => boxed(ty).prop_map(Some).boxed(),
                None => Just(None).boxed(),
            };
            let ok = payload(ok).prop_map(|payload| Value::Result(Ok(payload)));
            let err = payload(err).prop_map(|payload| Value::Result(Err(payload)));
            prop_oneof![ok, err].boxed()
        }
        Type::Flags(flags) => {
            let all = (0..flags.flags.len() as u32).collect::<Vec<_>>();
            let count = all.len();
            proptest::sample::subsequence(all, 0..=count)
                .prop_map(Value::Flags)
                .boxed()
        }
    }
}

/// Any type, and a value of it.
pub(crate) fn typed_value() -> impl Strategy<Value = (Type, Value)> {
    any_type().prop_flat_map(|ty| {
        let value = value_of(&ty);
        (Just(ty), value)
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..Default::default() })]

    #[test]
    fn a_value_comes_back_from_json((ty, value) in typed_value()) {
        let json = to_json(&value, &ty, LIMIT).unwrap();

        let read = from_json(serde_json::from_slice(&json).unwrap(), &ty, "value");

        prop_assert_eq!(read, Ok(value));
    }

    #[test]
    fn canonical_json_comes_back_byte_by_byte((ty, value) in typed_value()) {
        let json = to_json(&value, &ty, LIMIT).unwrap();

        let read = from_json(serde_json::from_slice(&json).unwrap(), &ty, "value").unwrap();

        prop_assert_eq!(to_json(&read, &ty, LIMIT).unwrap(), json);
    }

    #[test]
    fn spaces_and_the_order_of_keys_do_not_matter((ty, value) in typed_value()) {
        let json = to_json(&value, &ty, LIMIT).unwrap();
        let tree: serde_json::Value = serde_json::from_slice(&json).unwrap();
        let pretty = serde_json::to_string_pretty(&tree).unwrap();

        let read = from_json(raw(&pretty), &ty, "value").unwrap();

        // A tree sorts its keys, which a map tells apart and a record does not. It rounds floats.
        let spelled = format!("{ty:#}");
        if !["map<", "f32", "f64"].iter().any(|part| spelled.contains(part)) {
            prop_assert_eq!(read, value);
        }
    }

    #[test]
    fn a_value_comes_back_from_wave((ty, value) in typed_value()) {
        let text = ty.print_wave(&value);

        let read = ty.parse_wave(&text);

        prop_assert_eq!(read, Ok(value), "{}", text);
    }

    #[test]
    fn a_call_comes_back_in_every_form((ty, value) in typed_value()) {
        let function = Function {
            params: vec![
                Param { name: "a".into(), ty: ty.clone() },
                Param { name: "b".into(), ty },
            ],
            result: None,
            is_async: false,
        };
        let arguments = vec![value.clone(), value];

        let canonical = function.canonical(&arguments, LIMIT).unwrap();
        let wave = function.print_call("f", &arguments);

        prop_assert_eq!(function.decode(&canonical), Ok(arguments.clone()));
        prop_assert_eq!(function.parse_call(&wave), Ok(arguments));
        prop_assert_eq!(called_function(&wave), Ok("f".to_owned()));
    }

    #[test]
    fn a_type_comes_back_from_its_stored_form(ty in any_type()) {
        let stored = serde_json::to_string(&ty).unwrap();

        prop_assert_eq!(serde_json::from_str::<Type>(&stored).unwrap(), ty);
    }

    #[test]
    fn any_json_is_read_or_refused_and_every_mistake_has_its_place(
        ty in any_type(),
        (other, value) in typed_value(),
    ) {
        let json = to_json(&value, &other, LIMIT).unwrap();

        let read = from_json(serde_json::from_slice(&json).unwrap(), &ty, "value");

        if let Err(mistakes) = read {
            prop_assert!(!mistakes.told.is_empty());
            prop_assert!(mistakes.told.iter().all(|mistake| mistake.place.starts_with("value")));
        }
    }

    #[test]
    fn any_text_is_read_as_wave_or_refused(ty in any_type(), text in ".{0,40}") {
        if let Err(error) = ty.parse_wave(&text) {
            prop_assert!(error.span.start <= text.len());
        }
    }
}
