//! The integration tests: real servers, named by the environment.

// Clippy knows what is test code by this attribute.
#[cfg(test)]
#[path = "integration/store.rs"]
mod store;
