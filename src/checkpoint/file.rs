//! The store for one machine: a directory, an object a file.
//!
//! - A file is written under a temporary name, synced and then put in place at once, and the directory is synced: after
//!   a crash the old or the new content is there, whole.
//! - Creating puts it in place by a hard link, which fails if the name exists: exactly one of many processes wins.
//! - Replacing and deleting happen under an exclusive lock on `.lock`, which the kernel gives back when a process dies;
//!   the tag is the SHA-256 of the content, compared under that lock. A process that stands still while it holds the
//!   lock (SIGSTOP) makes the others fail with a transient error after [`PATIENCE`]: only S3 lets them go on without
//!   it.
//!
//! All processes must be on one machine: locks and clocks of network file systems are not trusted.

use super::store::{Object, PutOutcome, Store, Tag};
use crate::error::{Error, ErrorKind, Result};
use bytes::Bytes;
use futures_util::future::BoxFuture;
use jiff::Timestamp;
use sha2::{Digest, Sha256};
use std::fs::{self, File, TryLockError};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// The longest wait for the lock, which is otherwise held for milliseconds.
const PATIENCE: Duration = Duration::from_secs(10);
/// What the names of files begin with that are being written; left by a killed process, harmless, not listed.
const TEMPORARY: &str = ".tmp-";
const LOCK: &str = ".lock";

/// A directory.
#[derive(Debug, Clone)]
pub struct FileStore {
    directory: PathBuf,
    patience: Duration,
}

impl FileStore {
    /// Makes the directory if it is missing. Errors: `StoreRefused`.
    pub fn open(directory: &Path) -> Result<Self> {
        fs::create_dir_all(directory).map_err(|error| failed("make the directory", directory, error))?;
        Ok(Self { directory: directory.to_owned(), patience: PATIENCE })
    }

    fn path(&self, key: &str) -> PathBuf {
        self.directory.join(key)
    }

    /// Runs file operations on a thread that may block.
    fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(Self) -> Result<T> + Send + 'static,
    ) -> BoxFuture<'static, Result<T>> {
        let store = self.clone();
        Box::pin(async move {
            let done = tokio::task::spawn_blocking(move || work(store)).await;
            done.map_err(|error| Error::new(ErrorKind::Bug, "a file operation ended early").because(error))?
        })
    }

    fn read(&self, key: &str) -> Result<Option<Object>> {
        let path = self.path(key);
        let read = || -> io::Result<(Vec<u8>, Timestamp)> {
            let mut file = File::open(&path)?;
            let modified = Timestamp::try_from(file.metadata()?.modified()?).map_err(io::Error::other)?;
            let mut body = Vec::new();
            io::Read::read_to_end(&mut file, &mut body)?;
            Ok((body, modified))
        };
        match read() {
            Ok((body, modified)) => {
                Ok(Some(Object { tag: tag(&body), body: body.into(), modified, now: now().max(modified) }))
            }
            Err(error) if is_absent(&error) => Ok(None),
            Err(error) => Err(failed("read", &path, error)),
        }
    }

    fn create_file(&self, key: &str, body: &[u8]) -> Result<PutOutcome> {
        let path = self.path(key);
        let linked = Self::temporary(&path, body).and_then(|temporary| {
            let linked = fs::hard_link(&temporary, &path);
            fs::remove_file(&temporary)?;
            linked?;
            sync_folder(&path)
        });
        match linked {
            Ok(()) => Ok(PutOutcome::Stored { tag: tag(body), now: now() }),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(PutOutcome::Conflict),
            Err(error) => Err(failed("create", &path, error)),
        }
    }

    fn replace_file(&self, key: &str, body: &[u8], expected: &Tag) -> Result<PutOutcome> {
        let path = self.path(key);
        let _lock = self.lock()?;
        let present = match fs::read(&path) {
            Ok(present) => present,
            Err(error) if is_absent(&error) => return Ok(PutOutcome::Conflict),
            Err(error) => return Err(failed("read", &path, error)),
        };
        if tag(&present) != *expected {
            return Ok(PutOutcome::Conflict);
        }
        let replaced = Self::temporary(&path, body).and_then(|temporary| {
            fs::rename(&temporary, &path)?;
            sync_folder(&path)
        });
        replaced.map_err(|error| failed("replace", &path, error))?;
        Ok(PutOutcome::Stored { tag: tag(body), now: now() })
    }

    fn delete_file(&self, key: &str) -> Result<()> {
        let path = self.path(key);
        let _lock = self.lock()?;
        match fs::remove_file(&path).and_then(|()| sync_folder(&path)) {
            Err(error) if !is_absent(&error) => Err(failed("delete", &path, error)),
            _ => Ok(()),
        }
    }

    /// Held until it is dropped, or the process ends.
    fn lock(&self) -> Result<File> {
        let path = self.directory.join(LOCK);
        let lock = || -> io::Result<File> {
            let file = File::options().create(true).truncate(false).write(true).open(&path)?;
            let began = Instant::now();
            loop {
                match file.try_lock() {
                    Ok(()) => return Ok(file),
                    Err(TryLockError::WouldBlock) if began.elapsed() < self.patience => {
                        std::thread::sleep(Duration::from_millis(5));
                    }
                    Err(TryLockError::WouldBlock) => {
                        let message =
                            "another process holds it and does not go on; is one stopped (ps: state T)?";
                        return Err(io::Error::new(io::ErrorKind::TimedOut, message));
                    }
                    Err(TryLockError::Error(error)) => return Err(error),
                }
            }
        };
        lock().map_err(|error| failed("lock", &path, error))
    }

    /// A synced file with this content in the folder of `path`, which is made if it is missing.
    fn temporary(path: &Path, body: &[u8]) -> io::Result<PathBuf> {
        let folder = path.parent().ok_or(io::ErrorKind::InvalidInput)?;
        make_folder(folder)?;
        let temporary = folder.join(format!("{TEMPORARY}{:032x}", rand::random::<u128>()));
        let write = || -> io::Result<()> {
            let mut file = File::create_new(&temporary)?;
            file.write_all(body)?;
            file.sync_all()
        };
        match write() {
            Ok(()) => Ok(temporary),
            Err(error) => {
                // The first error is the one to tell.
                let _ = fs::remove_file(&temporary);
                Err(error)
            }
        }
    }

    fn keys(&self, prefix: &str) -> Result<Vec<String>> {
        let folder = prefix.rsplit_once('/').map_or("", |(folder, _)| folder);
        let mut keys = Vec::new();
        let mut folders = vec![folder.to_owned()];
        while let Some(folder) = folders.pop() {
            let path = self.path(&folder);
            let entries = match fs::read_dir(&path) {
                Ok(entries) => entries,
                Err(error) if is_absent(&error) => continue,
                Err(error) => return Err(failed("list", &path, error)),
            };
            for entry in entries {
                let entry = entry.map_err(|error| failed("list", &path, error))?;
                let Some(name) = entry.file_name().to_str().map(str::to_owned) else { continue };
                if name == LOCK || name.starts_with(TEMPORARY) {
                    continue;
                }
                let key = if folder.is_empty() { name } else { format!("{folder}/{name}") };
                match entry.file_type() {
                    Ok(kind) if kind.is_dir() => folders.push(key),
                    Ok(_) if key.starts_with(prefix) => keys.push(key),
                    Ok(_) => {}
                    Err(error) => return Err(failed("list", &path, error)),
                }
            }
        }
        keys.sort();
        Ok(keys)
    }
}

/// Makes a folder and those above it that are missing, each synced into its parent.
fn make_folder(folder: &Path) -> io::Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
    if let Some(parent) = folder.parent() {
        make_folder(parent)?;
    }
    match fs::create_dir(folder) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
        _ => sync_folder(folder),
    }
}

/// Makes the name of `path` survive a crash.
fn sync_folder(path: &Path) -> io::Result<()> {
    match path.parent() {
        Some(folder) => File::open(folder)?.sync_all(),
        None => Ok(()),
    }
}

fn tag(body: &[u8]) -> Tag {
    Tag(format!("{:x}", Sha256::digest(body)))
}

#[expect(
    clippy::disallowed_methods,
    reason = "the clock of this machine is the store's clock: it sets the files' times"
)]
fn now() -> Timestamp {
    Timestamp::now()
}

/// No such file, or something on the way to it is a file.
fn is_absent(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

/// A full or interrupted disk may recover; a directory that is not writable will not by itself.
fn failed(what: &str, path: &Path, error: io::Error) -> Error {
    let kind = match error.kind() {
        io::ErrorKind::StorageFull
        | io::ErrorKind::QuotaExceeded
        | io::ErrorKind::Interrupted
        | io::ErrorKind::ResourceBusy
        | io::ErrorKind::TimedOut
        | io::ErrorKind::StaleNetworkFileHandle => ErrorKind::StoreUnavailable,
        _ => ErrorKind::StoreRefused,
    };
    Error::new(kind, format!("cannot {what} {}", path.display())).because(error)
}

impl Store for FileStore {
    fn get<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<Option<Object>>> {
        let key = key.to_owned();
        self.blocking(move |store| store.read(&key))
    }

    fn create<'a>(&'a self, key: &'a str, body: Bytes) -> BoxFuture<'a, Result<PutOutcome>> {
        let key = key.to_owned();
        self.blocking(move |store| store.create_file(&key, &body))
    }

    fn replace<'a>(&'a self, key: &'a str, body: Bytes, tag: &'a Tag) -> BoxFuture<'a, Result<PutOutcome>> {
        let (key, tag) = (key.to_owned(), tag.clone());
        self.blocking(move |store| store.replace_file(&key, &body, &tag))
    }

    fn list<'a>(&'a self, prefix: &'a str) -> BoxFuture<'a, Result<Vec<String>>> {
        let prefix = prefix.to_owned();
        self.blocking(move |store| store.keys(&prefix))
    }

    fn delete<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<()>> {
        let key = key.to_owned();
        self.blocking(move |store| store.delete_file(&key))
    }
}

#[cfg(test)]
mod tests;
