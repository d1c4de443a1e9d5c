pub mod api;
pub mod control;
pub mod http;
pub mod model;
pub mod registry;
pub mod store;
pub mod telemetry;
pub mod values;
