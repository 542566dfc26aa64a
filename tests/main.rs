//! Integration tests: one binary, one module a part.

#[path = "integration/target.rs"]
mod target;
