//! What the served port answers with: the engine, its scripts, a generated company.

use std::io;
use std::sync::Arc;

use mssim::engine::{Engine, EngineOptions};
use mssim::generate::{self, GenerateOptions};
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
        let options = parse(text).map_err(io::Error::other)?;
        generate::company(&engine, &options).map_err(io::Error::other)?;
    }
    Ok(Arc::new(EngineBackend::new(engine)))
}

/// Reads `tables=300,rows=2000000,seed=1`; what is left out is 10 tables, 10 000 rows, seed 1.
fn parse(text: &str) -> Result<GenerateOptions, String> {
    let mut options = GenerateOptions { tables: 10, rows: 10_000, seed: 1 };
    for part in text.split(',').filter(|p| !p.is_empty()) {
        let (key, value) =
            part.split_once('=').ok_or_else(|| format!("--generate: not key=value: {part}"))?;
        let wrong = || format!("--generate: {key} is not a number that fits");
        match key {
            "tables" => options.tables = value.parse().map_err(|_| wrong())?,
            "rows" => options.rows = value.parse().map_err(|_| wrong())?,
            "seed" => options.seed = value.parse().map_err(|_| wrong())?,
            _ => return Err(format!("--generate: unknown key {key}")),
        }
    }
    Ok(options)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn generator_settings() {
        let options = GenerateOptions { tables: 300, rows: 2_000_000, seed: 7 };
        assert_eq!(parse("tables=300,rows=2000000,seed=7"), Ok(options));
        assert_eq!(parse(""), Ok(GenerateOptions { tables: 10, rows: 10_000, seed: 1 }));
        for wrong in ["tables", "tables=x", "columns=3", "tables=-1"] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }
}
