//! Does a connection keep its session? Behind a pooler in transaction mode it does not: each transaction may run in
//! another server process, which has other advisory locks, and two connections may share one.

use super::client::Client;
use crate::error::Result;
use crate::settings::target::TargetSettings;

/// Looks in turn from two connections. One pooled process is enough to be seen twice, and a pool that hands out its
/// processes in turn shows two to one connection; the rest is for pools that others use at the same time.
const ROUNDS: usize = 4;

/// Asks from `client` and from a second connection which server processes are behind them.
///
/// # Errors
/// `TargetUnavailable` without a connection; `TargetLogin`, `TargetMissing` or `Config` if the target refuses it.
pub async fn keeps_sessions(client: &Client, settings: &TargetSettings) -> Result<bool> {
    let other = Client::connect(settings, "shardferry").await?;
    let mut seen = Vec::with_capacity(ROUNDS);
    for _ in 0..ROUNDS {
        // Twice and once: a pool of two that hands out its processes in turn would else look like two sessions.
        let (own, theirs) = (client.backend().await?, other.backend().await?);
        let again = client.backend().await?;
        seen.extend([(own, theirs), (again, theirs)]);
    }
    other.close().await;
    Ok(are_own(&seen))
}

/// Each connection has always one process, and not the other's.
fn are_own(seen: &[(i32, i32)]) -> bool {
    let first = seen.first();
    seen.iter().all(|pair| Some(pair) == first && pair.0 != pair.1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shared_or_a_changing_process_tells_of_a_pooler() {
        assert!(are_own(&[(1, 2), (1, 2)]));
        assert!(!are_own(&[(1, 1), (1, 1)]));
        assert!(!are_own(&[(1, 2), (2, 1)]));
        assert!(!are_own(&[(1, 2), (1, 3)]));
    }
}
