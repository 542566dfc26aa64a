//! A target table belongs to one run: taking it, and what is said when another run has it.

use crate::copy::owner::claims::Claims;
use crate::error::{Error, ErrorKind, Result};
use crate::model::counts::counted;
use crate::model::names::TableName;
use crate::model::plan::PlannedTable;
use crate::postgres::client::Client as TargetClient;
use crate::postgres::ledger;
use crate::postgres::ledger::{Holder, RowCount};
use crate::settings::OnExisting;

/// Runs that begin one table again and again, before it is left to them.
const TRIES: usize = 4;

/// Makes this run the holder of the target table.
///
/// # Errors
/// `Fenced` if another run holds the table and lives; `TargetHasRows` if its rows would go, and nobody has said that
/// they may; `TargetUnavailable`, `TargetPermission`, `TargetRefused`.
pub(super) async fn hold(claims: &Claims, client: &mut TargetClient, table: &PlannedTable) -> Result<()> {
    let mut from: Option<Holder> = None;
    for _ in 0..TRIES {
        let run = from.as_ref().map(|holder| holder.run.as_str());
        let Some(other) = ledger::hold_table(client, &claims.run, table, &claims.pod, run).await? else {
            return Ok(());
        };
        refuse_living(client, std::slice::from_ref(&table.target), &other).await?;
        let may_go = claims.may_empty && claims.on_existing == OnExisting::Replace;
        if !may_go && other.writer() != Some(&claims.run) {
            refuse_rows(client, &table.target, &other, claims.may_empty).await?;
        }
        from = Some(other);
    }
    let message = format!("other runs begin the target table {} all the time", table.target);
    Err(Error::new(ErrorKind::Fenced, message))
}

/// # Errors
/// `TargetHasRows` if there are rows in the table, or `TargetData` if nothing may be emptied.
async fn refuse_rows(
    client: &mut TargetClient,
    target: &TableName,
    holder: &Holder,
    may_empty: bool,
) -> Result<()> {
    let transaction = client.transaction().await?;
    let rows = ledger::count_rows(&transaction, target).await?;
    transaction.rollback().await?;
    if rows.is_none() {
        return Ok(());
    }
    let told = foreign_rows(target, rows, holder.writer());
    if may_empty {
        return Err(Error::new(ErrorKind::TargetHasRows, told));
    }
    let message = format!("{told}; --no-truncate forbids to empty the target table");
    Err(Error::new(ErrorKind::TargetData, message))
}

/// A run that lives keeps its tables. `tables`: those of the holder's that another run would take.
///
/// # Errors
/// `Fenced` if the holder's run lives; `TargetUnavailable`, `TargetPermission`, `TargetRefused`.
pub async fn refuse_living(client: &TargetClient, tables: &[TableName], holder: &Holder) -> Result<()> {
    let Some(pod) = ledger::living_pod(client, &holder.run).await? else { return Ok(()) };
    let (first, others) = match tables {
        [first, others @ ..] => (first.to_string(), others.len()),
        [] => return Ok(()),
    };
    let more = if others > 0 { format!(" and {}", counted(others as u64, "other")) } else { String::new() };
    let message = format!("run {} holds the target table {first}{more}, and it runs now ({pod})", holder.run);
    Err(Error::new(ErrorKind::Fenced, message))
}

/// `sales.orders: 1,002 rows of run night1`
#[must_use]
pub fn foreign_rows(target: &TableName, rows: RowCount, writer: Option<&str>) -> String {
    match writer {
        Some(writer) => format!("{target}: {rows} of run {writer}"),
        None => format!("{target}: {rows} of no run that the ledger knows"),
    }
}

/// Another run has begun the table since this one did.
#[must_use]
pub fn begun_since(holder: &Holder, target: &TableName) -> String {
    format!("run {} has begun the target table {target} since this run copied it", holder.run)
}

/// What to say of a table whose rows are not this run's any more: who has begun it since. `Fenced` if that run lives,
/// else `Replaced`.
pub async fn replaced(client: &TargetClient, run: &str, target: &TableName) -> Error {
    match found(client, run, target).await {
        Ok(error) => error,
        Err(_) => ledger::replaced(target),
    }
}

async fn found(client: &TargetClient, run: &str, target: &TableName) -> Result<Error> {
    let held = ledger::holders(client, std::slice::from_ref(target)).await?;
    let holder = held.get(target).and_then(Option::as_ref).filter(|holder| holder.run != run);
    let Some(holder) = holder else {
        let message = format!("the target table {target} was dropped or made anew since this run copied it");
        return Ok(Error::new(ErrorKind::Replaced, message));
    };
    let since = begun_since(holder, target);
    Ok(match ledger::living_pod(client, &holder.run).await? {
        Some(pod) => Error::new(ErrorKind::Fenced, format!("{since}, and it runs now ({pod})")),
        None => Error::new(ErrorKind::Replaced, since),
    })
}
