//! Windlass host
pub mod registry;
pub mod values;
