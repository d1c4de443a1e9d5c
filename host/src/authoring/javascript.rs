//! JavaScript and TypeScript: how they become components.

use super::{Error, Project, Tool, Toolchain, Workshop};

/// The toolchain of JavaScript and TypeScript.
pub struct JavaScript {
    /// Whether it is TypeScript.
    pub typed: bool,
}

impl Toolchain for JavaScript {
    fn tools(&self, _project: &Project) -> Vec<Tool> {
        unimplemented!("contract")
    }

    fn build(&self, _workshop: &Workshop) -> Result<Vec<u8>, Error> {
        unimplemented!("contract")
    }
}
