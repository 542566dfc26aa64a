//! What the served port answers with.

use std::io;
use std::sync::Arc;

use mssim::results::Backend;

/// Makes the engine, loads the scripts, generates the database.
///
/// # Errors
/// A script that cannot be read or run, a generator's setting that is unknown.
pub(crate) fn open(serve: &crate::Serve) -> io::Result<Arc<dyn Backend>> {
    let _ = (&serve.load, &serve.generate, &serve.user, &serve.password, &serve.database);
    Err(io::Error::other("this build has no engine"))
}
