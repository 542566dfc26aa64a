//! Who the server and its databases are, and what changes it: a failover, a restore, another database.

use std::sync::Arc;

use super::Engine;
use crate::results::SqlError;

/// What a server calls itself at first.
pub(super) const SERVER_NAME: &str = "MSSIM";

/// What tells a database from every other one, whatever the server is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DatabaseIdentity {
    /// `family_guid`: given at CREATE DATABASE, and kept by every restore.
    pub family: [u8; 16],
    /// `database_guid`: each restored copy has its own, and so has each replica.
    pub database: [u8; 16],
    /// `recovery_fork_guid`: that of the log, the same on every replica; a recovered restore begins a new one.
    pub recovery_fork: [u8; 16],
    /// `service_broker_guid`: kept by every restore.
    pub broker: [u8; 16],
}

impl DatabaseIdentity {
    /// That of a new database.
    #[must_use]
    pub fn new() -> Self {
        let family = random_guid();
        Self { family, database: family, recovery_fork: random_guid(), broker: random_guid() }
    }
}

impl Default for DatabaseIdentity {
    fn default() -> Self {
        Self::new()
    }
}

/// 16 bytes from the hasher that std seeds at random, marked as version 4.
pub(crate) fn random_guid() -> [u8; 16] {
    use std::hash::{BuildHasher, Hasher, RandomState};
    let half = || RandomState::new().build_hasher().finish().to_be_bytes();
    let mut bytes = [0; 16];
    bytes[..8].copy_from_slice(&half());
    bytes[8..].copy_from_slice(&half());
    bytes[7] = bytes[7] & 0x0F | 0x40;
    bytes[8] = bytes[8] & 0x3F | 0x80;
    bytes
}

impl Engine {
    /// From now on the server calls itself so, as after a failover to a replica: the databases stay what they are.
    pub fn set_server_name(&self, name: &str) {
        let name: Arc<str> = Arc::from(name);
        for database in self.all() {
            database.change(|catalog| catalog.server_name = Arc::clone(&name));
        }
    }

    /// A database becomes a copy of itself that was restored from a backup elsewhere, and recovered.
    ///
    /// # Errors
    /// 911 for a database that does not exist.
    pub fn restore_copy(&self, name: &str) -> Result<(), SqlError> {
        self.database(name)?.change(|catalog| {
            catalog.identity.database = random_guid();
            catalog.identity.recovery_fork = random_guid();
        });
        Ok(())
    }

    /// Another database takes a database's place under its name, with the same tables and rows.
    ///
    /// # Errors
    /// 911 for a database that does not exist.
    pub fn replace_by_another(&self, name: &str) -> Result<(), SqlError> {
        self.database(name)?.change(|catalog| catalog.identity = DatabaseIdentity::new());
        Ok(())
    }
}
