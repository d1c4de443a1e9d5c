//! The crate carries a copy of the contract with the host, so that it can be built on its own.

use std::path::Path;

#[test]
fn the_copy_of_the_contract_equals_the_contract() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    for file in ["task.wit", "workflow.wit"] {
        let contract = here.join("../../wit/windlass-host").join(file);
        let copy = here.join("wit/windlass-host").join(file);

        let [contract, copy] = [contract, copy].map(|path| std::fs::read_to_string(path).unwrap());

        assert!(
            contract == copy,
            "wit/windlass-host/{file} has changed: copy it to guest-sdk/rust/wit/windlass-host/"
        );
    }
}
