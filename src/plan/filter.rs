//! Which tables of the source belong to the plan: `--include` and `--exclude`. Pure.

use crate::error::{Error, ErrorKind, Result};
use crate::model::likeness::did_you_mean_table;
use crate::model::names::TableName;
use crate::model::plan::PlanOptions;
use crate::model::table::SourceTable;
use globset::{Glob, GlobMatcher};

/// `--include` and `--exclude`: globs over `schema.table`, without regard to case; no include means all.
pub(super) struct Filter {
    include: Vec<Pattern>,
    exclude: Vec<Pattern>,
}

struct Pattern {
    flag: &'static str,
    written: String,
    matcher: GlobMatcher,
}

impl Pattern {
    /// No glob: it means one table.
    fn is_name(&self) -> bool {
        !self.written.contains(['*', '?', '[', ']', '{', '}', '\\'])
    }

    fn takes(&self, table: &TableName) -> bool {
        self.matcher.is_match(format!("{}.{}", table.schema, table.name).to_lowercase())
    }
}

impl Filter {
    pub(super) fn new(options: &PlanOptions) -> Result<Self> {
        Ok(Self {
            include: patterns("include", &options.include)?,
            exclude: patterns("exclude", &options.exclude)?,
        })
    }

    pub(super) fn takes(&self, table: &TableName) -> bool {
        let hit = |patterns: &[Pattern]| patterns.iter().any(|pattern| pattern.takes(table));
        (self.include.is_empty() || hit(&self.include)) && !hit(&self.exclude)
    }

    /// A pattern may fit nothing; a name that fits nothing is misspelled, and what it leaves out would be copied.
    ///
    /// # Errors
    /// `Config` with every name that no table of the source has, and the closest ones.
    pub(super) fn every_name_exists(&self, tables: &[SourceTable]) -> Result<()> {
        let names = self.include.iter().chain(&self.exclude).filter(|pattern| pattern.is_name());
        let wrong: Vec<String> = names
            .filter(|pattern| !tables.iter().any(|table| pattern.takes(&table.name)))
            .map(|Pattern { flag, written, .. }| {
                let question = did_you_mean_table(written, tables.iter().map(|table| &table.name))
                    .unwrap_or_else(|| format!("names are schema.table; remove {written}"));
                format!("--{flag} {written}: this login sees no such table in the source; {question}")
            })
            .collect();
        if wrong.is_empty() {
            return Ok(());
        }
        Err(Error::new(ErrorKind::Config, wrong.join("; ")))
    }
}

fn patterns(flag: &'static str, written: &[String]) -> Result<Vec<Pattern>> {
    let pattern = |written: &String| {
        let matcher = Glob::new(&written.to_lowercase()).map(|glob| glob.compile_matcher());
        let matcher = matcher.map_err(|error| {
            Error::new(ErrorKind::Config, format!("--{flag} {written} is no glob over schema.table"))
                .because(error)
        })?;
        Ok(Pattern { flag, written: written.clone(), matcher })
    };
    written.iter().map(pattern).collect()
}
