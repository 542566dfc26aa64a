//! What the benchmarks are made of: raw clients of both wires that understand as little as possible, the rows of each
//! table shape as TDS bytes, and tiberius' rows as the yardstick of what shardferry avoids.
//!
//! `benches/run.py` drives the whole program; `docs/background/performance.md` says how to read it.
#![forbid(unsafe_code)]

pub mod copy_field;
pub mod hot_path;
pub mod postgres;
pub mod shapes;
pub mod tds;
pub mod tiberius_rows;

/// TDS bytes made by hand, as the tests of the program make them.
#[path = "../../tests/integration/tds_bytes.rs"]
mod tds_bytes;

/// The plan of a table made by hand.
#[path = "../../tests/integration/encoded.rs"]
#[allow(dead_code, reason = "test equipment, of which a part is used")]
mod encoded;

/// Errors are for the person who runs the benchmark.
pub type Failure = Box<dyn std::error::Error + Send + Sync>;
