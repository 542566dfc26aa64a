//! The yardstick: tiberius' rows to COPY BINARY, one connection pair a job, reading and writing overlapped, as other
//! tools in Rust do it. Nothing of shardferry is used.

use crate::postgres::{HEADER, TRAILER, Target};
use crate::tds::Source;
use crate::{Failure, copy_field};
use bytes::Bytes;
use futures_util::{SinkExt, TryStreamExt as _};
use std::collections::VecDeque;
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use tiberius::{AuthMethod, Client, Config, EncryptionLevel, QueryItem};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio_postgres::NoTls;
use tokio_util::compat::TokioAsyncWriteCompatExt as _;

const BATCH: usize = 256 * 1024;

/// What a job takes from, and how it writes it.
#[derive(Debug, Clone)]
pub struct Work {
    pub source: Source,
    pub target: Target,
    /// Quoted.
    pub table: String,
    /// Before every transaction.
    pub session: String,
    pub selects: Arc<Mutex<VecDeque<String>>>,
    /// One chunk: truncated and frozen in its transaction.
    pub freeze: bool,
}

/// Copies what the SELECTs give; rows written.
///
/// # Errors
/// The first of any job.
pub async fn copy(work: Work, jobs: usize) -> Result<u64, Failure> {
    let jobs: Vec<_> = (0..jobs).map(|_| tokio::spawn(job(work.clone()))).collect();
    let mut rows = 0;
    for job in jobs {
        rows += job.await??;
    }
    Ok(rows)
}

async fn job(work: Work) -> Result<u64, Failure> {
    let mut config = Config::new();
    config.host(&work.source.host);
    config.port(work.source.port);
    config.database(&work.source.database);
    config.authentication(AuthMethod::sql_server(&work.source.user, &work.source.password));
    config.encryption(EncryptionLevel::NotSupported);
    config.packet_size(32767);
    let socket = TcpStream::connect((work.source.host.as_str(), work.source.port)).await?;
    socket.set_nodelay(true)?;
    let mut source = Client::connect(config, socket.compat_write()).await?;
    let mut target = tokio_postgres::Config::new();
    let Target { host, port, user, password, database } = &work.target;
    target.host(host).port(*port).user(user).password(password).dbname(database);
    let (target, connection) = target.connect(NoTls).await?;
    let connection = tokio::spawn(connection);
    let mut rows = 0;
    loop {
        let next = work.selects.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
        let Some(select) = next else { break };
        rows += chunk(&mut source, &target, &work, &select).await?;
    }
    drop(target);
    connection.await??;
    Ok(rows)
}

async fn chunk(
    source: &mut Client<tokio_util::compat::Compat<TcpStream>>,
    target: &tokio_postgres::Client,
    work: &Work,
    select: &str,
) -> Result<u64, Failure> {
    let (truncate, freeze) = if work.freeze {
        (format!("TRUNCATE {};", work.table), ", FREEZE true")
    } else {
        (String::new(), "")
    };
    target.batch_execute(&format!("BEGIN; {}; {truncate}", work.session)).await?;
    let copy = format!("COPY {} FROM STDIN (FORMAT binary{freeze})", work.table);
    let sink = target.copy_in::<_, Bytes>(&copy).await?;
    let (batches, mut arrived) = mpsc::channel::<Bytes>(2);
    let read = async move {
        let mut out = Vec::with_capacity(BATCH + 4096);
        out.extend(HEADER);
        let mut stream = source.simple_query(select).await?;
        while let Some(item) = stream.try_next().await? {
            let QueryItem::Row(row) = item else { continue };
            out.extend(i16::try_from(row.len())?.to_be_bytes());
            for data in row {
                copy_field::append(&mut out, &data)?;
            }
            if out.len() >= BATCH {
                let full = std::mem::replace(&mut out, Vec::with_capacity(BATCH + 4096));
                batches.send(Bytes::from(full)).await?;
            }
        }
        out.extend(TRAILER);
        batches.send(Bytes::from(out)).await?;
        Ok::<_, Failure>(())
    };
    let write = async move {
        let mut sink = pin!(sink);
        while let Some(batch) = arrived.recv().await {
            sink.feed(batch).await?;
        }
        Ok::<_, Failure>(sink.finish().await?)
    };
    let ((), rows) = tokio::try_join!(read, write)?;
    target.batch_execute("COMMIT").await?;
    Ok(rows)
}
