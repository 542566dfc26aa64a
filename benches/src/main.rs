//! What `benches/run.py` measures beside shardferry itself. Each command prints one line of JSON.
#![forbid(unsafe_code)]

use clap::{Args, Parser, Subcommand};
use serde_json::json;
use shardferry_bench::postgres::{self, Target};
use shardferry_bench::tds::{self, Source};
use shardferry_bench::tiberius_rows::{self, Work};
use shardferry_bench::{Failure, hot_path, shapes};
use std::collections::VecDeque;
use std::io::{BufWriter, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::{Arc, Barrier, Mutex, PoisonError};
use std::time::Instant;

/// Raw limits and yardsticks of the benchmarks.
#[derive(Parser)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Reads what the SELECTs give and throws it away
    Read(Read),
    /// Keeps a table of the target as COPY BINARY bytes
    Make(Make),
    /// Writes such bytes into their tables
    Write(Write),
    /// Copies by tiberius' rows
    TiberiusRows(Rows),
    /// Decodes and encodes made-up rows, without a server
    Transcode(Transcode),
}

#[derive(Args)]
struct SourceArgs {
    #[arg(long)]
    source_host: String,
    #[arg(long)]
    source_port: u16,
    #[arg(long)]
    source_user: String,
    #[arg(long)]
    source_password: String,
    #[arg(long)]
    source_database: String,
    /// The SELECTs, each with a NUL behind it
    #[arg(long, value_name = "FILE")]
    selects: PathBuf,
}

#[derive(Args)]
struct TargetArgs {
    #[arg(long)]
    target_url: String,
    /// Quoted
    #[arg(long)]
    table: String,
}

#[derive(Args)]
struct Read {
    #[command(flatten)]
    source: SourceArgs,
    #[arg(long)]
    connections: usize,
    /// Encrypted, by this authority
    #[arg(long, value_name = "PEM")]
    authority: Option<PathBuf>,
}

#[derive(Args)]
struct Make {
    #[command(flatten)]
    target: TargetArgs,
    #[arg(long)]
    file: PathBuf,
}

#[derive(Args)]
struct Write {
    #[arg(long)]
    target_url: String,
    /// JSON: of each table its quoted name, its file, and the number of its chunks; one alone truncates and freezes
    #[arg(long, value_name = "FILE")]
    work: PathBuf,
    #[arg(long)]
    connections: usize,
    /// Statement at the start of every transaction
    #[arg(long, default_value = "")]
    session: String,
}

#[derive(Args)]
struct Rows {
    #[command(flatten)]
    source: SourceArgs,
    #[command(flatten)]
    target: TargetArgs,
    #[arg(long)]
    jobs: usize,
    #[arg(long, default_value = "")]
    session: String,
}

#[derive(Args)]
struct Transcode {
    #[arg(long)]
    shape: String,
    #[arg(long, default_value_t = 10_000)]
    rows: u64,
    #[arg(long, default_value_t = 1)]
    times: u64,
}

fn main() -> ExitCode {
    let outcome = match Cli::parse().command {
        Command::Read(args) => read(&args),
        Command::Make(args) => make(&args),
        Command::Write(args) => write(&args),
        Command::TiberiusRows(args) => rows(&args),
        Command::Transcode(args) => transcode(&args),
    };
    match outcome.and_then(|line| Ok(writeln!(std::io::stdout(), "{line}")?)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            let _ = writeln!(std::io::stderr(), "shardferry-limits: {failure}");
            ExitCode::FAILURE
        }
    }
}

impl SourceArgs {
    fn source(&self) -> Source {
        Source {
            host: self.source_host.clone(),
            port: self.source_port,
            user: self.source_user.clone(),
            password: self.source_password.clone(),
            database: self.source_database.clone(),
        }
    }

    fn selects(&self) -> Result<VecDeque<String>, Failure> {
        let text = std::fs::read_to_string(&self.selects)?;
        Ok(text.split_terminator('\0').map(str::to_owned).collect())
    }
}

/// Works a queue off over so many connections, each made before the clock starts. Seconds, and what each item gave.
fn at_once<C: Send, W: Send, T: Send>(
    mut connections: Vec<C>,
    queue: VecDeque<W>,
    work: impl Fn(&mut C, W) -> Result<T, Failure> + Sync,
) -> Result<(f64, Vec<T>), Failure> {
    let queue = Mutex::new(queue);
    let barrier = Barrier::new(connections.len() + 1);
    std::thread::scope(|scope| {
        let threads: Vec<_> = connections
            .iter_mut()
            .map(|connection| {
                scope.spawn(|| {
                    barrier.wait();
                    let mut done = Vec::new();
                    loop {
                        let next = queue.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
                        let Some(item) = next else { return Ok::<_, Failure>(done) };
                        done.push(work(connection, item)?);
                    }
                })
            })
            .collect();
        barrier.wait();
        let began = Instant::now();
        let mut all = Vec::new();
        for thread in threads {
            all.extend(thread.join().map_err(|_| "a thread panicked")??);
        }
        Ok((began.elapsed().as_secs_f64(), all))
    })
}

fn read(args: &Read) -> Result<serde_json::Value, Failure> {
    let source = args.source.source();
    let connect = |_| tds::Raw::connect(&source, args.authority.as_deref());
    let connections = (0..args.connections).map(connect).collect::<Result<Vec<_>, _>>()?;
    let selects = args.source.selects()?;
    let (wall, passed) = at_once(connections, selects, |raw, sql| raw.read(&sql))?;
    let rows: u64 = passed.iter().map(|one| one.rows).sum();
    let bytes: u64 = passed.iter().map(|one| one.bytes).sum();
    Ok(json!({ "wall_s": wall, "rows": rows, "bytes": bytes }))
}

fn make(args: &Make) -> Result<serde_json::Value, Failure> {
    let mut raw = postgres::Raw::connect(&Target::parse(&args.target.target_url)?)?;
    let mut file = BufWriter::new(std::fs::File::create(&args.file)?);
    let copy = format!("COPY {} TO STDOUT (FORMAT binary)", args.target.table);
    let bytes = raw.copy_out(&copy, &mut file)?;
    file.flush()?;
    Ok(json!({ "bytes": bytes }))
}

/// One transaction of the raw writer.
struct Transaction {
    begin: String,
    copy: String,
    framed: Vec<u8>,
}

fn write(args: &Write) -> Result<serde_json::Value, Failure> {
    let target = Target::parse(&args.target_url)?;
    let connect = |_| postgres::Raw::connect(&target);
    let connections = (0..args.connections).map(connect).collect::<Result<Vec<_>, _>>()?;
    let (mut truncates, mut queue) = (Vec::new(), VecDeque::new());
    let work: Vec<serde_json::Value> = serde_json::from_slice(&std::fs::read(&args.work)?)?;
    for entry in &work {
        let text = |key: &str| entry[key].as_str().ok_or("the work is not understood");
        let table = text("table")?;
        let chunks = usize::try_from(entry["chunks"].as_u64().unwrap_or(1))?;
        let (truncate, freeze) =
            if chunks == 1 { (format!("TRUNCATE {table};"), ", FREEZE true") } else { (String::new(), "") };
        if chunks > 1 {
            truncates.push(format!("BEGIN; {}; TRUNCATE {table}; COMMIT", args.session));
        }
        let tuples = std::fs::read(text("file")?)?;
        let parts = if tuples.is_empty() { vec![&[][..]] } else { postgres::parts(&tuples, chunks)? };
        for part in parts {
            queue.push_back(Transaction {
                begin: format!("BEGIN; {}; {truncate}", args.session),
                copy: format!("COPY {table} FROM STDIN (FORMAT binary{freeze})"),
                framed: postgres::copy_data(part)?,
            });
        }
    }
    let bytes: usize = queue.iter().map(|one| one.framed.len()).sum();
    let mut first = postgres::Raw::connect(&target)?;
    let truncating = Instant::now();
    for truncate in truncates {
        first.execute(&truncate)?;
    }
    let truncated = truncating.elapsed().as_secs_f64();
    let (wall, rows) = at_once(connections, queue, |raw, one| {
        raw.execute(&one.begin)?;
        let rows = raw.copy_in(&one.copy, &one.framed)?;
        raw.execute("COMMIT")?;
        Ok(rows)
    })?;
    Ok(json!({ "wall_s": truncated + wall, "rows": rows.iter().sum::<u64>(), "bytes": bytes }))
}

fn rows(args: &Rows) -> Result<serde_json::Value, Failure> {
    let selects = args.source.selects()?;
    let work = Work {
        source: args.source.source(),
        target: Target::parse(&args.target.target_url)?,
        table: args.target.table.clone(),
        session: args.session.clone(),
        freeze: selects.len() == 1,
        selects: Arc::new(Mutex::new(selects)),
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let began = Instant::now();
    let rows = runtime.block_on(tiberius_rows::copy(work, args.jobs))?;
    Ok(json!({ "wall_s": began.elapsed().as_secs_f64(), "rows": rows }))
}

fn transcode(args: &Transcode) -> Result<serde_json::Value, Failure> {
    let shape = shapes::shape(&args.shape, args.rows).ok_or("no such shape")?;
    let began = Instant::now();
    let mut bytes = 0;
    for _ in 0..args.times {
        bytes += hot_path::transcode(&shape)?;
    }
    let rows = shape.rows * args.times;
    Ok(json!({ "wall_s": began.elapsed().as_secs_f64(), "rows": rows, "bytes": bytes }))
}
