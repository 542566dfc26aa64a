//! Every name that is exported, in one place: metrics, attributes, spans. `docs/reference/telemetry.md` shows them and
//! the Grafana dashboard queries them; tests keep all three equal.
//!
//! By the conventions of OpenTelemetry: dots between the parts, no unit in a name, units of UCUM (`By`, `s`, `{row}`).
//! If a semantic convention exists, its name is used (`error.type`, `db.system.name`).

/// A metric: its name, its unit, its kind, its attributes beside [`EVERYWHERE`], and what it counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Metric {
    pub name: &'static str,
    pub unit: &'static str,
    pub kind: Kind,
    pub attributes: &'static [&'static str],
    pub what: &'static str,
}

/// How values are put together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Only grows.
    Counter,
    /// Grows and falls.
    UpDownCounter,
    Gauge,
    Histogram,
}

const fn metric(
    name: &'static str,
    unit: &'static str,
    kind: Kind,
    attributes: &'static [&'static str],
    what: &'static str,
) -> Metric {
    Metric { name, unit, kind, attributes, what }
}

pub const ROWS: Metric =
    metric("shardferry.rows", "{row}", Kind::Counter, &[], "rows committed in the target by this process");
pub const BYTES: Metric = metric(
    "shardferry.copied",
    "By",
    Kind::Counter,
    &[],
    "bytes of COPY BINARY committed in the target by this process",
);
pub const CHUNKS: Metric = metric(
    "shardferry.chunks",
    "{chunk}",
    Kind::Counter,
    &[OUTCOME],
    "chunks that have ended, one way or another",
);
pub const CHUNK_DURATION: Metric = metric(
    "shardferry.chunk.duration",
    "s",
    Kind::Histogram,
    &[OUTCOME],
    "from the beginning of a chunk to its commit, with all its retries",
);
pub const RETRIES: Metric = metric(
    "shardferry.retries",
    "{retry}",
    Kind::Counter,
    &[ERROR],
    "steps that are tried again after a transient error",
);
pub const IN_FLIGHT: Metric = metric(
    "shardferry.in_flight",
    "By",
    Kind::UpDownCounter,
    &[],
    "encoded bytes between the reader and the target's connection",
);
pub const HELD: Metric = metric(
    "shardferry.throttled",
    "s",
    Kind::Counter,
    &[CAUSE],
    "seconds in which at least one chunk waited for a limit that was asked for: `rate` or `replica_lag`",
);
pub const TABLES: Metric = metric(
    "shardferry.tables",
    "{table}",
    Kind::UpDownCounter,
    &[STATE],
    "tables of this process's shard by state: completed, skipped (completed before), failed, in_progress, remaining",
);
pub const PHASE_DURATION: Metric = metric(
    "shardferry.phase.duration",
    "s",
    Kind::Counter,
    &[PHASE],
    "seconds spent in plan, schema, copy and finish, a phase under way included",
);
pub const TABLE_ROWS: Metric = metric(
    "shardferry.table.rows",
    "{row}",
    Kind::Counter,
    &[TABLE],
    "rows of a table committed by this process",
);
pub const TABLE_BYTES: Metric = metric(
    "shardferry.table.copied",
    "By",
    Kind::Counter,
    &[TABLE],
    "bytes of COPY BINARY of a table committed by this process",
);
pub const TABLE_DURATION: Metric = metric(
    "shardferry.table.duration",
    "s",
    Kind::Gauge,
    &[TABLE, OUTCOME],
    "from the claim of a table to its end in this process",
);
pub const TABLE_FAILURES: Metric = metric(
    "shardferry.table.failures",
    "{table}",
    Kind::Counter,
    &[TABLE, ERROR],
    "tables that failed for good, with the code of the error",
);

/// All of them, in the order of the page.
pub const METRICS: &[Metric] = &[
    ROWS,
    BYTES,
    CHUNKS,
    CHUNK_DURATION,
    RETRIES,
    IN_FLIGHT,
    HELD,
    TABLES,
    PHASE_DURATION,
    TABLE_ROWS,
    TABLE_BYTES,
    TABLE_DURATION,
    TABLE_FAILURES,
];

pub const RUN_ID: &str = "shardferry.run.id";
pub const POD: &str = "shardferry.pod";
/// On every metric. They are in the resource as well, but whether a resource becomes labels is a setting of the
/// collector, and a dashboard must not depend on it. Each process has series of its own anyway, so they cost nothing.
pub const EVERYWHERE: &[&str] = &[RUN_ID, POD];

pub const COMMAND: &str = "shardferry.command";
pub const SHARD: &str = "shardferry.shard";
pub const PHASE: &str = "shardferry.phase";
pub const CAUSE: &str = "shardferry.cause";
pub const STATE: &str = "shardferry.state";
pub const OUTCOME: &str = "shardferry.outcome";
pub const TABLE: &str = "shardferry.table.name";
pub const INDEX: &str = "shardferry.table.index";
pub const EPOCH: &str = "shardferry.epoch";
pub const CHUNK: &str = "shardferry.chunk.number";
pub const SPAN_ROWS: &str = "shardferry.rows";
pub const SPAN_BYTES: &str = "shardferry.bytes";
pub const PROCESSED: &str = "shardferry.tables.processed";
pub const SKIPPED: &str = "shardferry.tables.skipped";
pub const FAILED: &str = "shardferry.tables.failed";
/// Semantic conventions: the code of the error, as in checkpoints and results.
pub const ERROR: &str = "error.type";
/// Semantic conventions: of the database that most of the span's time goes to.
pub const DB_SYSTEM: &str = "db.system.name";
pub const DB_OPERATION: &str = "db.operation.name";
pub const DB_COLLECTION: &str = "db.collection.name";
/// Semantic conventions.
pub const EXIT_CODE: &str = "process.exit.code";

/// The attributes of spans, for the page.
pub const ATTRIBUTES: &[(&str, &str, &str)] = &[
    (COMMAND, "run", "the command: `sync`"),
    (SHARD, "run", "the chosen tables: `shard 3/10`, `range 1-90`, `all tables`"),
    (PROCESSED, "run, schema", "tables that this process completed"),
    (SKIPPED, "run, schema", "tables that were completed before"),
    (FAILED, "run, schema", "tables that failed for good"),
    (EXIT_CODE, "run", "the exit code of the process"),
    (TABLE, "table, chunk", "`schema.name` in the source"),
    (INDEX, "table, chunk", "the table's place in the plan, from 1"),
    (EPOCH, "table, chunk", "the fencing number of the claim"),
    (CHUNK, "chunk", "the chunk's number in its table, from 0"),
    (SPAN_ROWS, "run, table, chunk", "rows committed by this process"),
    (SPAN_BYTES, "run, table, chunk", "bytes of COPY BINARY committed by this process"),
    (OUTCOME, "all", "`completed`, `failed`, `stopped` (by a signal, or an error elsewhere), `fenced`"),
    (ERROR, "all", "the code of the error ([exit codes](exit-codes.md)), if there is one"),
    (DB_SYSTEM, "plan, schema, finish, chunk", "`microsoft.sql_server` or `postgresql`"),
    (DB_OPERATION, "chunk", "`COPY`"),
    (DB_COLLECTION, "chunk", "the table in the target"),
];

/// What became of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    Completed,
    Failed,
    /// By a signal, or by an error that stopped all: work is left.
    Stopped,
    /// Another pod has it.
    Fenced,
}

impl Outcome {
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::Stopped => "stopped",
            Self::Fenced => "fenced",
        }
    }
}

/// Which limit holds chunks back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// So many rows or bytes a second.
    Rate,
    /// A replica of the target is too far behind.
    ReplicaLag,
}

impl Cause {
    pub const ALL: [Self; 2] = [Self::Rate, Self::ReplicaLag];

    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Rate => "rate",
            Self::ReplicaLag => "replica_lag",
        }
    }
}

/// The parts of a run that are timed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RunPhase {
    Plan,
    Schema,
    Copy,
    Finish,
}

impl RunPhase {
    pub const ALL: [Self; 4] = [Self::Plan, Self::Schema, Self::Copy, Self::Finish];

    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Plan => "plan",
            Self::Schema => "schema",
            Self::Copy => "copy",
            Self::Finish => "finish",
        }
    }
}
