//! `SET SHOWPLAN_XML`: how SQLite would find the rows of a query, in the words of SQL Server's plans.
//!
//! Seek or scan is what SQLite does (`EXPLAIN QUERY PLAN`); costs, row counts and everything else are left out.

use std::fmt::Write as _;

use super::EngineSession;
use crate::query::ast::{Line, Query, Statement};
use crate::query::error::error;
use crate::results::{Flow, Results, SqlError};
use crate::types::{Column, Len, SqlType};
use crate::value::Value;

const NAMESPACE: &str = "http://schemas.microsoft.com/sqlserver/2004/07/showplan";

/// `SET SHOWPLAN_XML …` stands somewhere in the batch.
pub(super) fn switches(lines: &[Line]) -> bool {
    lines.iter().any(|line| switch(&line.statement).is_some())
}

/// What the statement sets.
fn switch(statement: &Statement) -> Option<bool> {
    match statement {
        Statement::SetOption(words) if words.first().is_some_and(|w| w == "SHOWPLAN_XML") => {
            Some(words.last().is_some_and(|w| w == "ON"))
        }
        _ => None,
    }
}

impl EngineSession {
    /// A batch under `SHOWPLAN_XML`, or one that sets it.
    pub(super) fn show_plans(&mut self, lines: &[Line], results: &mut dyn Results) {
        if let Err(e) = self.plans(lines, results) {
            let line = e.line.max(1);
            let _ = results.error(&SqlError { line, ..e });
            let _ = results.done(None);
        }
    }

    fn plans(&mut self, lines: &[Line], results: &mut dyn Results) -> Result<(), SqlError> {
        if switches(lines) {
            let [only] = lines else {
                return Err(error(
                    1067,
                    "The SET SHOWPLAN statements must be the only statements in the batch.",
                ));
            };
            self.showplan = switch(&only.statement) == Some(true);
            let _ = results.done(None);
            return Ok(());
        }
        let mut statements = String::new();
        for (line, id) in lines.iter().zip(1..) {
            let (kind, plan) = match &line.statement {
                Statement::Select(query) => ("SELECT", self.plan(query)?),
                Statement::SetOption(_) => ("SET ON/OFF", String::new()),
                _ => continue,
            };
            let _ = write!(
                statements,
                r#"<StmtSimple StatementId="{id}" StatementType="{kind}">{plan}</StmtSimple>"#
            );
        }
        let document = format!(
            r#"<ShowPlanXML xmlns="{NAMESPACE}" Version="1.564"><BatchSequence><Batch><Statements>{statements}</Statements></Batch></BatchSequence></ShowPlanXML>"#
        );
        let column = Column {
            name: "Microsoft SQL Server 2005 XML Showplan".to_owned(),
            ty: SqlType::NVarChar(Len::Max),
            nullable: true,
            collation: Some(self.catalog()?.collation),
            identity: false,
            computed: false,
        };
        if results.columns(&[column]) == Flow::Continue {
            let _ = results.row(&[Value::Text(document.into_bytes())]);
        }
        let _ = results.done(Some(1));
        Ok(())
    }

    fn plan(&self, query: &Query) -> Result<String, SqlError> {
        let (bound, _) = self.bind(query)?;
        let failed = |e: &rusqlite::Error| crate::engine::storage_error(e);
        let explained = format!("EXPLAIN QUERY PLAN {}", bound.sql);
        let mut statement = self.conn.prepare(&explained).map_err(|e| failed(&e))?;
        let steps = statement
            .query_map([], |row| row.get::<_, String>(3))
            .and_then(Iterator::collect::<rusqlite::Result<Vec<_>>>)
            .map_err(|e| failed(&e))?;
        let mut plan = String::from("<QueryPlan>");
        for (step, node) in steps.iter().zip(0..) {
            let clustered =
                if step.contains("PRIMARY KEY") || !step.contains("USING") { "Clustered " } else { "" };
            let (operator, within) = if step.starts_with("SEARCH") {
                (
                    format!("{clustered}Index Seek"),
                    "<IndexScan><SeekPredicates><SeekPredicateNew/></SeekPredicates></IndexScan>",
                )
            } else if step.starts_with("SCAN") {
                (format!("{clustered}Index Scan"), "<IndexScan/>")
            } else if step.contains("ORDER BY") {
                ("Sort".to_owned(), "<Sort/>")
            } else {
                continue;
            };
            let _ = write!(
                plan,
                r#"<RelOp NodeId="{node}" PhysicalOp="{operator}" LogicalOp="{operator}">{within}</RelOp>"#
            );
        }
        plan.push_str("</QueryPlan>");
        Ok(plan)
    }
}
