//! Transactions of a connection: which one a request names, and transaction manager requests.

use super::read::Reader;
use super::session::Requests;
use super::tokens::{self, Done};
use crate::results::SqlError;

impl Requests {
    /// What a request gets that names another transaction than the one that is open (0: none).
    pub(super) fn check_transaction(&self, named: u64) -> Option<SqlError> {
        match (self.transaction, named) {
            (open, named) if open == named => None,
            (0, named) => Some(tokens::error(
                3971,
                16,
                format!("The server failed to resume the transaction. Desc:{named:x}."),
            )),
            _ => Some(tokens::error(
                3989,
                16,
                "New request is not allowed to start because it should come with valid transaction descriptor.",
            )),
        }
    }

    /// Transaction requests (MS-TDS 2.2.6.9) as the batches that mean the same.
    pub(super) fn transaction(&mut self, body: &[u8]) -> std::io::Result<Result<(), SqlError>> {
        const BEGIN: u16 = 5;
        const COMMIT: u16 = 7;
        const ROLLBACK: u16 = 8;
        const SAVE: u16 = 9;
        let mut reader = Reader::new(body);
        reader.all_headers()?;
        let request = reader.u16()?;
        let mut sql = String::new();
        match request {
            BEGIN => begin(&mut reader, &mut sql)?,
            COMMIT | ROLLBACK => {
                let name = reader.b_varchar()?;
                sql = format!("{} TRANSACTION", if request == COMMIT { "COMMIT" } else { "ROLLBACK" });
                if !name.is_empty() {
                    sql = format!("{sql} [{}]", name.replace(']', "]]"));
                }
                if reader.u8()? & 1 != 0 {
                    sql.push_str("; ");
                    begin(&mut reader, &mut sql)?;
                }
            }
            SAVE => sql = format!("SAVE TRANSACTION [{}]", reader.b_varchar()?.replace(']', "]]")),
            other => {
                self.fail(&tokens::error(
                    50999,
                    16,
                    format!("mssim: transaction request {other} is not supported"),
                ));
                return Ok(Ok(()));
            }
        }
        Ok(self.execute(Done::Batch, &sql, &[]).map(|_| ()))
    }
}

fn begin(reader: &mut Reader<'_>, sql: &mut String) -> std::io::Result<()> {
    let isolation = match reader.u8()? {
        1 => "READ UNCOMMITTED",
        2 => "READ COMMITTED",
        3 => "REPEATABLE READ",
        4 => "SERIALIZABLE",
        5 => "SNAPSHOT",
        _ => "",
    };
    let _name = reader.b_varchar()?;
    if !isolation.is_empty() {
        sql.push_str("SET TRANSACTION ISOLATION LEVEL ");
        sql.push_str(isolation);
        sql.push_str("; ");
    }
    sql.push_str("BEGIN TRANSACTION");
    Ok(())
}
