//! CREATE DATABASE and ALTER DATABASE.

use std::sync::PoisonError;

use crate::catalog::Catalog;
use crate::engine::unknown;
use crate::load::Context;
use crate::load::lex::Cursor;
use crate::load::objects::declare;
use crate::results::SqlError;

/// After CREATE DATABASE; `start` is the offset of the statement.
pub(crate) fn create(c: &mut Cursor<'_>, x: &Context<'_>, start: usize) -> Result<(), SqlError> {
    let name = c.name()?;
    let snapshot = (0..).map_while(|n| c.peek_at(n)).any(|t| t.text.eq_ignore_ascii_case("SNAPSHOT"));
    if !snapshot {
        // Files, sizes and containment are of no interest.
        c.rest(start);
        return x.engine.create_database(&name);
    }
    match snapshot_of(c)? {
        Some(source) => x.engine.create_snapshot(&name, &source),
        None => x.engine.create_database(&name),
    }
}

/// `ON (NAME = …, FILENAME = '…') [, …] AS SNAPSHOT OF d`, where it stands: d. The files are of no interest.
fn snapshot_of(c: &mut Cursor<'_>) -> Result<Option<String>, SqlError> {
    if !c.accept("ON") {
        return Ok(None);
    }
    loop {
        c.expect("(")?;
        c.expect("NAME")?;
        c.expect("=")?;
        c.name()?;
        c.expect(",")?;
        c.expect("FILENAME")?;
        c.expect("=")?;
        c.string()?;
        c.expect(")")?;
        if !c.accept(",") {
            break;
        }
    }
    c.expect("AS")?;
    c.expect("SNAPSHOT")?;
    c.expect("OF")?;
    c.name().map(Some)
}

/// ADD FILEGROUP is kept; files are of no interest.
fn filegroup(c: &mut Cursor<'_>, x: &Context<'_>) -> Result<(), SqlError> {
    if c.accept("ADD FILEGROUP") {
        let name = c.name()?;
        let kind = if c.accept("CONTAINS FILESTREAM") {
            "FD"
        } else if c.accept("CONTAINS MEMORY_OPTIMIZED_DATA") {
            "FX"
        } else {
            "FG"
        };
        return declare(x, |k, _| {
            k.more.filegroups.push((name, kind));
            Ok(())
        });
    }
    if c.accept("ADD FILE") || c.accept("ADD LOG FILE") || c.accept("MODIFY FILE") {
        c.skip_group()?;
        while c.accept(",") {
            c.skip_group()?;
        }
        if c.accept("TO FILEGROUP") {
            c.name()?;
        }
        return Ok(());
    }
    if c.accept("REMOVE FILE") {
        return c.name().map(|_| ());
    }
    if c.accept("MODIFY FILEGROUP") {
        c.name()?;
        if c.accept("DEFAULT") || c.accept("AUTOGROW_ALL_FILES") || c.accept("AUTOGROW_SINGLE_FILE") {
            return Ok(());
        }
    }
    Err(unknown(format_args!("ALTER DATABASE {}", c.peek().map_or("", |t| &t.text))))
}

/// After ALTER DATABASE.
pub(crate) fn alter(c: &mut Cursor<'_>, x: &mut Context<'_>) -> Result<(), SqlError> {
    let name = c.name()?;
    let name = if name.eq_ignore_ascii_case("CURRENT") { x.database.to_owned() } else { name };
    let database = x.engine.database(&name)?;
    if c.is("ADD") || c.is("MODIFY") || c.is("REMOVE") {
        return filegroup(c, x);
    }
    if c.accept("COLLATE") {
        return Err(unknown("ALTER DATABASE COLLATE"));
    }
    c.expect("SET")?;
    let _guard = database.ddl.lock().unwrap_or_else(PoisonError::into_inner);
    let mut k = Catalog::clone(&database.catalog());
    loop {
        database_option(c, &mut k)?;
        if !c.accept(",") {
            break;
        }
    }
    if c.accept("WITH") {
        c.accept("ROLLBACK IMMEDIATE");
        c.accept("NO_WAIT");
    }
    k.index(&x.engine.denials());
    database.publish(k);
    Ok(())
}

/// One option of ALTER DATABASE SET.
fn database_option(c: &mut Cursor<'_>, k: &mut Catalog) -> Result<(), SqlError> {
    let option = c.name()?.to_uppercase();
    c.accept("=");
    match option.as_str() {
        "ALLOW_SNAPSHOT_ISOLATION" => k.snapshot_isolation = c.name()?.eq_ignore_ascii_case("ON"),
        "READ_COMMITTED_SNAPSHOT" => k.read_committed_snapshot = c.name()?.eq_ignore_ascii_case("ON"),
        "MEMORY_OPTIMIZED_ELEVATE_TO_SNAPSHOT" => {
            k.elevate_to_snapshot = c.name()?.eq_ignore_ascii_case("ON");
        }
        "READ_ONLY" => k.read_only = true,
        "READ_WRITE" => k.read_only = false,
        "MULTI_USER" | "SINGLE_USER" | "RESTRICTED_USER" | "ONLINE" | "ENABLE_BROKER" | "DISABLE_BROKER" => {}
        "QUERY_STORE" | "CHANGE_TRACKING" | "FILESTREAM" | "ACCELERATED_DATABASE_RECOVERY" => {
            if !c.is("(") {
                c.take();
            }
            if c.is("(") {
                c.skip_group()?;
            }
        }
        "RECOVERY"
        | "ANSI_NULL_DEFAULT"
        | "CONCAT_NULL_YIELDS_NULL"
        | "NUMERIC_ROUNDABORT"
        | "CURSOR_CLOSE_ON_COMMIT"
        | "CURSOR_DEFAULT"
        | "AUTO_UPDATE_STATISTICS_ASYNC"
        | "DATE_CORRELATION_OPTIMIZATION"
        | "TRUSTWORTHY"
        | "OPTIMIZED_LOCKING"
        | "DB_CHAINING"
        | "PARAMETERIZATION"
        | "HONOR_BROKER_PRIORITY"
        | "TARGET_RECOVERY_TIME"
        | "DELAYED_DURABILITY"
        | "TORN_PAGE_DETECTION"
        | "PAGE_VERIFY"
        | "COMPATIBILITY_LEVEL"
        | "ANSI_NULLS"
        | "ANSI_PADDING"
        | "ANSI_WARNINGS"
        | "ARITHABORT"
        | "QUOTED_IDENTIFIER"
        | "AUTO_CLOSE"
        | "AUTO_SHRINK"
        | "AUTO_CREATE_STATISTICS"
        | "AUTO_UPDATE_STATISTICS"
        | "RECURSIVE_TRIGGERS" => {
            c.take();
            // TARGET_RECOVERY_TIME = 60 SECONDS
            let _ = c.accept("SECONDS") || c.accept("MINUTES");
        }
        other => return Err(unknown(format_args!("ALTER DATABASE SET {other}"))),
    }
    Ok(())
}
