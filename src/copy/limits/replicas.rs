//! Backing off while a replica of the target is too far behind (`--max-replica-lag`).
//!
//! A task with a connection of its own asks every second or two; workers wait between two batches
//! ([`crate::copy::limits::throttle`]) from the answer that is above the limit until one is below half of it, so that
//! they do not stop and go all the time. A lag is the larger one of what the server measured (`replay_lag`) and of
//! what this task saw: the time since the replica was asked to be where it is not yet. The first is unknown when
//! nothing was written for a while, and is updated by the replica's answers alone; the second is never more than the
//! truth. A replica that has replayed all has no lag.
//!
//! A target that cannot be asked does not fail the copy: the last answer holds for a minute ([`HOLDS`]), then the
//! copy goes on without, and the log says so. A replica that is not connected is not waited for.

use crate::copy::limits::throttle::Throttle;
use crate::copy::patience::Patience;
use crate::error::{Error, ErrorKind, Result};
use crate::postgres::client::Client;
use crate::postgres::replicas;
use crate::postgres::replicas::Replica;
use crate::retry::retry;
use crate::settings::target::TargetSettings;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, sleep, timeout};
use tokio_util::task::AbortOnDropHandle;

/// What the session is called in the target.
const APPLICATION: &str = "shardferry replica lag";
/// Time between two looks: a quarter of the limit, within these.
const OFTEN: Duration = Duration::from_millis(250);
const SELDOM: Duration = Duration::from_secs(2);
/// A target that does not answer for so long is asked on another connection.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long the last answer holds if there is none.
const HOLDS: Duration = Duration::from_secs(60);
/// While it waits, the log says so that often.
const SAY_EVERY: Duration = Duration::from_secs(60);

/// Watches the replicas until it is dropped; None if no limit was asked for.
///
/// # Errors
/// `Config` if the role may not see them; those of connecting to the target.
pub async fn watch(
    target: &TargetSettings,
    throttle: &Arc<Throttle>,
    patience: &Patience,
) -> Result<Option<AbortOnDropHandle<()>>> {
    let Some(limit) = throttle.limits().max_replica_lag else { return Ok(None) };
    let client = retry(patience.retry, &patience.stop, "connecting to the target", async || {
        let client = Client::connect(target, APPLICATION).await?;
        replicas::may_see(&client).await?;
        Ok(client)
    })
    .await?;
    let watcher = Watcher {
        target: target.clone(),
        throttle: Arc::clone(throttle),
        client: Some(client),
        lags: Lags::default(),
        limit,
        said: None,
        none_said: false,
        failing_since: None,
    };
    Ok(Some(AbortOnDropHandle::new(tokio::spawn(watcher.run()))))
}

/// However the watcher ends, nobody waits for its answer.
struct LetGo(Arc<Throttle>);

impl Drop for LetGo {
    fn drop(&mut self) {
        self.0.set_behind(false);
    }
}

struct Watcher {
    target: TargetSettings,
    throttle: Arc<Throttle>,
    client: Option<Client>,
    lags: Lags,
    limit: Duration,
    /// While workers wait: since when, and when it was last said.
    said: Option<(Instant, Instant)>,
    /// It was said that there is no replica.
    none_said: bool,
    failing_since: Option<Instant>,
}

impl Watcher {
    async fn run(mut self) {
        let _let_go = LetGo(Arc::clone(&self.throttle));
        let pause = (self.limit / 4).clamp(OFTEN, SELDOM);
        loop {
            let asked = timeout(PATIENCE, self.ask()).await.unwrap_or_else(|_| {
                Err(Error::new(ErrorKind::TargetUnavailable, format!("no answer in {PATIENCE:?}")))
            });
            match asked {
                Ok(replicas) => self.answered(&replicas, Instant::now()),
                Err(error) => self.failed(&error, Instant::now()),
            }
            sleep(pause).await;
        }
    }

    async fn ask(&mut self) -> Result<Vec<Replica>> {
        let client = match &self.client {
            Some(client) => client,
            None => self.client.insert(Client::connect(&self.target, APPLICATION).await?),
        };
        replicas::replicas(client).await
    }

    fn answered(&mut self, replicas: &[Replica], now: Instant) {
        if self.failing_since.take().is_some() {
            tracing::info!("--max-replica-lag: the target answers again");
        }
        if replicas.is_empty() && !std::mem::replace(&mut self.none_said, true) {
            tracing::warn!(
                "--max-replica-lag: no replica is connected to the target, so nothing is waited for"
            );
        }
        let worst = self.lags.worst(replicas, now);
        let (replica, lag) = worst.unwrap_or(("", Duration::ZERO));
        let seconds = lag.as_secs_f64();
        match self.said {
            None if lag > self.limit => {
                tracing::warn!(
                    replica,
                    seconds,
                    limit_seconds = self.limit.as_secs_f64(),
                    "a replica of the target is too far behind: waiting for it (--max-replica-lag)"
                );
                self.said = Some((now, now));
            }
            Some((since, _)) if lag <= self.limit / 2 => {
                let waited_seconds = now.duration_since(since).as_secs_f64();
                tracing::info!(seconds, waited_seconds, "replicas of the target have caught up: going on");
                self.said = None;
            }
            Some((since, said)) if now.duration_since(said) >= SAY_EVERY => {
                let waited_seconds = now.duration_since(since).as_secs_f64();
                tracing::warn!(replica, seconds, waited_seconds, "still waiting for a replica of the target");
                self.said = Some((since, now));
            }
            _ => {}
        }
        self.throttle.set_behind(self.said.is_some());
    }

    fn failed(&mut self, error: &Error, now: Instant) {
        self.client = None;
        let since = self.failing_since.unwrap_or_else(|| {
            tracing::warn!(
                error = %error,
                "--max-replica-lag: the target cannot be asked about its replicas; the last answer holds for a minute"
            );
            now
        });
        self.failing_since = Some(since);
        if now.duration_since(since) >= HOLDS && self.throttle.set_behind(false) {
            self.said = None;
            tracing::warn!(error = %error, "--max-replica-lag: still no answer about replicas: going on without");
        }
    }
}

/// What was seen of each replica.
#[derive(Debug, Default)]
struct Lags {
    /// By name: a position of the target, and when it was seen. Kept while a replica is away: it is no better for that.
    marks: BTreeMap<String, (u64, Instant)>,
}

impl Lags {
    /// The replica with the largest lag.
    fn worst<'r>(&mut self, replicas: &'r [Replica], now: Instant) -> Option<(&'r str, Duration)> {
        let lags = replicas.iter().map(|replica| (replica.name.as_str(), self.lag(replica, now)));
        lags.max_by_key(|(_, lag)| *lag)
    }

    fn lag(&mut self, replica: &Replica, now: Instant) -> Duration {
        let mark = self.marks.entry(replica.name.clone()).or_insert((replica.written, now));
        if replica.replayed >= mark.0 {
            *mark = (replica.written, now);
        }
        if replica.behind() == 0 {
            return Duration::ZERO;
        }
        now.duration_since(mark.1).max(replica.lag.unwrap_or_default())
    }
}

#[cfg(test)]
#[path = "replicas/tests.rs"]
mod tests;
