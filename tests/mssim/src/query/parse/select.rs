//! Queries.

use crate::results::SqlError;

use super::super::ast::{Body, Cte, Expr, Item, Order, Query, Select};
use super::super::error::unknown;
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
        let assigns = ["=", "+=", "-="].iter().any(|op| self.is_op(1, op));
        if matches!(self.kind_at(0), Kind::Variable(_)) && assigns {
            let name = self.variable()?;
            let value = self.assigned(&name)?;
            return Ok(Item::Assign(name, value));
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

    pub(super) fn alias(&mut self, text: bool) -> Result<Option<String>, SqlError> {
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

    pub(super) fn name_list(&mut self) -> Result<Vec<String>, SqlError> {
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
}
