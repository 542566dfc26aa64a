//! What a user asked for, on stdout.

use crate::error::{Error, ErrorKind, Result};
use std::io::{self, Write};

/// Writes the text. A reader that closed its end has seen enough (`| head`): that is no error.
///
/// # Errors
/// `Config` if it cannot be written, as on a full disk.
pub fn print(text: impl AsRef<[u8]>) -> Result<()> {
    let mut stdout = io::stdout().lock();
    written(stdout.write_all(text.as_ref()).and_then(|()| stdout.flush()))
}

fn written(result: io::Result<()>) -> Result<()> {
    match result {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            let message = "what was asked for cannot be written to stdout; see where it goes to";
            Err(Error::new(ErrorKind::Config, message).because(error))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reader_that_left_is_no_error_and_a_full_disk_is_no_bug() {
        assert!(written(Err(io::ErrorKind::BrokenPipe.into())).is_ok());
        let error = written(Err(io::ErrorKind::StorageFull.into())).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config);
        assert!(error.detail().contains("stdout") && error.detail().contains("no storage space"), "{error}");
    }
}
