//! Compiled code that hosts share.

use crate::model::Digest;

/// Which compiled code: of one component, by one compiler.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct CodeId {
    /// The component.
    pub digest: Digest,
    /// For which kind of program, by which compiler, with which settings.
    pub code: String,
}

/// What a host that looks for compiled code is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SharedCode {
    /// Here it is, as it was stored. Nothing says that it is genuine but its seal.
    Found(Vec<u8>),
    /// There is none, and this host is the one that should compile it.
    Ours,
    /// There is none, and another host is about to compile it.
    Theirs,
}
