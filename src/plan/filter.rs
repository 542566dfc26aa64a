//! Which tables of the source belong to the plan: `--include` and `--exclude`. Pure.

use crate::error::{Error, ErrorKind, Result};
use crate::model::names::TableName;
use crate::model::plan::PlanOptions;
use globset::{Glob, GlobMatcher};

/// `--include` and `--exclude`: globs over `schema.table`, without regard to case; no include means all.
pub(super) struct Filter {
    include: Vec<GlobMatcher>,
    exclude: Vec<GlobMatcher>,
}

impl Filter {
    pub(super) fn new(options: &PlanOptions) -> Result<Self> {
        Ok(Self {
            include: matchers("include", &options.include)?,
            exclude: matchers("exclude", &options.exclude)?,
        })
    }

    pub(super) fn takes(&self, table: &TableName) -> bool {
        let name = format!("{}.{}", table.schema, table.name).to_lowercase();
        let hit = |matchers: &[GlobMatcher]| matchers.iter().any(|matcher| matcher.is_match(&name));
        (self.include.is_empty() || hit(&self.include)) && !hit(&self.exclude)
    }
}

fn matchers(flag: &str, patterns: &[String]) -> Result<Vec<GlobMatcher>> {
    patterns
        .iter()
        .map(|pattern| {
            Glob::new(&pattern.to_lowercase()).map(|glob| glob.compile_matcher()).map_err(|error| {
                Error::new(ErrorKind::Config, format!("--{flag} {pattern} is no glob over schema.table"))
                    .because(error)
            })
        })
        .collect()
}
