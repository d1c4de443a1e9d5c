//! Components: what is uploaded, what it exports, and what its tasks are called.
