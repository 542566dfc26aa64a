//! What the served port answers with: the engine, its scripts, a generated company.

use std::io;
use std::sync::Arc;

use mssim::engine::{Engine, EngineOptions};
use mssim::generate::{self, GenerateOptions, TableSpec};
use mssim::results::Backend;
use mssim::session::EngineBackend;

/// Makes the engine, loads the scripts in their order, then generates the company.
///
/// # Errors
/// A script that cannot be read or run, a generator's setting that is unknown.
pub(crate) fn open(serve: &crate::Serve) -> io::Result<Arc<dyn Backend>> {
    let engine = Engine::new(EngineOptions {
        user: serve.user.clone(),
        password: serve.password.clone(),
        database: serve.database.clone(),
        ..EngineOptions::default()
    })
    .map_err(io::Error::other)?;
    for file in &serve.load {
        let named = |e: &dyn std::fmt::Display| io::Error::other(format!("{}: {e}", file.display()));
        let script = std::fs::read_to_string(file).map_err(|e| named(&e))?;
        engine.load_script(&script).map_err(|e| named(&e))?;
    }
    if let Some(text) = &serve.generate {
        let wanted = parse(text).map_err(io::Error::other)?;
        if let Some(options) = &wanted.company {
            generate::company(&engine, options).map_err(io::Error::other)?;
        }
        if let Some(rows) = wanted.reference {
            let spec = TableSpec::reference("reference", rows, wanted.seed);
            generate::table(&engine, &spec).map_err(io::Error::other)?;
        }
    }
    Ok(Arc::new(EngineBackend::new(engine)))
}

/// What `--generate` asks for.
#[derive(Debug, PartialEq, Eq)]
struct Wanted {
    company: Option<GenerateOptions>,
    /// Rows of `dbo.reference`, the table of the benchmarks.
    reference: Option<u64>,
    seed: u64,
}

/// Reads `tables=300,rows=2000000,seed=1`, `reference=2000000`, or both; what is left out is 10 tables, 10 000 rows,
/// seed 1. There is no company where only a reference table is asked for.
fn parse(text: &str) -> Result<Wanted, String> {
    let (mut tables, mut rows, mut reference, mut seed) = (None, None, None, 1);
    for part in text.split(',').filter(|p| !p.is_empty()) {
        let (key, value) =
            part.split_once('=').ok_or_else(|| format!("--generate: not key=value: {part}"))?;
        let wrong = |_| format!("--generate: {key} is not a number that fits");
        match key {
            "tables" => tables = Some(value.parse().map_err(wrong)?),
            "rows" => rows = Some(value.parse().map_err(wrong)?),
            "reference" => reference = Some(value.parse().map_err(wrong)?),
            "seed" => seed = value.parse().map_err(wrong)?,
            _ => return Err(format!("--generate: unknown key {key}")),
        }
    }
    let company = (reference.is_none() || tables.is_some() || rows.is_some()).then(|| GenerateOptions {
        tables: tables.unwrap_or(10),
        rows: rows.unwrap_or(10_000),
        seed,
    });
    Ok(Wanted { company, reference, seed })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn generator_settings() {
        let company = |tables, rows, seed| Some(GenerateOptions { tables, rows, seed });
        for (text, company, reference, seed) in [
            ("tables=300,rows=2000000,seed=7", company(300, 2_000_000, 7), None, 7),
            ("", company(10, 10_000, 1), None, 1),
            ("seed=3", company(10, 10_000, 3), None, 3),
            ("reference=5,seed=2", None, Some(5), 2),
            ("tables=1,reference=5", company(1, 10_000, 1), Some(5), 1),
        ] {
            assert_eq!(parse(text), Ok(Wanted { company, reference, seed }), "{text}");
        }
        for wrong in ["tables", "tables=x", "columns=3", "tables=-1", "reference="] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }
}
