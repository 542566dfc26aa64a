//! The certificates that the system trusts, for the source, the target and the collector: read once, at the first
//! connection that needs them. A connection each for two dozen of them would else read and parse some 140 files or
//! more.

mod chain;

pub use chain::{Chain, Verifier};

use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use std::sync::{Arc, OnceLock};

/// What the system trusts.
#[derive(Debug)]
pub struct Anchors {
    pub certificates: Vec<CertificateDer<'static>>,
    /// The same as anchors of rustls. Those that cannot be read are passed over: systems carry odd ones.
    pub store: Arc<RootCertStore>,
}

/// None where the system has no certificate; the next call looks again.
#[must_use]
pub fn of_system() -> Option<&'static Anchors> {
    static FOUND: OnceLock<Anchors> = OnceLock::new();
    if let Some(found) = FOUND.get() {
        return Some(found);
    }
    let certificates = rustls_native_certs::load_native_certs().certs;
    let mut store = RootCertStore::empty();
    store.add_parsable_certificates(certificates.iter().cloned());
    if store.is_empty() {
        return None;
    }
    Some(FOUND.get_or_init(|| Anchors { certificates, store: Arc::new(store) }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn they_are_read_once() {
        let first = of_system().expect("this machine trusts nobody: install ca-certificates");
        assert!(std::ptr::eq(first, of_system().unwrap()));
        assert!(!first.certificates.is_empty() && !first.store.is_empty());
    }
}
