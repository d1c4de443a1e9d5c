//! Python: how it becomes a component.

use super::{Error, Project, Tool, Toolchain, Workshop};

/// The toolchain of Python.
pub struct Python;

impl Toolchain for Python {
    fn tools(&self, _project: &Project) -> Vec<Tool> {
        unimplemented!("contract")
    }

    fn build(&self, _workshop: &Workshop) -> Result<Vec<u8>, Error> {
        unimplemented!("contract")
    }
}
