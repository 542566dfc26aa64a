//! Queries of the catalog that a server may refuse: what cannot be read is written down, and ends nothing.

use super::row::Record;
use super::versions::Product;
use crate::error::{ErrorKind, Result};
use crate::model::objects::UnreadObjects;
use crate::sqlserver::client::Client;
use crate::sqlserver::connection_errors::tiberius_error;
use crate::sqlserver::errors::kind_of;

/// The rows of a query, or why there are none: an object or a column that the server does not have (207, 208), a permission,
/// a statement that it does not take.
///
/// # Errors
/// Transient ones.
pub(super) async fn allowed(client: &mut Client, sql: &str) -> Result<Result<Vec<tiberius::Row>, String>> {
    let token = match client.try_rows(sql).await? {
        Ok(rows) => return Ok(Ok(rows)),
        Err(token) => token,
    };
    let number = i32::try_from(token.code()).unwrap_or(i32::MAX);
    match kind_of(number) {
        ErrorKind::SourceUnavailable => Err(tiberius_error(tiberius::error::Error::Server(token))),
        _ => Ok(Err(format!("error {number}: {}", token.message().trim_end()))),
    }
}

/// Runs the queries, and notes what could not be read.
pub(super) struct Reader<'c> {
    pub(super) client: &'c mut Client,
    pub(super) product: Product,
    pub(super) unread: Vec<UnreadObjects>,
}

impl<'c> Reader<'c> {
    pub(super) async fn new(client: &'c mut Client) -> Result<Self> {
        let product = Product::read(client).await?;
        Ok(Self { client, product, unread: Vec::new() })
    }

    /// The rows of the query of `what`, which the server has since version `since`: an older one is not asked. None if it
    /// refuses.
    pub(super) async fn rows(&mut self, what: &str, since: u32, sql: &str) -> Result<Vec<tiberius::Row>> {
        if !self.product.has(since) {
            return Ok(Vec::new());
        }
        match allowed(self.client, sql).await? {
            Ok(rows) => Ok(rows),
            Err(why) => {
                self.note(what, &why);
                Ok(Vec::new())
            }
        }
    }

    /// The same of the first query that is answered with rows: what is not to be had by one view may be by another.
    pub(super) async fn first_rows(&mut self, what: &str, queries: &[&str]) -> Result<Vec<tiberius::Row>> {
        let mut refused = None;
        for sql in queries {
            match allowed(self.client, sql).await? {
                Ok(rows) if !rows.is_empty() => return Ok(rows),
                Ok(_) => {}
                Err(why) => refused = Some(why),
            }
        }
        if let Some(why) = refused {
            self.note(what, &why);
        }
        Ok(Vec::new())
    }

    /// Hands each row to `take`; a row that cannot be understood costs itself, and is noted once with how many there are.
    pub(super) fn each(
        &mut self,
        what: &str,
        rows: &[tiberius::Row],
        mut take: impl FnMut(&Record<'_>) -> Result<()>,
    ) {
        let refused: Vec<String> =
            rows.iter().filter_map(|row| take(&Record(row)).err()).map(|error| error.detail()).collect();
        if let Some(first) = refused.first() {
            self.note(what, &format!("{first} ({} of {} rows)", refused.len(), rows.len()));
        }
    }

    pub(super) fn note(&mut self, what: &str, why: &str) {
        tracing::debug!(why, "the source does not show its {what}");
        let unread = UnreadObjects { what: what.to_owned(), why: why.to_owned() };
        if !self.unread.contains(&unread) {
            self.unread.push(unread);
        }
    }
}
