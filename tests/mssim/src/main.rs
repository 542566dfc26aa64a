//! The command line of mssim: `mssim serve …`.

use std::io::{self, Write};
use std::net::IpAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use clap::{Parser, Subcommand, ValueEnum};
use mssim::results::Backend;
use mssim::{Options, Server, TlsMode};

mod backend;

/// A test SQL Server: real TDS on the wire, T-SQL over SQLite below.
#[derive(Parser)]
#[command(version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Serves until SIGTERM or Ctrl-C.
    Serve(Serve),
}

#[derive(clap::Args)]
struct Serve {
    /// Address to listen on.
    #[arg(long, default_value = "127.0.0.1")]
    host: IpAddr,
    /// Port; 0 takes a free one.
    #[arg(long, default_value_t = 1433)]
    port: u16,
    /// Encryption.
    #[arg(long, value_enum, default_value_t = Tls::Off)]
    tls: Tls,
    /// T-SQL script to run first; may be given several times.
    #[arg(long, value_name = "FILE")]
    load: Vec<PathBuf>,
    /// Data to make up: a company by tables=300,rows=2000000,seed=1; the benchmarks' tables by reference=2000000,
    /// narrow=, wide=, text=, lob=, nulls=, datetimes= and plain=300x100.
    #[arg(long, value_name = "KEY=VALUE,…")]
    generate: Option<String>,
    /// Keep encoded results in memory and replay them (benchmarks).
    #[arg(long)]
    replay: bool,
    /// Write the text of every batch here, each with a NUL behind it.
    #[arg(long, value_name = "FILE")]
    batch_log: Option<PathBuf>,
    /// Largest packet that clients get.
    #[arg(long, default_value_t = 32767)]
    max_packet: u16,
    #[arg(long, default_value = "sa")]
    user: String,
    #[arg(long, default_value = "Passw0rd!")]
    password: String,
    /// The login's default database; made if it is not there.
    #[arg(long, default_value = "testdb")]
    database: String,
    /// A catalog that is not what it should be: `hostile`, or KIND:VIEW, as in missing:sys.types, denied:sys.columns, empty:sys.schemas,
    /// nulls:*, no-system-schemas:*, renumbered:*, lower-case:*, twice:*; may be given several times.
    #[arg(long, value_name = "KIND:VIEW")]
    catalog: Vec<String>,
    /// Where to write the certificate that clients must trust (PEM).
    #[arg(long, value_name = "FILE")]
    certificate_out: Option<PathBuf>,
    /// Written with the port when the server is ready.
    #[arg(long, value_name = "FILE")]
    ready_file: Option<PathBuf>,
}

#[derive(Clone, Copy, ValueEnum)]
enum Tls {
    Off,
    /// Only the login.
    Login,
    Full,
    /// TDS 8.
    Strict,
}

fn main() -> ExitCode {
    let filter = tracing_subscriber::EnvFilter::builder()
        .with_default_directive(tracing::level_filters::LevelFilter::INFO.into())
        .from_env_lossy();
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(io::stderr).init();
    let Command::Serve(serve) = Cli::parse().command;
    match run(&serve) {
        Ok(()) => ExitCode::SUCCESS,
        Err(e) => {
            tracing::error!("{e}");
            ExitCode::FAILURE
        }
    }
}

fn run(serve: &Serve) -> io::Result<()> {
    let engine: Arc<dyn Backend> = backend::open(serve)?;
    let tls = match serve.tls {
        Tls::Off => TlsMode::Off,
        Tls::Login => TlsMode::LoginOnly,
        Tls::Full => TlsMode::Full,
        Tls::Strict => TlsMode::Strict,
    };
    let server = Server::start(Options {
        host: serve.host,
        port: serve.port,
        tls,
        backend: engine,
        replay: serve.replay,
        max_packet: serve.max_packet,
    })?;
    if let Some(file) = &serve.batch_log {
        server.stats().log_to(std::fs::File::create(file)?);
    }
    if let (Some(file), Some(pem)) = (&serve.certificate_out, server.certificate_pem()) {
        std::fs::write(file, pem)?;
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        // From here on a signal is not lost, so only now is the server announced.
        let mut terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
        if let Some(file) = &serve.ready_file {
            // Whoever waits for the file must not read half of it.
            let half = file.with_extension("tmp");
            std::fs::write(&half, format!("{}\n", server.port()))?;
            std::fs::rename(&half, file)?;
        }
        writeln!(io::stdout(), "mssim is ready on {}", server.address())?;
        io::stdout().flush()?;
        tokio::select! {
            _ = terminate.recv() => Ok(()),
            interrupted = tokio::signal::ctrl_c() => interrupted,
        }
    })?;
    tracing::info!(
        logins = server.stats().logins(),
        batches = server.stats().batches(),
        rows = server.stats().rows(),
        "mssim ends"
    );
    server.stop();
    Ok(())
}
