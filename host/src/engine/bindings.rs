//! The interfaces of `windlass:host`, from their WIT. What a request of a workflow waits for may take
//! days: those functions are asynchronous here and block nothing but their guest.

wasmtime::component::bindgen!({
    path: "../wit/windlass-host",
    world: "windlass:host/workflows",
    imports: {
        "windlass:host/workflow.[method]handle.get-result": async | trappable,
        "windlass:host/workflow.[method]handle.status": async | trappable,
        "windlass:host/workflow.[method]handle.cancel": async | trappable,
        "windlass:host/workflow.enqueue": async | trappable,
        "windlass:host/workflow.enqueue-many": async | trappable,
        "windlass:host/workflow.find": async | trappable,
        "windlass:host/workflow.wait-any": async | trappable,
        "windlass:host/workflow.wait-all": async | trappable,
        "windlass:host/workflow.sleep": async | trappable,
        "windlass:host/workflow.now": async | trappable,
        "windlass:host/workflow.publish": async | trappable,
        "windlass:host/workflow.receive": async | trappable,
        "windlass:host/workflow.step-begin": async | trappable,
        "windlass:host/workflow.step-end": async | trappable,
        "windlass:host/workflow.continue-as-new": async | trappable,
        default: trappable,
    },
    with: {
        "windlass:host/workflow.handle": crate::engine::workflow::host::Handle,
    },
});

pub(super) use self::windlass::host::{task, workflow};
