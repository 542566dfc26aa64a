//! The parts of a pod that copies, made once per process and handed to its workers.

use crate::copy::chunk::copier::ChunkCopier;
use crate::copy::chunk::reject_files::RejectFiles;
use crate::copy::events::{CopyEvent, CopyWatcher};
use crate::copy::limits::budget::Budget;
use crate::copy::limits::throttle::Throttle;
use crate::copy::owner::claims::{Claims, ClaimsAtStart};
use crate::copy::owner::connections::Servers;
use crate::copy::patience::Patience;
use crate::copy::rules::CopyRules;
use crate::copy::table::objects::TableObjects;
use crate::copy::table::proof::Proofs;
use crate::error::Result;
use crate::limits::memory::Workers;
use crate::settings::{Consistency, Settings};
use crate::stop::Stop;
use crate::telemetry::notices::Notices;
use std::path::Path;
use std::sync::Arc;

/// Shared by all workers of the process.
pub struct Pod {
    pub servers: Arc<Servers>,
    /// Who owns a table.
    pub claims: Arc<Claims>,
    /// How a chunk is copied.
    pub copier: ChunkCopier,
    /// What stands on the tables, or will.
    pub(in crate::copy) objects: TableObjects,
    /// What may be called completed.
    pub(in crate::copy) proofs: Proofs,
    /// What is said at the end, once a kind.
    pub(in crate::copy) notices: Notices,
}

/// What a command has found out before it begins to copy.
pub struct PodStart {
    /// Decided once: SNAPSHOT is used only if the database allows it.
    pub consistency: Consistency,
    pub rejects: Option<RejectFiles>,
    /// Who is told what happens.
    pub watcher: CopyWatcher,
    pub objects: TableObjects,
    /// Where facts about tables are gathered; the command says them.
    pub notices: Notices,
}

impl Pod {
    /// From what the user chose and the start has found out. Reaches no server yet.
    ///
    /// # Errors
    /// `Config` if a server is not named, or if the memory is too little for so many jobs.
    pub fn new(
        settings: &Settings,
        stop: &Stop,
        claims: ClaimsAtStart,
        start: PodStart,
    ) -> Result<Arc<Self>> {
        let (run, patience) = (settings.run_id.to_string(), Patience::new(settings, stop));
        let servers = Servers::new(settings)?;
        let workers = Workers { jobs: settings.jobs, rejects: start.rejects.is_some() };
        let rules = CopyRules {
            run: run.clone(),
            truncate: settings.truncate,
            on_existing: settings.on_existing,
            chunk_size: settings.chunk_size,
            consistency: start.consistency.clone(),
            rejects: start.rejects,
        };
        let claims = Claims::new(settings, patience.clone(), start.consistency, claims)?;
        let (under_way, watcher) = (Arc::clone(&claims.under_way), start.watcher);
        Ok(Arc::new(Self {
            claims,
            proofs: Proofs::new(servers.target.clone(), run),
            servers,
            copier: ChunkCopier {
                rules,
                budget: Budget::new(settings.memory, workers, Path::new("/"))?,
                throttle: Arc::new(Throttle::new(settings.throttle)),
                patience,
                watcher: Arc::new(move |event: &CopyEvent<'_>| {
                    under_way.note(event);
                    watcher(event);
                }),
            },
            objects: start.objects,
            notices: start.notices,
        }))
    }

    pub(in crate::copy) const fn patience(&self) -> &Patience {
        &self.copier.patience
    }

    /// Says what happened.
    pub(in crate::copy) fn tell(&self, event: &CopyEvent<'_>) {
        self.copier.tell(event);
    }
}
