//! The stubs that `windlass client generate --lang rust` writes, compiled and called.
#![allow(
    clippy::unwrap_used,
    reason = "a test that panics says what went wrong"
)]

use windlass_client::{Client, Error, TypedHandle};
use windlass_tests::{Setup, upload};

/// What is generated from the WIT of the guest `types`; a test of the host keeps it in step.
#[allow(dead_code, reason = "stubs have a method for every task")]
mod types {
    include!("stubs/types.rs");
}

use types::{Color, Line, ManyFlags, Order, Permissions, Shape, Types};

async fn stubs(setup: &Setup) -> (windlass_tests::HostProcess, Client, Types) {
    let host = setup.start();
    let client = host.client();
    upload(&client, "types").await;
    let types = Types::on(&client, "typed");
    (host, client, types)
}

fn line(price: f64) -> Line {
    Line {
        article: "rope".to_owned(),
        count: u32::MAX,
        price,
    }
}

#[tokio::test]
async fn every_type_goes_to_the_task_and_comes_back() {
    let (_host, _, types) = stubs(&Setup::sqlite()).await;
    let order = Order {
        order_id: u64::MAX,
        lines: vec![line(0.1), line(f64::NEG_INFINITY)],
        note: None,
        permissions: Permissions {
            write: true,
            ..Permissions::default()
        },
        color: Color::LightBlue,
        shape: Shape::Rectangle((1.5, -0.0)),
        picture: vec![0, 255, 7],
        balance: i64::MIN,
    };

    let back = types.echo_record(order.clone()).await.unwrap();
    let nothing = types.echo_nested_option(Some(None)).await.unwrap();
    let result = types.echo_result(Err("no".to_owned())).await.unwrap();
    let flags = ManyFlags {
        f16: true,
        ..ManyFlags::default()
    };
    let flags_back = types.echo_many_flags(flags).await.unwrap();
    let nan = types.echo_f32(f32::NAN).await.unwrap();

    assert_eq!(back.get_result().await.unwrap(), order);
    assert_eq!(nothing.get_result().await.unwrap(), Some(None));
    assert_eq!(result.get_result().await.unwrap(), (Err("no".to_owned()),));
    assert_eq!(flags_back.get_result().await.unwrap(), flags);
    assert!(nan.get_result().await.unwrap().is_nan());
}

#[tokio::test]
async fn a_failure_has_a_payload_of_its_type() {
    let (_host, _, types) = stubs(&Setup::sqlite()).await;

    let handle = types.return_typed_error(Shape::Circle(2.0)).await.unwrap();
    let error = handle.get_result().await.unwrap_err();

    assert!(matches!(error, Error::TaskFailed { .. }));
    assert_eq!(handle.payload(&error).unwrap(), Some(Shape::Circle(2.0)));
}

#[tokio::test]
async fn a_typed_call_says_more_and_its_handle_is_made_from_an_id() {
    let (_host, client, types) = stubs(&Setup::sqlite()).await;

    let call = types
        .join("a", "b", 2)
        .on("elsewhere")
        .with(|call| call.priority(7));
    let enqueued = call.await.unwrap();
    let handle: TypedHandle<String> = TypedHandle::new(client.handle(enqueued.id()));

    assert_eq!(handle.get_result().await.unwrap(), "abab");
    let invocation = enqueued.untyped().wait().await.unwrap();
    assert_eq!(
        (invocation.queue.as_str(), invocation.priority),
        ("elsewhere", 7)
    );
}
