//! A login that changes while the process runs: a password is rotated.
//!
//! The file of a URL is read again at every connect, for user and password alone: server and database stay what they
//! were. And a login that is refused after one of this process was accepted is tried again: the new password may be on
//! its way.

use crate::error::{Error, ErrorKind};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Where a login came from, and whether the server has accepted it before. Copies are the same one.
#[derive(Debug, Clone, Default)]
pub struct LoginOrigin {
    file: Option<PathBuf>,
    accepted: Arc<AtomicBool>,
}

/// What was accepted so far tells no settings from others.
impl PartialEq for LoginOrigin {
    fn eq(&self, other: &Self) -> bool {
        self.file == other.file
    }
}

impl Eq for LoginOrigin {}

impl LoginOrigin {
    pub(super) fn of_file(file: Option<PathBuf>) -> Self {
        Self { file, accepted: Arc::default() }
    }

    /// The file's text now; None if there is no file, or if it cannot be read just now.
    pub(super) fn text(&self) -> Option<String> {
        std::fs::read_to_string(self.file.as_ref()?).ok()
    }

    /// What came of a login: a refusal (`refused`) after a success is `unavailable`, and so tried again.
    ///
    /// # Errors
    /// That of `login`.
    pub fn judge<T>(
        &self,
        login: Result<T, Error>,
        refused: ErrorKind,
        unavailable: ErrorKind,
    ) -> Result<T, Error> {
        match login {
            Ok(done) => {
                self.accepted.store(true, Ordering::Relaxed);
                Ok(done)
            }
            Err(error) if error.kind() == refused && self.accepted.load(Ordering::Relaxed) => {
                let message =
                    "a login is refused that was accepted before (a password that is being changed?)";
                Err(Error::new(unavailable, message).because(error.detail()))
            }
            Err(error) => Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_is_for_good_only_before_the_first_success() {
        let login = LoginOrigin::default();
        let judge =
            |result| login.clone().judge(result, ErrorKind::TargetLogin, ErrorKind::TargetUnavailable);
        let refused = || Err::<(), _>(Error::new(ErrorKind::TargetLogin, "28P01"));
        assert_eq!(judge(refused()).unwrap_err().kind(), ErrorKind::TargetLogin);
        judge(Ok(())).unwrap();
        let error = judge(refused()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::TargetUnavailable);
        assert!(error.detail().ends_with("28P01"), "{error}");
        let other = judge(Err(Error::new(ErrorKind::Config, "x"))).unwrap_err();
        assert_eq!(other.kind(), ErrorKind::Config);
    }
}
