//! One binary for all integration tests: one module per part.

#[path = "integration/source.rs"]
mod source;
