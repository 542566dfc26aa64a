//! Beginning a table, or going on with it: which chunks are to be copied.
//!
//! The bounds of the chunks are pinned in the ledger once, in the transaction that truncates the table, so that every
//! later owner finds the same chunks, whatever the statistics of the source say by then. A table that fits into one
//! chunk has nothing to pin: its only chunk truncates, copies and writes its marker in one transaction.

use crate::copy::chunk::transaction;
use crate::copy::chunk::transaction::Emptying;
use crate::copy::chunk::transaction::clear;
use crate::copy::owner::connections::Connections;
use crate::copy::pod::Pod;
use crate::copy::table::books::{Begins, BegunTable, Chunk};
use crate::copy::table::logged;
use crate::error::{Error, ErrorKind, Result};
use crate::failpoint;
use crate::model::bound::{Bound, KeyRange};
use crate::model::counts::{counted, verb};
use crate::model::phase::PhaseProgress;
use crate::model::plan::PlannedTable;
use crate::plan::shards;
use crate::postgres::ledger;
use crate::postgres::ledger::Writes;
use crate::settings::Truncate;
use crate::sqlserver::chunks::boundaries;

/// Begins the table that this pod owns by `epoch`, or finds out where to go on.
///
/// # Errors
/// The last error; nothing is truncated then, or the beginning is pinned and the next attempt goes on from it.
pub(in crate::copy) async fn begin(
    pod: &Pod,
    connections: &mut Connections,
    table: &PlannedTable,
    epoch: u64,
) -> Result<BegunTable> {
    let what = format!("beginning {}", table.source);
    let mut retrying = pod.patience().retrying(&what);
    let mut again = true;
    loop {
        match attempt(pod, connections, table, epoch).await {
            Ok(begun) => return Ok(begun),
            Err(error) => {
                connections.close();
                // The chunks in the way may be our own: of an attempt whose COMMIT was under way when its connection
                // broke.
                if error.kind() == ErrorKind::Fenced && std::mem::take(&mut again) {
                    continue;
                }
                retrying.pause(error).await?;
            }
        }
    }
}

async fn attempt(
    pod: &Pod,
    connections: &mut Connections,
    table: &PlannedTable,
    epoch: u64,
) -> Result<BegunTable> {
    let rules = &pod.copier.rules;
    let known = ledger::chunks(connections.target().await?, &rules.run, table.index).await?;
    // What is left of a table that is to have one moment is of another moment than what is there.
    let whole = rules.consistency.is_whole_tables();
    let goes_on = rules.truncate != Truncate::Always && !(whole && known.len() > 1);
    let kept = goes_on || ledger::all_committed(&known);
    if kept {
        without_gap(table, &known)?;
    }
    let stand = match !known.is_empty() && kept {
        true => logged::stand(&rules.run, connections.target().await?, table, &known, &pod.notices).await?,
        false => None,
    };
    if let Some(unlogged) = stand {
        let mut begun = BegunTable { unlogged, ..resumed(known) };
        if rules.rejects.is_some() {
            let losses = ledger::losses(connections.target().await?, &rules.run, Some(table.index)).await?;
            begun.rejected = losses.get(&table.index).map_or(0, |records| ledger::rejected(records));
        }
        return Ok(begun);
    }
    let forget = !known.is_empty();
    if rules.truncate != Truncate::Never && !pod.objects.left_alone(&table.target) {
        let standing = pod.objects.standing().await?;
        let target = connections.target().await?;
        standing.clear_the_way(target, &rules.run, table).await?;
        let indexes = standing.standing_indexes(target, &table.target).await?;
        if indexes > 0 {
            tracing::info!(table = %table.source, indexes, "indexes of an earlier load stand on this table: copying is slower");
        }
    }
    let bounds = match &table.chunk_key {
        Some(key) if !whole && shards::is_chunked(table, rules.chunk_size) => {
            boundaries(connections.source().await?, table, key, rules.chunk_size).await?
        }
        _ => Vec::new(),
    };
    failpoint!("begin.after_bounds");
    if bounds.is_empty() {
        let only = Chunk { number: 0, range: KeyRange::default(), begins: Begins::Table { forget } };
        return Ok(BegunTable {
            waiting: vec![only],
            next: 1,
            done: PhaseProgress { of: 1, ..PhaseProgress::default() },
            rejected: 0,
            unlogged: false,
        });
    }
    let (transaction, found) =
        transaction::open(&rules.run, connections.target().await?, table, epoch).await?;
    let emptying = Emptying::choose(rules, table, &found, false, forget);
    let emptied = clear(&rules.run, &transaction, table, &found, emptying).await?;
    failpoint!("begin.after_truncate");
    let ranges = ranges(bounds);
    for (range, number) in ranges.iter().zip(0_u32..) {
        ledger::pin(&transaction, &rules.run, table.index, number, range).await?;
    }
    failpoint!("begin.after_pins");
    ledger::check_epoch(&transaction, &rules.run, table, epoch, Writes::Begins).await?;
    failpoint!("begin.before_commit");
    transaction.commit().await?;
    failpoint!("begin.after_commit");
    emptied.say(table);
    tracing::debug!(table = %table.source, chunks = ranges.len(), "chunks are pinned");
    let waiting: Vec<Chunk> = ranges
        .into_iter()
        .zip(0_u32..)
        .map(|(range, number)| Chunk { number, range, begins: Begins::Nothing })
        .collect();
    let count = u32::try_from(waiting.len()).unwrap_or(u32::MAX);
    let done = PhaseProgress { of: count, ..PhaseProgress::default() };
    Ok(BegunTable { waiting, next: count, done, rejected: 0, unlogged: found.unlogged })
}

/// A chunk that is gone from the ledger would never be copied, and the table would be called completed without it.
///
/// # Errors
/// `TableDamaged`.
fn without_gap(table: &PlannedTable, known: &[ledger::Chunk]) -> Result<()> {
    if known.is_empty() || ledger::is_chain(known) {
        return Ok(());
    }
    let message = format!(
        "the rows of this table in shardferry.chunk of the target are damaged: {} {} there and {} a gap; \
         --truncate copies the table anew as well",
        counted(known.len() as u64, "chunk"),
        verb(known.len() as u64, "is", "are"),
        verb(known.len() as u64, "leaves", "leave")
    );
    Err(Error::new(ErrorKind::TableDamaged, message).table(&table.source))
}

/// What the ledger says is left.
fn resumed(known: Vec<ledger::Chunk>) -> BegunTable {
    let mut begun = BegunTable {
        waiting: Vec::new(),
        next: 0,
        done: PhaseProgress::default(),
        rejected: 0,
        unlogged: false,
    };
    for chunk in known {
        begun.next = begun.next.max(chunk.number + 1);
        begun.done.of += 1;
        match chunk.marker {
            Some(marker) => {
                begun.done.chunks += 1;
                begun.done.rows += marker.rows;
                begun.done.bytes += marker.bytes;
            }
            None => begun.waiting.push(Chunk {
                number: chunk.number,
                range: chunk.range,
                begins: Begins::Nothing,
            }),
        }
    }
    begun
}

/// What lies between the bounds, and on both sides of them.
fn ranges(bounds: Vec<Bound>) -> Vec<KeyRange> {
    let mut after = None;
    let mut ranges = Vec::with_capacity(bounds.len() + 1);
    for bound in bounds {
        ranges.push(KeyRange { after: after.replace(bound.clone()), through: Some(bound) });
    }
    ranges.push(KeyRange { after, through: None });
    ranges
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::bound::Literal;
    use crate::postgres::ledger::Marker;

    fn bound(number: &str) -> Bound {
        Bound(vec![Literal::parse(number).unwrap()])
    }

    fn range(after: Option<&str>, through: Option<&str>) -> KeyRange {
        KeyRange { after: after.map(bound), through: through.map(bound) }
    }

    #[test]
    fn bounds_leave_nothing_out() {
        assert_eq!(ranges(Vec::new()), [range(None, None)]);
        assert_eq!(
            ranges(vec![bound("3"), bound("7")]),
            [range(None, Some("3")), range(Some("3"), Some("7")), range(Some("7"), None)]
        );
    }

    #[test]
    fn a_chunk_that_is_gone_leaves_a_gap() {
        let chunk =
            |number, after, through| ledger::Chunk { number, range: range(after, through), marker: None };
        let all = vec![
            chunk(0, None, Some("3")),
            chunk(1, Some("7"), None),
            chunk(4, Some("3"), Some("5")),
            chunk(5, Some("5"), Some("7")),
        ];
        assert!(ledger::is_chain(&all));
        assert!(ledger::is_chain(&[chunk(0, None, None)]));
        // Every way to lose some of them, and not all.
        for left in 1..(1_u32 << all.len()) - 1 {
            let some: Vec<_> = all
                .iter()
                .zip(0..)
                .filter(|(_, place)| left >> place & 1 == 1)
                .map(|(one, _)| one.clone())
                .collect();
            assert!(!ledger::is_chain(&some), "{some:?}");
        }
    }

    #[test]
    fn a_resume_takes_what_has_no_marker() {
        let marker =
            Marker { run: "r".to_owned(), table: 1, chunk: 0, epoch: 1, rows: 7, bytes: 70, checksum: 1 };
        let known = vec![
            ledger::Chunk { number: 0, range: range(None, Some("3")), marker: Some(marker) },
            ledger::Chunk { number: 1, range: range(Some("7"), None), marker: None },
            ledger::Chunk { number: 4, range: range(Some("3"), Some("7")), marker: None },
        ];
        let begun = resumed(known);
        assert_eq!(begun.done, PhaseProgress { rows: 7, bytes: 70, chunks: 1, of: 3 });
        assert_eq!(begun.next, 5);
        let left: Vec<_> = begun.waiting.iter().map(|chunk| (chunk.number, chunk.range.clone())).collect();
        assert_eq!(left, [(1, range(Some("7"), None)), (4, range(Some("3"), Some("7")))]);
    }
}
