//! The source: SQL Server over TDS 7.4 or 8.0 (strict).
//!
//! tiberius logs in and runs control and catalog queries; the bulk rows are read from the same connection by our
//! own decoder ([`wire`]). Both sit on a transport of ours that does TCP and TLS (docs/adr/0002).

mod browser;
pub mod catalog;
pub mod chunks;
pub mod client;
pub mod collisions;
pub(crate) mod connection_errors;
mod control;
mod describe;
pub mod errors;
pub mod filters;
pub mod key_lengths;
mod prelogin;
pub mod rows;
pub mod select;
pub mod sent_type;
mod tcp;
mod tls;
mod transport;
pub mod wire;
