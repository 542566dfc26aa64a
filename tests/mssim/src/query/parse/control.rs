//! IF, blocks, RAISERROR, and INSERT of a query.

use crate::results::SqlError;

use super::super::ast::{Expr, Insert, Line, Statement};
use super::super::lex::Kind;
use super::{Parser, STARTS};

impl Parser<'_> {
    /// What `= value` gives a variable, or `+= value` makes of it.
    pub(super) fn assigned(&mut self, name: &str) -> Result<Expr, SqlError> {
        let operator = match (self.op("+="), self.op("-=")) {
            (true, _) => "+",
            (_, true) => "-",
            _ => {
                self.expect_op("=")?;
                return self.expr();
            }
        };
        let before = Expr::Variable(name.to_owned());
        Ok(Expr::Binary(operator, Box::new(before), Box::new(self.expr()?)))
    }

    /// `RAISERROR (message, severity, state, …) [WITH …]`, or the old `RAISERROR number 'message'`.
    pub(super) fn raise_error(&mut self) -> Result<Statement, SqlError> {
        self.at += 1;
        if !self.op("(") {
            let number = self.expr()?;
            let message = self.expr()?;
            return Ok(Statement::Throw(vec![number, message, Expr::Number("1".to_owned())]));
        }
        let said = self.expr_list()?;
        self.expect_op(")")?;
        if self.word("WITH") {
            self.name()?;
            while self.op(",") {
                self.name()?;
            }
        }
        Ok(Statement::RaiseError(said))
    }

    /// INSERT of a query is read here; one of plain values is the loader's.
    pub(super) fn insert(&mut self) -> Result<Statement, SqlError> {
        let start = self.at;
        self.at += 1;
        self.word("INTO");
        let target = self.dotted()?;
        self.hints()?;
        let named = self.is_op(0, "(") && !self.is_word(1, "SELECT") && !self.is_op(1, "(");
        let columns = if named { Some(self.name_list()?) } else { None };
        let query = ["SELECT", "WITH"].iter().any(|w| self.peek(w)) || self.is_op(0, "(");
        if !(query || self.peek("VALUES") && self.has_subquery()) {
            self.at = start;
            return self.other();
        }
        let query = self.query()?;
        Ok(Statement::Insert(Box::new(Insert { target, columns, query })))
    }

    /// Whether a SELECT stands in parentheses before the statement ends.
    fn has_subquery(&self) -> bool {
        let mut depth = 0_i32;
        for token in self.tokens.iter().skip(self.at) {
            match &token.kind {
                Kind::Op("(") => depth += 1,
                Kind::Op(")") => depth -= 1,
                Kind::Word(w) if w.eq_ignore_ascii_case("SELECT") && depth > 0 => return true,
                Kind::Word(w)
                    if depth == 0 && token.first && STARTS.contains(&w.to_ascii_uppercase().as_str()) =>
                {
                    return false;
                }
                Kind::Op(";") if depth == 0 => return false,
                _ => {}
            }
        }
        false
    }

    pub(super) fn if_statement(&mut self) -> Result<Statement, SqlError> {
        self.at += 1;
        let condition = self.predicate()?;
        let then = self.block()?;
        let otherwise = if self.word("ELSE") { self.block()? } else { Vec::new() };
        Ok(Statement::If(condition, then, otherwise))
    }

    pub(super) fn block(&mut self) -> Result<Vec<Line>, SqlError> {
        let not_block = ["TRAN", "TRANSACTION", "TRY"].iter().any(|w| self.is_word(1, w));
        if !self.peek("BEGIN") || not_block {
            return Ok(vec![self.line()?]);
        }
        self.at += 1;
        self.lines_to_end()
    }

    /// Statements up to END, which is taken.
    pub(super) fn lines_to_end(&mut self) -> Result<Vec<Line>, SqlError> {
        let mut lines = Vec::new();
        loop {
            while self.op(";") {}
            if self.word("END") {
                while self.is_op(0, ";") && !self.is_word(1, "ELSE") {
                    self.at += 1;
                }
                return Ok(lines);
            }
            if self.at_end() {
                return Err(self.near());
            }
            lines.push(self.line()?);
        }
    }
}
