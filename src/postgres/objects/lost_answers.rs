//! Statements whose answers do not come: a link that is dead but open tells nobody, and what may take hours has no
//! limit.
//!
//! A statement's session has a name of its own for the time of its transaction ([`super::locks`]), and another
//! connection looks for it now and then. A statement is given up if its name has been gone for as long as any answer is
//! waited for (the server has ended it, and its answer is lost), or if nothing that looks, by a new connection each
//! time, gets an answer for so long, and for [`SILENCE`] at least.

use super::locks::{LOOK_FOR, UnderWay};
use crate::error::{Error, ErrorKind, Result};
use crate::postgres::client::{Client, get};
use crate::settings::target::TargetSettings;
use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

/// A target that is asked in vain for a shorter time may only be busy, or be started anew.
const SILENCE: Duration = Duration::from_secs(60);

/// What an earlier look has missed.
#[derive(Default)]
pub(super) struct LostAnswers {
    /// Made anew after a look that got no answer.
    client: Option<Client>,
    /// Statements that the server does not know any more, or not yet.
    gone: BTreeMap<String, Instant>,
    /// Since when the looks get no answer.
    silent: Option<Instant>,
}

impl LostAnswers {
    /// Looks which statements the server works on, and gives those up that it does not, after `limit`.
    pub(super) async fn look(&mut self, settings: &TargetSettings, under_way: &UnderWay) {
        let waiting = under_way.slow();
        if waiting.is_empty() {
            (self.gone, self.silent) = (BTreeMap::new(), None);
            return;
        }
        let client = self.client.take().filter(|client| !client.is_closed());
        let known = tokio::time::timeout(LOOK_FOR, known(client, settings, under_way)).await;
        let known = known.ok().and_then(Result::ok).map(|(client, known)| {
            self.client = Some(client);
            known
        });
        for session in self.lost(&waiting, known.as_ref(), settings.socket_timeout()) {
            under_way.give_up(session);
        }
    }

    /// The statements whose answers are lost. `known`: the sessions that the server has; None if it did not say.
    fn lost<'w>(
        &mut self,
        waiting: &'w BTreeSet<String>,
        known: Option<&BTreeSet<String>>,
        limit: Duration,
    ) -> Vec<&'w String> {
        let now = Instant::now();
        self.gone.retain(|session, _| waiting.contains(session));
        let Some(known) = known else {
            let silent = *self.silent.get_or_insert(now);
            let is_over = silent.elapsed() >= limit.max(SILENCE);
            return if is_over { waiting.iter().collect() } else { Vec::new() };
        };
        self.silent = None;
        self.gone.retain(|session, _| !known.contains(session));
        let mut lost = Vec::new();
        for session in waiting.iter().filter(|session| !known.contains(*session)) {
            let since = *self.gone.entry(session.clone()).or_insert(now);
            if since.elapsed() >= limit {
                lost.push(session);
            }
        }
        lost
    }
}

/// The names of our sessions that the server has, and the connection that asked.
async fn known(
    client: Option<Client>,
    settings: &TargetSettings,
    under_way: &UnderWay,
) -> Result<(Client, BTreeSet<String>)> {
    let client = match client {
        Some(client) => client,
        None => Client::connect(settings, "shardferry finish").await?,
    };
    let sql = "SELECT application_name FROM pg_stat_activity WHERE starts_with(application_name, $1)";
    let rows = client.query(sql, &[&under_way.prefix()]).await?;
    let known: Result<BTreeSet<String>> = rows.iter().map(|row| get(row, 0)).collect();
    Ok((client, known?))
}

/// What a statement ends with that was given up.
pub(super) fn given_up(limit: Duration) -> Error {
    let message = format!(
        "another connection does not see that the target works on this, and its answer has not come for {} s; the connection \
         is given up",
        limit.as_secs_f64()
    );
    Error::new(ErrorKind::TargetUnavailable, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_statement_is_lost_if_the_server_has_not_known_it_for_long() {
        let set = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<BTreeSet<_>>();
        let (waiting, limit) = (set(&["a", "b"]), Duration::from_secs(600));
        let earlier = |since: &mut Instant| *since = since.checked_sub(limit).unwrap();
        let mut looks = LostAnswers::default();
        assert!(looks.lost(&waiting, Some(&set(&["a"])), limit).is_empty());
        looks.gone.values_mut().for_each(earlier);
        assert_eq!(looks.lost(&waiting, Some(&set(&["a"])), limit), ["b"]);
        assert!(looks.lost(&waiting, Some(&waiting), limit).is_empty());
        assert!(looks.lost(&waiting, Some(&set(&["a"])), limit).is_empty(), "it counts anew");
        assert!(looks.lost(&waiting, None, limit).is_empty());
        looks.silent.iter_mut().for_each(earlier);
        assert_eq!(looks.lost(&waiting, None, limit), ["a", "b"]);
        assert!(looks.lost(&waiting, Some(&waiting), limit).is_empty() && looks.silent.is_none());
    }
}
