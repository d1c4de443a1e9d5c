//! Components from text, and one attempt at running them.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio_util::sync::CancellationToken;
use windlass::engine::{
    Call, Ended, Engine, Feed, Fence, Grants, Identity, Kind, Options, Program,
};
use windlass::model::clock::since_boot;
use windlass::model::{Failure, FailureKind, Outcome};
use windlass::values::{Function, Param, Type};

/// A small engine: the address space of many of them fits a test run.
pub fn options() -> Options {
    Options {
        sandboxes_max: 4,
        workflows_max: 16,
        guest_threads: 2,
        ..Options::default()
    }
}

pub fn engine() -> Engine {
    Engine::new(&options()).unwrap()
}

/// A component whose core module `$main` exports `run`, which is lifted with `ty`. `$main` may
/// import from `host` what `host` binds, and the memory of `libc`, which also has `realloc`.
pub fn component(imports: &str, host: &str, ty: &str, main: &str) -> String {
    format!(
        r#"(component
          {imports}
          (core module $libc
            (memory (export "memory") 1)
            (global $next (mut i32) (i32.const 4096))
            (func (export "realloc") (param i32 i32 i32 i32) (result i32)
              (local $at i32)
              (local.set $at (i32.and (i32.add (global.get $next) (i32.const 7)) (i32.const -8)))
              (global.set $next (i32.add (local.get $at) (local.get 3)))
              (if (i32.gt_u (global.get $next) (i32.shl (memory.size) (i32.const 16)))
                (then (drop (memory.grow (i32.add (i32.shr_u (local.get 3) (i32.const 16))
                                                  (i32.const 1))))))
              (local.get $at)))
          (core instance $libc (instantiate $libc))
          (alias core export $libc "realloc" (core func $realloc))
          (alias core export $libc "memory" (core memory $memory))
          {host}
          (core module $main
            {main})
          (core instance $main (instantiate $main
            (with "libc" (instance $libc))
            {with}))
          (func (export "run") {ty}
            (canon lift (core func $main "run") (memory $memory) (realloc (core func $realloc)))))"#,
        with = if host.is_empty() {
            ""
        } else {
            "(with \"host\" (instance $host))"
        },
    )
}

/// A component without imports.
pub fn plain(ty: &str, main: &str) -> String {
    component("", "", ty, main)
}

pub fn program(engine: &Engine, text: &str) -> Program {
    let bytes = wat::parse_str(text).unwrap();
    let compiled = engine.compile(&bytes, Kind::Task).unwrap();
    // SAFETY: compiled by the same engine in the line above.
    unsafe { engine.load(&compiled, Kind::Task) }.unwrap()
}

pub fn function(params: &[(&str, Type)], result: Option<Type>) -> Function {
    Function {
        params: params
            .iter()
            .map(|(name, ty)| Param {
                name: (*name).to_owned(),
                ty: ty.clone(),
            })
            .collect(),
        result,
        is_async: false,
    }
}

pub fn call(signature: Function, arguments: &str) -> Call {
    Call {
        identity: Identity {
            id: "inv-1".to_owned(),
            namespace: "default".to_owned(),
            queue: "q".to_owned(),
            task: "c/run".to_owned(),
            attempt: 1,
        },
        interface: None,
        function: "run".to_owned(),
        signature: Arc::new(signature),
        arguments: Bytes::copy_from_slice(arguments.as_bytes()),
        timeout: Some(Duration::from_secs(60)),
        grants: Arc::new(Grants::default()),
        cancel: CancellationToken::new(),
    }
}

/// A call without arguments that returns a u32.
pub fn number() -> Call {
    call(function(&[], Some(Type::U32)), "[]")
}

/// A call without arguments that returns nothing.
pub fn nothing() -> Call {
    call(function(&[], None), "[]")
}

pub fn whole() -> Arc<Fence> {
    let fence = Fence::new();
    fence.renew(since_boot() + Duration::from_secs(3600));
    Arc::new(fence)
}

pub fn feed(engine: &Engine) -> Arc<Feed> {
    Arc::new(Feed::new(engine.options().output_max_bytes))
}

/// Compiles, runs, and expects an outcome.
pub async fn outcome(engine: &Engine, text: &str, call: Call) -> Outcome {
    let program = program(engine, text);
    match engine.run(&program, call, feed(engine), whole()).await {
        Ended::Outcome(outcome) => outcome,
        ended => panic!("expected an outcome, got {ended:?}"),
    }
}

pub async fn value(engine: &Engine, text: &str, call: Call) -> String {
    match outcome(engine, text, call).await {
        Outcome::Value(value) => value.get().to_owned(),
        Outcome::Error(failure) => panic!("expected a value, got {failure:?}"),
    }
}

pub async fn failure(engine: &Engine, text: &str, call: Call) -> Failure {
    match outcome(engine, text, call).await {
        Outcome::Error(failure) => failure,
        Outcome::Value(value) => panic!("expected a failure, got {value}"),
    }
}

/// Expects that the named limit ended it.
pub fn assert_limit(failure: &Failure, limit: &str) {
    assert_eq!(failure.kind, FailureKind::Limit, "{failure:?}");
    assert_eq!(failure.limit.as_deref(), Some(limit), "{failure:?}");
    assert!(failure.message.contains(limit), "{failure:?}");
}
