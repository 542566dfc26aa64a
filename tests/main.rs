//! Integration tests against real servers: one binary, one module a part. `tests/env/run.sh` starts the servers.

#[cfg(test)]
#[path = "integration/decoder_vs_tiberius.rs"]
mod decoder_vs_tiberius;
#[cfg(test)]
#[path = "integration/source.rs"]
mod source;
#[cfg(test)]
#[path = "integration/store.rs"]
mod store;
#[cfg(test)]
#[path = "integration/target.rs"]
mod target;
