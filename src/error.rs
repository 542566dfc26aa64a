//! One error type for the whole program: a kind, what happened, where, and what caused it.
//!
//! [`ErrorKind::policy`] is THE table: kind -> code, retry, exit code, does it stop the pod, remedy. [`Verdict`] says
//! which of several errors a process ends with. A new kind is added only if a user or an orchestrator would act
//! differently. The default for anything unforeseen is "do not retry". The code of a kind is stored in checkpoints, so
//! it may never change.

mod verdict;

pub use verdict::Verdict;

use std::fmt;

/// What a user or an orchestrator can tell apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ErrorKind {
    /// Flags, ranges, names of tables.
    Usage,
    /// Config file, URLs, environment, TLS files.
    Config,
    /// The source refuses the login (18456 …).
    SourceLogin,
    /// The source database is not there (4060 …).
    SourceMissing,
    /// The source denies a permission (229, 297, 300 …).
    SourcePermission,
    /// The source is unreachable, restarting, throttled, deadlocked, or its stream broke.
    SourceUnavailable,
    /// The source refuses a statement for good, or answers what the protocol does not allow.
    SourceRefused,
    /// The target refuses the login (class 28).
    TargetLogin,
    /// The target database is not there (3D000).
    TargetMissing,
    /// The target denies a permission (42501).
    TargetPermission,
    /// The target is unreachable, restarting, out of connections or of resources.
    TargetUnavailable,
    /// The target refuses a statement for good.
    TargetRefused,
    /// Bucket, credentials or permission of the checkpoint store are wrong.
    StoreRefused,
    /// The store does not honour conditional writes.
    StoreUnconditional,
    /// The store is unreachable or failing (5xx, throttled).
    StoreUnavailable,
    /// The plan, the object of the finish step or the ledger cannot be read as what it should be.
    CheckpointDamaged,
    /// The object of one table, or its rows in the ledger, are not what they should be. The other tables go on.
    TableDamaged,
    /// A document of a newer version of shardferry.
    CheckpointNewer,
    /// The plan belongs to another source, filter or mapping.
    PlanForeign,
    /// There is no plan or checkpoint, but one is required.
    PlanMissing,
    /// Data is to be copied into tables that were never created.
    SchemaMissing,
    /// A source table is no longer what the plan says.
    SourceChanged,
    /// The target table is not what the plan says.
    TargetMismatch,
    /// A table has nothing that can be copied, or a column that cannot.
    Unsupported,
    /// A value that PostgreSQL cannot hold.
    Value,
    /// Rows of the target stand in the way (`--no-truncate`, foreign keys, unique or foreign key violations at finish).
    TargetData,
    /// Target tables hold rows that this run did not write, and nobody has said that they may go.
    TargetHasRows,
    /// Another run has begun the target table since this one, or it was made anew.
    Replaced,
    /// Some tables of the run failed for good; each has its own error in its checkpoint.
    TablesFailed,
    /// Tables of other shards are not copied yet, so the finish step cannot start.
    Unfinished,
    /// Another pod owns the table, or took it over.
    Fenced,
    /// Verification found differences.
    Different,
    /// SIGTERM.
    Terminated,
    /// SIGINT.
    Interrupted,
    /// A bug in shardferry.
    Bug,
}

/// What follows from an [`ErrorKind`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Policy {
    /// Stable name in checkpoints, results and logs.
    pub code: &'static str,
    /// May the same step be tried again by this process, after a pause?
    pub retry: bool,
    /// Exit code of a process that ends with this error (DESIGN section 6).
    pub exit: u8,
    /// Does it end the work of the whole pod, since every other table would end the same way? Else only its table's.
    pub stops_pod: bool,
    /// What a person should do.
    pub remedy: &'static str,
}

impl ErrorKind {
    /// Every kind, for documentation and tests.
    pub const ALL: [Self; 35] = [
        Self::Usage,
        Self::Config,
        Self::SourceLogin,
        Self::SourceMissing,
        Self::SourcePermission,
        Self::SourceUnavailable,
        Self::SourceRefused,
        Self::TargetLogin,
        Self::TargetMissing,
        Self::TargetPermission,
        Self::TargetUnavailable,
        Self::TargetRefused,
        Self::StoreRefused,
        Self::StoreUnconditional,
        Self::StoreUnavailable,
        Self::CheckpointDamaged,
        Self::TableDamaged,
        Self::CheckpointNewer,
        Self::PlanForeign,
        Self::PlanMissing,
        Self::SchemaMissing,
        Self::SourceChanged,
        Self::TargetMismatch,
        Self::Unsupported,
        Self::Value,
        Self::TargetData,
        Self::TargetHasRows,
        Self::Replaced,
        Self::TablesFailed,
        Self::Unfinished,
        Self::Fenced,
        Self::Different,
        Self::Terminated,
        Self::Interrupted,
        Self::Bug,
    ];

    /// The kind with this stable name, as checkpoints hold it.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.policy().code == code)
    }

    /// THE table.
    #[must_use]
    #[rustfmt::skip] // one row a kind: a table is read by columns
    pub const fn policy(self) -> Policy {
        const POD: bool = true;
        const TABLE: bool = false;
        const fn row(code: &'static str, retry: bool, exit: u8, stops_pod: bool, remedy: &'static str) -> Policy {
            Policy { code, retry, exit, stops_pod, remedy }
        }
        match self {
            Self::Usage => row("usage", false, 2, TABLE, "correct the command line; --help lists what is accepted"),
            Self::Config => row("config", false, 2, POD, "correct the configuration named above"),
            Self::SourceLogin => row("source_login", false, 2, POD, "check user and password of the source URL"),
            Self::SourceMissing => row("source_missing", false, 2, POD, "check the database name of the source URL"),
            Self::SourcePermission => row("source_permission", false, 2, TABLE, "grant the login SELECT and VIEW DEFINITION on the source"),
            Self::SourceUnavailable => row("source_unavailable", true, 4, POD, "check that the source is up and reachable, then rerun"),
            Self::SourceRefused => row("source_refused", false, 3, TABLE, "read the source's message, correct the table or exclude it, then rerun"),
            Self::TargetLogin => row("target_login", false, 2, POD, "check user and password of the target URL"),
            Self::TargetMissing => row("target_missing", false, 2, POD, "create the target database or correct its name in the target URL"),
            Self::TargetPermission => row("target_permission", false, 2, TABLE, "grant the role CREATE on the target database and ownership of its tables"),
            Self::TargetUnavailable => row("target_unavailable", true, 4, POD, "check that the target is up and reachable, then rerun"),
            Self::TargetRefused => row("target_refused", false, 3, TABLE, "read the target's message, correct the table, then rerun"),
            Self::StoreRefused => row("store_refused", false, 2, POD, "check bucket, region, endpoint and credentials of --checkpoint"),
            Self::StoreUnconditional => row("store_unconditional", false, 2, TABLE, "use a store that honours If-None-Match and If-Match (AWS S3, SeaweedFS, MinIO)"),
            Self::StoreUnavailable => row("store_unavailable", true, 4, POD, "check that the checkpoint store is up and reachable, then rerun"),
            Self::CheckpointDamaged => row("checkpoint_damaged", false, 2, TABLE, "restore the object named above; `shardferry reset` removes a damaged finish.json; a run that has lost its plan.json needs another --run-id, which copies all tables again"),
            Self::TableDamaged => row("table_damaged", false, 3, TABLE, "restore what is named above, or copy the table anew: `shardferry reset --table SCHEMA.TABLE`, then rerun"),
            Self::CheckpointNewer => row("checkpoint_newer", false, 2, TABLE, "use the version of shardferry that wrote it, or a newer one"),
            Self::PlanForeign => row("plan_foreign", false, 2, TABLE, "go back to the source and filters of the plan; `shardferry replan` changes single tables; another --run-id copies all tables again"),
            Self::PlanMissing => row("plan_missing", false, 2, TABLE, "run `shardferry plan` first, or check --checkpoint and --run-id"),
            Self::SchemaMissing => row("schema_missing", false, 2, TABLE, "run `shardferry schema` for these tables first, or `shardferry run` for everything"),
            Self::SourceChanged => row("source_changed", false, 3, TABLE, "restore the table's definition, or let `shardferry replan --table SCHEMA.TABLE` take it up, which copies that table again; then rerun"),
            Self::TargetMismatch => row("target_mismatch", false, 3, TABLE, "correct the target table, or drop it and run `shardferry schema` (its rows are copied again), then rerun"),
            Self::Unsupported => row("unsupported", false, 3, TABLE, "exclude the column or the table, or convert it on the source"),
            Self::Value => row("value", false, 3, TABLE, "rerun with --rejects URL to leave such rows out and keep them in a file, or correct the value on the source; `shardferry replan --table SCHEMA.TABLE --policy …` copies that table again"),
            Self::TargetData => row("target_data", false, 3, TABLE, "remove the rows or constraints that stand in the way, then rerun"),
            Self::TargetHasRows => row("target_has_rows", false, 2, TABLE, "go on with the run that wrote them, move the rows elsewhere, or empty the tables with --on-existing replace"),
            Self::Replaced => row("replaced", false, 3, TABLE, "nothing, if the later load is the one that counts; --on-existing replace empties the table and copies it again"),
            Self::TablesFailed => row("tables_failed", false, 3, TABLE, "`shardferry status` lists the failed tables; correct them and rerun"),
            Self::Unfinished => row("unfinished", false, 5, TABLE, "`shardferry status --verbose` lists the tables that are missing; rerun when they are completed"),
            Self::Fenced => row("fenced", false, 5, TABLE, "another pod works on this table; rerun when it has ended"),
            Self::Different => row("different", false, 6, TABLE, "look at the differences before anything else is done"),
            Self::Terminated => row("terminated", false, 143, TABLE, "rerun to go on; the checkpoint is saved"),
            Self::Interrupted => row("interrupted", false, 130, TABLE, "rerun to go on; the checkpoint is saved"),
            Self::Bug => row("bug", false, 1, TABLE, "this should not happen: please report it with the log"),
        }
    }
}

/// An error with its place. Never carries a value of a row, a password or a URL with one.
///
/// One word wide: the result of everything that is done for a value is handed on in a register.
#[derive(Debug)]
pub struct Error(Box<Place>);

#[derive(Debug)]
struct Place {
    kind: ErrorKind,
    message: String,
    table: Option<String>,
    column: Option<String>,
    cause: Option<Box<dyn std::error::Error + Send + Sync>>,
}

/// The result of everything that can fail here.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// What happened, in one sentence without a full stop.
    #[must_use]
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self(Box::new(Place { kind, message: message.into(), table: None, column: None, cause: None }))
    }

    /// Names the table (`schema.name` of the source).
    #[must_use]
    pub fn table(mut self, table: impl fmt::Display) -> Self {
        self.0.table.get_or_insert_with(|| table.to_string());
        self
    }

    /// Names the column.
    #[must_use]
    pub fn column(mut self, column: impl fmt::Display) -> Self {
        self.0.column.get_or_insert_with(|| column.to_string());
        self
    }

    /// Keeps the error that caused this one; its text is shown after the message.
    #[must_use]
    pub fn because(mut self, cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        self.0.cause = Some(cause.into());
        self
    }

    /// The column that was named.
    #[must_use]
    pub fn column_name(&self) -> Option<&str> {
        self.0.column.as_deref()
    }

    /// The kind, by which everything is decided.
    #[must_use]
    pub const fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// The row of THE table.
    #[must_use]
    pub const fn policy(&self) -> Policy {
        self.0.kind.policy()
    }

    /// The message with table, column and numbered causes, on one line and without the remedy.
    #[must_use]
    pub fn detail(&self) -> String {
        let mut text = match (&self.0.table, &self.0.column) {
            (Some(table), Some(column)) => format!("table {table}, column {column}: {}", self.0.message),
            (Some(table), None) => format!("table {table}: {}", self.0.message),
            (None, Some(column)) => format!("column {column}: {}", self.0.message),
            (None, None) => self.0.message.clone(),
        };
        if let Some(cause) = &self.0.cause {
            append_causes(&mut text, Some(cause.as_ref()));
        }
        text
    }
}

/// The text of an error with those of its causes, without repetitions: the outermost one often says only that something
/// failed.
#[must_use]
pub fn with_causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    append_causes(&mut text, error.source());
    text
}

/// A process has as many files and connections open as it may (Linux, errno-base.h).
const EMFILE: i32 = 24;
const TOO_MANY_FILES: &str = " (this process may open no more files and connections: raise RLIMIT_NOFILE, \
     `ulimit -n`, or lower --jobs)";

fn append_causes(text: &mut String, mut cause: Option<&(dyn std::error::Error + 'static)>) {
    while let Some(error) = cause {
        let next = error.to_string();
        if !text.contains(&next) {
            text.push_str(": ");
            text.push_str(&next);
        }
        if error.downcast_ref::<std::io::Error>().and_then(std::io::Error::raw_os_error) == Some(EMFILE)
            && !text.contains(TOO_MANY_FILES)
        {
            text.push_str(TOO_MANY_FILES);
        }
        cause = error.source();
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.told(&self.detail()))
    }
}

impl Error {
    /// As it is displayed, with these words for what happened: `no room [target_unavailable]; rerun`.
    #[must_use]
    pub fn told(&self, detail: &str) -> String {
        format!("{detail} [{}]; {}", self.policy().code, self.policy().remedy)
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.0.cause {
            Some(cause) => Some(cause.as_ref()),
            None => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn codes_are_unique_and_exit_codes_are_those_of_the_contract() {
        let codes: BTreeSet<_> = ErrorKind::ALL.iter().map(|kind| kind.policy().code).collect();
        assert_eq!(codes.len(), ErrorKind::ALL.len());
        for kind in ErrorKind::ALL {
            assert!([1, 2, 3, 4, 5, 6, 143, 130].contains(&kind.policy().exit), "{kind:?}");
        }
    }

    #[test]
    fn only_transient_kinds_are_retried_and_they_exit_4() {
        for kind in ErrorKind::ALL {
            assert_eq!(kind.policy().retry, kind.policy().exit == 4, "{kind:?}");
        }
    }

    #[test]
    fn a_process_without_free_files_says_which_limit_that_is() {
        let refused = std::io::Error::from_raw_os_error(24);
        let error = Error::new(ErrorKind::TargetUnavailable, "no connection").because(refused).detail();
        assert!(
            error.contains("Too many open files") && error.contains("`ulimit -n`, or lower --jobs"),
            "{error}"
        );
        let reset = std::io::Error::from_raw_os_error(104);
        assert!(
            !Error::new(ErrorKind::TargetUnavailable, "broke").because(reset).detail().contains("ulimit")
        );
    }

    #[test]
    fn an_error_says_what_where_why_and_what_to_do() {
        let error = Error::new(ErrorKind::Value, "a character PostgreSQL cannot hold (U+0000)")
            .table("dbo.Orders")
            .column("Note")
            .because(std::io::Error::other("cause"));
        assert_eq!(
            error.to_string(),
            "table dbo.Orders, column Note: a character PostgreSQL cannot hold (U+0000): cause [value]; \
             rerun with --rejects URL to leave such rows out and keep them in a file, or correct the value on the \
             source; `shardferry replan --table SCHEMA.TABLE --policy …` copies that table again"
        );
    }
}
