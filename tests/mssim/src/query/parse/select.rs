//! Queries.

use crate::results::SqlError;

use super::super::ast::{Body, Cte, Expr, Item, Join, Order, Query, Sample, Select, Source};
use super::super::error::{error, syntax, unknown};
use super::super::lex::Kind;
use super::Parser;

/// Words that cannot be an alias without AS.
const NO_ALIAS: [&str; 45] = [
    "FROM",
    "WHERE",
    "GROUP",
    "HAVING",
    "ORDER",
    "UNION",
    "EXCEPT",
    "INTERSECT",
    "ON",
    "JOIN",
    "INNER",
    "LEFT",
    "RIGHT",
    "FULL",
    "CROSS",
    "OUTER",
    "WITH",
    "OPTION",
    "TABLESAMPLE",
    "OFFSET",
    "FETCH",
    "FOR",
    "SELECT",
    "INSERT",
    "UPDATE",
    "DELETE",
    "SET",
    "DECLARE",
    "IF",
    "ELSE",
    "BEGIN",
    "COMMIT",
    "ROLLBACK",
    "PRINT",
    "EXEC",
    "EXECUTE",
    "USE",
    "CREATE",
    "ALTER",
    "DROP",
    "TRUNCATE",
    "END",
    "INTO",
    "SAVE",
    "PIVOT",
];

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
    pub(in crate::query) fn query(&mut self) -> Result<Query, SqlError> {
        let mut with = Vec::new();
        if self.word("WITH") {
            loop {
                let name = self.name()?;
                let columns = if self.is_op(0, "(") { self.name_list()? } else { Vec::new() };
                self.expect_word("AS")?;
                self.expect_op("(")?;
                let query = self.query()?;
                self.expect_op(")")?;
                with.push(Cte { name, columns, query });
                if !self.op(",") {
                    break;
                }
            }
            if !self.peek("SELECT") && !self.is_op(0, "(") {
                return Err(unknown("WITH before anything but SELECT"));
            }
        }
        let body = self.body()?;
        let order = if self.word("ORDER") {
            self.expect_word("BY")?;
            self.order_list()?
        } else {
            Vec::new()
        };
        let (offset, fetch) = self.paging()?;
        if self.peek("FOR") {
            return Err(unknown("FOR XML, FOR JSON, FOR BROWSE"));
        }
        self.option()?;
        Ok(Query { with, body, order, offset, fetch })
    }

    fn paging(&mut self) -> Result<(Option<Expr>, Option<Expr>), SqlError> {
        if !self.word("OFFSET") {
            return Ok((None, None));
        }
        let offset = self.expr()?;
        if !self.word("ROWS") {
            self.expect_word("ROW")?;
        }
        if !self.word("FETCH") {
            return Ok((Some(offset), None));
        }
        if !self.word("NEXT") {
            self.expect_word("FIRST")?;
        }
        let fetch = self.expr()?;
        if !self.word("ROWS") {
            self.expect_word("ROW")?;
        }
        self.expect_word("ONLY")?;
        Ok((Some(offset), Some(fetch)))
    }

    /// OPTION (…): hints to the optimizer; nothing here has one.
    fn option(&mut self) -> Result<(), SqlError> {
        if !(self.peek("OPTION") && self.is_op(1, "(")) {
            return Ok(());
        }
        self.at += 1;
        let mut depth = 0_i32;
        loop {
            depth += i32::from(self.is_op(0, "(")) - i32::from(self.is_op(0, ")"));
            if self.at_end() {
                return Err(self.near());
            }
            self.at += 1;
            if depth == 0 {
                return Ok(());
            }
        }
    }

    fn body(&mut self) -> Result<Body, SqlError> {
        let mut left = self.body_term()?;
        loop {
            let op = if self.word("UNION") {
                if self.word("ALL") { "UNION ALL" } else { "UNION" }
            } else if self.word("EXCEPT") {
                "EXCEPT"
            } else {
                return Ok(left);
            };
            let right = self.body_term()?;
            left = Body::Set(op, Box::new(left), Box::new(right));
        }
    }

    fn body_term(&mut self) -> Result<Body, SqlError> {
        let mut left = self.body_factor()?;
        while self.word("INTERSECT") {
            left = Body::Set("INTERSECT", Box::new(left), Box::new(self.body_factor()?));
        }
        Ok(left)
    }

    fn body_factor(&mut self) -> Result<Body, SqlError> {
        if self.op("(") {
            let query = self.query()?;
            self.expect_op(")")?;
            return Ok(Body::Query(Box::new(query)));
        }
        if self.word("VALUES") {
            let mut rows = Vec::new();
            loop {
                self.expect_op("(")?;
                rows.push(self.expr_list()?);
                self.expect_op(")")?;
                if !self.op(",") {
                    return Ok(Body::Values(rows));
                }
            }
        }
        Ok(Body::Select(Box::new(self.select()?)))
    }

    fn select(&mut self) -> Result<Select, SqlError> {
        self.expect_word("SELECT")?;
        let mut select = Select { distinct: self.word("DISTINCT"), ..Select::default() };
        self.word("ALL");
        if self.word("TOP") {
            select.top = Some(self.top()?);
        }
        loop {
            select.items.push(self.item()?);
            if !self.op(",") {
                break;
            }
        }
        if self.peek("INTO") {
            return Err(unknown("SELECT … INTO"));
        }
        if self.word("FROM") {
            loop {
                select.from.push(self.source()?);
                if !self.op(",") {
                    break;
                }
            }
        }
        if self.word("WHERE") {
            select.filter = Some(self.predicate()?);
        }
        if self.word("GROUP") {
            self.expect_word("BY")?;
            select.group = self.expr_list()?;
        }
        if self.word("HAVING") {
            select.having = Some(self.predicate()?);
        }
        Ok(select)
    }

    fn top(&mut self) -> Result<Expr, SqlError> {
        let n = if self.op("(") {
            let n = self.expr()?;
            self.expect_op(")")?;
            n
        } else {
            match self.kind_at(0).clone() {
                Kind::Number(n) => {
                    self.at += 1;
                    Expr::Number(n)
                }
                _ => return Err(self.near()),
            }
        };
        if self.peek("PERCENT") || (self.peek("WITH") && self.is_word(1, "TIES")) {
            return Err(unknown("TOP … PERCENT, TOP … WITH TIES"));
        }
        Ok(n)
    }

    fn item(&mut self) -> Result<Item, SqlError> {
        if self.op("*") {
            return Ok(Item::All(Vec::new()));
        }
        if matches!(self.kind_at(0), Kind::Variable(_)) && self.is_op(1, "=") {
            let name = self.variable()?;
            self.at += 1;
            return Ok(Item::Assign(name, self.expr()?));
        }
        if matches!(self.kind_at(0), Kind::Word(_) | Kind::Quoted(_)) {
            if self.is_op(1, "=") {
                let alias = self.name()?;
                self.at += 1;
                return Ok(Item::Expr(self.expr()?, Some(alias)));
            }
            let start = self.at;
            if let Ok(parts) = self.dotted()
                && self.is_op(0, ".")
                && self.is_op(1, "*")
            {
                self.at += 2;
                return Ok(Item::All(parts));
            }
            self.at = start;
        }
        let value = self.expr()?;
        Ok(Item::Expr(value, self.alias(true)?))
    }

    fn alias(&mut self, text: bool) -> Result<Option<String>, SqlError> {
        let explicit = self.word("AS");
        match self.kind_at(0).clone() {
            Kind::Text(t, _) if text => {
                self.at += 1;
                Ok(Some(t))
            }
            Kind::Quoted(w) => {
                self.at += 1;
                Ok(Some(w))
            }
            Kind::Word(w) if explicit || !NO_ALIAS.contains(&w.to_ascii_uppercase().as_str()) => {
                self.at += 1;
                Ok(Some(w))
            }
            _ if explicit => Err(self.near()),
            _ => Ok(None),
        }
    }

    fn name_list(&mut self) -> Result<Vec<String>, SqlError> {
        self.expect_op("(")?;
        let mut names = vec![self.name()?];
        while self.op(",") {
            names.push(self.name()?);
        }
        self.expect_op(")")?;
        Ok(names)
    }

    pub(super) fn order_list(&mut self) -> Result<Vec<Order>, SqlError> {
        let mut items = Vec::new();
        loop {
            let by = self.expr()?;
            let descending = self.word("DESC");
            if !descending {
                self.word("ASC");
            }
            items.push(Order { by, descending });
            if !self.op(",") {
                return Ok(items);
            }
        }
    }

    fn source(&mut self) -> Result<Source, SqlError> {
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
        self.hints()?;
        Ok(Source::Table { name, alias, sample })
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

    fn hints(&mut self) -> Result<(), SqlError> {
        if !(self.peek("WITH") && self.is_op(1, "(")) {
            return Ok(());
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
            self.op(",");
        }
        Ok(())
    }
}
