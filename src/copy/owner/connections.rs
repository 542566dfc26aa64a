//! The connections of a worker: one to each server, made when they are needed, kept from chunk to chunk.

use crate::copy::context::Context;
use crate::error::{Error, ErrorKind, Result};
use crate::postgres::client::Client as TargetClient;
use crate::sqlserver::client::Client as SourceClient;

/// The connections of a worker, kept from chunk to chunk.
#[derive(Default)]
pub(in crate::copy) struct Connections {
    pub(in crate::copy) source: Option<SourceClient>,
    target: Option<TargetClient>,
}

impl Connections {
    /// The one to the target, made where there is none.
    ///
    /// # Errors
    /// Those of connecting.
    pub(in crate::copy) async fn target(&mut self, cx: &Context) -> Result<&mut TargetClient> {
        Ok(match &mut self.target {
            Some(client) => client,
            none => none.insert(TargetClient::connect(&cx.target, "shardferry").await?),
        })
    }

    /// The one to the source, made where there is none.
    ///
    /// # Errors
    /// Those of connecting.
    pub(in crate::copy) async fn source(&mut self, cx: &Context) -> Result<&mut SourceClient> {
        Ok(match &mut self.source {
            Some(client) => client,
            none => none.insert(SourceClient::connect(&cx.source).await?),
        })
    }

    /// Both, made where there are none.
    ///
    /// # Errors
    /// Those of connecting.
    pub(in crate::copy) async fn both(
        &mut self,
        cx: &Context,
    ) -> Result<(&mut SourceClient, &mut TargetClient)> {
        self.target(cx).await?;
        self.source(cx).await?;
        match (&mut self.source, &mut self.target) {
            (Some(source), Some(target)) => Ok((source, target)),
            _ => Err(Error::new(ErrorKind::Bug, "a connection that was just made is not there")),
        }
    }

    /// Closes both, which rolls back what is under way.
    pub(in crate::copy) fn close(&mut self) {
        *self = Self::default();
    }
}
