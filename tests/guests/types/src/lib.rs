//! A function for each WIT type that returns its argument.
//!
//! The WIT in `wit/types.wit` is written by hand and the bindings are plain `wit-bindgen`: nothing
//! of Windlass is needed to be a task. Beside the echoes stand functions that cannot be tasks, and
//! a name that stands for two functions.

mod bindings {
    wit_bindgen::generate!({
        world: "types",
        path: "wit",
    });
}

mod echo;

use bindings::exports::test::types::{again, things};

struct Component;

impl again::Guest for Component {
    /// One more, so that a test sees which of the two functions ran.
    fn echo_u32(v: u32) -> u32 {
        v.wrapping_add(1)
    }
}

struct Thing(u32);

impl things::GuestThing for Thing {
    fn new(n: u32) -> Self {
        Self(n)
    }

    fn get(&self) -> u32 {
        self.0
    }
}

impl things::Guest for Component {
    type Thing = Thing;

    fn make_thing() -> things::Thing {
        things::Thing::new(Thing(1))
    }

    fn look_at(it: things::ThingBorrow<'_>) -> u32 {
        it.get::<Thing>().0
    }
}

impl bindings::Guest for Component {
    fn top_level(v: Option<u32>) -> (u32, String) {
        (v.unwrap_or(7), "top".to_owned())
    }
}

bindings::export!(Component with_types_in bindings);
