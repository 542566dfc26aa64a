//! FROM: table sources, joins, samples, hints.

use crate::results::SqlError;

use super::super::ast::{Join, Sample, Source};
use super::super::error::{error, syntax, unknown};
use super::super::lex::Kind;
use super::Parser;

const HINTS: [&str; 17] = [
    "TABLOCK",
    "TABLOCKX",
    "HOLDLOCK",
    "SERIALIZABLE",
    "REPEATABLEREAD",
    "READCOMMITTED",
    "READCOMMITTEDLOCK",
    "ROWLOCK",
    "PAGLOCK",
    "UPDLOCK",
    "XLOCK",
    "NOWAIT",
    "SNAPSHOT",
    "FORCESEEK",
    "FORCESCAN",
    "NOEXPAND",
    "READPAST",
];

impl Parser<'_> {
    pub(super) fn source(&mut self) -> Result<Source, SqlError> {
        let mut left = self.source_factor()?;
        loop {
            let Some(kind) = self.join_kind()? else { return Ok(left) };
            let apply = matches!(kind, Join::CrossApply | Join::OuterApply | Join::Cross);
            let right = self.source_factor_or_nested(!apply)?;
            let on = if apply {
                None
            } else {
                self.expect_word("ON")?;
                Some(self.predicate()?)
            };
            left = Source::Join { kind, left: Box::new(left), right: Box::new(right), on };
        }
    }

    /// `a JOIN b JOIN c ON … ON …`: the right side may itself be a join that has its ON first.
    fn source_factor_or_nested(&mut self, may_nest: bool) -> Result<Source, SqlError> {
        let right = self.source_factor()?;
        if !may_nest || self.peek("ON") {
            return Ok(right);
        }
        Err(unknown("joins whose ON comes later"))
    }

    fn join_kind(&mut self) -> Result<Option<Join>, SqlError> {
        if self.word("CROSS") {
            if self.word("APPLY") {
                return Ok(Some(Join::CrossApply));
            }
            self.expect_word("JOIN")?;
            return Ok(Some(Join::Cross));
        }
        if self.peek("OUTER") && self.is_word(1, "APPLY") {
            self.at += 2;
            return Ok(Some(Join::OuterApply));
        }
        let kind = if self.word("INNER") || self.peek("JOIN") {
            Join::Inner
        } else if self.word("LEFT") {
            Join::Left
        } else if self.word("RIGHT") {
            Join::Right
        } else if self.word("FULL") {
            Join::Full
        } else {
            return Ok(None);
        };
        self.word("OUTER");
        for hint in ["HASH", "LOOP", "MERGE"] {
            self.word(hint);
        }
        self.expect_word("JOIN")?;
        Ok(Some(kind))
    }

    fn source_factor(&mut self) -> Result<Source, SqlError> {
        if self.op("(") {
            if self.peek("SELECT") || self.peek("WITH") || self.peek("VALUES") || self.is_op(0, "(") {
                let query = self.query()?;
                self.expect_op(")")?;
                let alias = self.alias(false)?.ok_or_else(|| self.near())?;
                let columns = if self.is_op(0, "(") { self.name_list()? } else { Vec::new() };
                return Ok(Source::Derived { query, alias, columns });
            }
            let inner = self.source()?;
            self.expect_op(")")?;
            return Ok(inner);
        }
        if let Kind::Variable(v) = self.kind_at(0) {
            return Err(unknown(format!("the table variable {v}")));
        }
        let name = self.dotted()?;
        if self.op("(") {
            let args = if self.is_op(0, ")") { Vec::new() } else { self.expr_list()? };
            self.expect_op(")")?;
            return Ok(Source::Function { name, args, alias: self.alias(false)? });
        }
        let alias = self.alias(false)?;
        let sample = self.sample()?;
        let hints = self.hints()?;
        Ok(Source::Table { name, alias, sample, hints })
    }

    fn sample(&mut self) -> Result<Option<Sample>, SqlError> {
        if !self.word("TABLESAMPLE") {
            return Ok(None);
        }
        let _ = self.word("SYSTEM") || self.word("BERNOULLI");
        self.expect_op("(")?;
        let amount = self.expr()?;
        let percent = !self.word("ROWS");
        if percent {
            self.word("PERCENT");
        }
        self.expect_op(")")?;
        let mut seed = None;
        if self.word("REPEATABLE") {
            self.expect_op("(")?;
            seed = Some(self.expr()?);
            self.expect_op(")")?;
        }
        Ok(Some(Sample { amount, percent, seed }))
    }

    pub(super) fn hints(&mut self) -> Result<Vec<String>, SqlError> {
        let mut found = Vec::new();
        if !(self.peek("WITH") && self.is_op(1, "(")) {
            return Ok(found);
        }
        self.at += 2;
        while !self.op(")") {
            let hint = self.name()?.to_ascii_uppercase();
            if hint == "NOLOCK" || hint == "READUNCOMMITTED" {
                return Err(error(
                    50999,
                    format!("{hint} reads uncommitted rows: this program may never use it"),
                ));
            }
            if hint == "INDEX" {
                if self.op("=") {
                    self.op("(");
                } else {
                    self.expect_op("(")?;
                }
                self.at += 1;
                self.op(")");
            } else if !HINTS.contains(&hint.as_str()) {
                return Err(syntax(&hint));
            }
            found.push(hint);
            self.op(",");
        }
        Ok(found)
    }
}
