//! What the served port answers with: the engine, its scripts, a generated company.

use std::io;
use std::sync::Arc;

use mssim::engine::{Denial, Engine, EngineOptions};
use mssim::generate::{self, GenerateOptions, TableSpec};
use mssim::results::Backend;
use mssim::session::EngineBackend;
use mssim::views::hostile::HOSTILE;

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
        generate::tables(&engine, &wanted.tables).map_err(io::Error::other)?;
    }
    for altered in &serve.catalog {
        alter(&engine, altered).map_err(io::Error::other)?;
    }
    Ok(Arc::new(EngineBackend::new(engine)))
}

/// `hostile`, or `kind:view`.
fn alter(engine: &Engine, text: &str) -> Result<(), String> {
    if text == "hostile" {
        engine.alter_view("*", &HOSTILE);
        return Ok(());
    }
    let (kind, view) = text
        .split_once(':')
        .ok_or_else(|| format!("--catalog {text}: it is `hostile`, or KIND:VIEW as in missing:sys.types"))?;
    match kind {
        "missing" => engine.deny_view(view, Some(Denial::Missing)),
        "denied" => engine.deny_view(view, Some(Denial::Denied)),
        other => engine.alter_view(view, &[other.parse()?]),
    }
    Ok(())
}

/// What `--generate` asks for.
#[derive(Debug)]
struct Wanted {
    company: Option<GenerateOptions>,
    /// Tables of the benchmarks.
    tables: Vec<TableSpec>,
}

/// Reads `tables=300,rows=2000000,seed=1`, `reference=2000000`, `plain=300x100`, or several; what is left out is 10
/// tables, 10 000 rows, seed 1. There is no company where only tables of the benchmarks are asked for.
fn parse(text: &str) -> Result<Wanted, String> {
    let (mut company, mut rows, mut seed) = (None, None, 1);
    let mut single: Vec<(&str, u64)> = Vec::new();
    let mut plain: Option<(u32, u64)> = None;
    for part in text.split(',').filter(|p| !p.is_empty()) {
        let (key, value) =
            part.split_once('=').ok_or_else(|| format!("--generate: not key=value: {part}"))?;
        let wrong = |_| format!("--generate: {key} is not a number that fits");
        match key {
            "tables" => company = Some(value.parse().map_err(wrong)?),
            "rows" => rows = Some(value.parse().map_err(wrong)?),
            "seed" => seed = value.parse().map_err(wrong)?,
            "plain" => {
                let (tables, rows) = value.split_once('x').unwrap_or((value, "100"));
                plain = Some((tables.parse().map_err(wrong)?, rows.parse().map_err(wrong)?));
            }
            _ if key == "reference" || TableSpec::BENCH.contains(&key) => {
                single.push((key, value.parse().map_err(wrong)?));
            }
            _ => return Err(format!("--generate: unknown key {key}")),
        }
    }
    let only_tables = plain.is_some() || !single.is_empty();
    let company = (!only_tables || company.is_some() || rows.is_some()).then(|| GenerateOptions {
        tables: company.unwrap_or(10),
        rows: rows.unwrap_or(10_000),
        seed,
    });
    let spec = |(name, rows)| match TableSpec::bench(name, rows, seed) {
        Some(spec) => spec,
        None => TableSpec::reference(name, rows, seed),
    };
    let mut tables: Vec<_> = single.into_iter().map(spec).collect();
    if let Some((number, rows)) = plain {
        tables.extend(TableSpec::plain(number, rows, seed));
    }
    Ok(Wanted { company, tables })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn generator_settings() {
        let company = |tables, rows, seed| Some(GenerateOptions { tables, rows, seed });
        for (text, company, tables) in [
            ("tables=300,rows=2000000,seed=7", company(300, 2_000_000, 7), ""),
            ("", company(10, 10_000, 1), ""),
            ("seed=3", company(10, 10_000, 3), ""),
            ("reference=5,seed=2", None, "reference 5 2"),
            ("tables=1,reference=5", company(1, 10_000, 1), "reference 5 1"),
            ("narrow=7,lob=2,seed=3", None, "narrow 7 3, lob 2 3"),
            ("plain=2x9", None, "plain_00001 9 2, plain_00002 9 3"),
            ("plain=1", None, "plain_00001 100 2"),
        ] {
            let wanted = parse(text).unwrap();
            let made: Vec<_> =
                wanted.tables.iter().map(|t| format!("{} {} {}", t.name, t.rows, t.seed)).collect();
            assert_eq!((wanted.company, made.join(", ").as_str()), (company, tables), "{text}");
        }
        for wrong in ["tables", "tables=x", "columns=3", "tables=-1", "reference=", "plain=3xx", "plain=x"] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }
}
