//! Go: how it becomes a component.

use super::{Error, Project, Tool, Toolchain, Workshop};

/// The toolchain of Go.
pub struct Go;

impl Toolchain for Go {
    fn tools(&self, _project: &Project) -> Vec<Tool> {
        unimplemented!("contract")
    }

    fn build(&self, _workshop: &Workshop) -> Result<Vec<u8>, Error> {
        unimplemented!("contract")
    }
}
