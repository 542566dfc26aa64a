//! The connections of a worker: one to each server, made when they are needed, kept from chunk to chunk.

use crate::error::{Error, ErrorKind, Result};
use crate::postgres::client::{Client as TargetClient, SessionOfTransaction};
use crate::settings::Settings;
use crate::settings::source::SourceSettings;
use crate::settings::target::TargetSettings;
use crate::sqlserver::client::Client as SourceClient;
use std::sync::Arc;

/// The two servers of a run.
#[derive(Debug)]
pub struct Servers {
    pub source: SourceSettings,
    pub target: TargetSettings,
}

impl Servers {
    /// Those that the settings name.
    ///
    /// # Errors
    /// `Config` if one of them is not named.
    pub fn new(settings: &Settings) -> Result<Arc<Self>> {
        Ok(Arc::new(Self { source: settings.source()?.clone(), target: settings.target()?.clone() }))
    }
}

/// The connections of a worker, kept from chunk to chunk.
pub struct Connections {
    servers: Arc<Servers>,
    source: Option<SourceClient>,
    target: Option<TargetClient>,
    /// Of a connection that was closed after an error: its transaction may still have its locks.
    left_behind: Option<SessionOfTransaction>,
}

impl Connections {
    /// None yet.
    #[must_use]
    pub fn new(servers: &Arc<Servers>) -> Self {
        Self { servers: Arc::clone(servers), source: None, target: None, left_behind: None }
    }

    /// The one to the target, made if there is none.
    ///
    /// # Errors
    /// `TargetUnavailable`, `TargetRefused` and what else connecting to PostgreSQL may end in.
    pub(in crate::copy) async fn target(&mut self) -> Result<&mut TargetClient> {
        let Self { target, left_behind, servers, .. } = self;
        if target.is_none() {
            let client = TargetClient::connect(&servers.target, "shardferry").await?;
            if let Some(left) = left_behind.as_ref() {
                client.end_session(left).await?;
            }
            *left_behind = None;
            return Ok(target.insert(client));
        }
        target.as_mut().ok_or_else(|| Error::new(ErrorKind::Bug, "a connection that was there is gone"))
    }

    /// The one to the source, made if there is none.
    ///
    /// # Errors
    /// `SourceUnavailable`, `SourceRefused` and what else connecting to SQL Server may end in.
    pub(in crate::copy) async fn source(&mut self) -> Result<&mut SourceClient> {
        Ok(match &mut self.source {
            Some(client) => client,
            none => none.insert(SourceClient::connect(&self.servers.source).await?),
        })
    }

    /// Both, made if there are none.
    ///
    /// # Errors
    /// As [`Self::target`] and [`Self::source`].
    pub(in crate::copy) async fn both(&mut self) -> Result<(&mut SourceClient, &mut TargetClient)> {
        self.target().await?;
        self.source().await?;
        match (&mut self.source, &mut self.target) {
            (Some(source), Some(target)) => Ok((source, target)),
            _ => Err(Error::new(ErrorKind::Bug, "a connection that was just made is not there")),
        }
    }

    /// Closes the one to the source: rows that nobody wants are still on their way.
    pub(in crate::copy) fn close_source(&mut self) {
        self.source = None;
    }

    /// Closes both, which rolls back what is under way.
    pub(in crate::copy) fn close(&mut self) {
        if let Some(left) = self.target.as_mut().and_then(TargetClient::last_session) {
            self.left_behind = Some(left);
        }
        (self.source, self.target) = (None, None);
    }
}
