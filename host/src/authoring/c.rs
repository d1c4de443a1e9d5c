//! C and C++: how it becomes a component.

use super::{Error, Project, Tool, Toolchain, Workshop};

/// The toolchain of C and C++.
pub struct C {
    /// Whether it is C++.
    pub plus_plus: bool,
}

impl Toolchain for C {
    fn tools(&self, _project: &Project) -> Vec<Tool> {
        unimplemented!("contract")
    }

    fn build(&self, _workshop: &Workshop) -> Result<Vec<u8>, Error> {
        unimplemented!("contract")
    }
}
