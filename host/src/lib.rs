//! Windlass host
