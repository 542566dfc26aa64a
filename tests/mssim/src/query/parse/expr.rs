//! Expressions and predicates.

use crate::results::SqlError;

use super::super::ast::{Call, Cast, Expr};
use super::super::error::unknown;
use super::super::lex::Kind;
use super::Parser;

impl Parser<'_> {
    pub(super) fn expr_list(&mut self) -> Result<Vec<Expr>, SqlError> {
        let mut list = vec![self.expr()?];
        while self.op(",") {
            list.push(self.expr()?);
        }
        Ok(list)
    }

    /// A predicate: OR of AND of NOT of comparisons.
    pub(in crate::query) fn predicate(&mut self) -> Result<Expr, SqlError> {
        let mut left = self.and()?;
        while self.word("OR") {
            left = Expr::Or(Box::new(left), Box::new(self.and()?));
        }
        Ok(left)
    }

    fn and(&mut self) -> Result<Expr, SqlError> {
        let mut left = self.not()?;
        while self.word("AND") {
            left = Expr::And(Box::new(left), Box::new(self.not()?));
        }
        Ok(left)
    }

    fn not(&mut self) -> Result<Expr, SqlError> {
        if self.word("NOT") {
            return Ok(Expr::Not(Box::new(self.not()?)));
        }
        if self.word("EXISTS") {
            self.expect_op("(")?;
            let query = self.query()?;
            self.expect_op(")")?;
            return Ok(Expr::Exists(Box::new(query)));
        }
        if self.is_op(0, "(") {
            // Either a predicate in parentheses or an expression in parentheses with a comparison after it.
            let start = self.at;
            self.at += 1;
            if let Ok(inner) = self.predicate()
                && is_predicate(&inner)
                && self.op(")")
            {
                return Ok(inner);
            }
            self.at = start;
        }
        self.comparison()
    }

    fn comparison(&mut self) -> Result<Expr, SqlError> {
        let left = self.expr()?;
        for (written, op) in [
            ("=", "="),
            ("<>", "<>"),
            ("!=", "<>"),
            ("<=", "<="),
            (">=", ">="),
            ("!<", ">="),
            ("!>", "<="),
            ("<", "<"),
            (">", ">"),
        ] {
            if self.op(written) {
                if self.peek("ANY") || self.peek("ALL") || self.peek("SOME") {
                    return Err(unknown("comparisons with ANY, ALL, SOME"));
                }
                return Ok(Expr::Compare(op, Box::new(left), Box::new(self.expr()?)));
            }
        }
        if self.word("IS") {
            let not = self.word("NOT");
            self.expect_word("NULL")?;
            return Ok(negate(not, Expr::IsNull(Box::new(left))));
        }
        let not = self.word("NOT");
        if self.word("BETWEEN") {
            let low = self.expr()?;
            self.expect_word("AND")?;
            let high = self.expr()?;
            return Ok(negate(not, Expr::Between(Box::new(left), Box::new(low), Box::new(high))));
        }
        if self.word("IN") {
            self.expect_op("(")?;
            let found = if self.peek("SELECT") || self.peek("WITH") {
                Expr::InQuery(Box::new(left), Box::new(self.query()?))
            } else {
                Expr::InList(Box::new(left), self.expr_list()?)
            };
            self.expect_op(")")?;
            return Ok(negate(not, found));
        }
        if self.word("LIKE") {
            let pattern = Box::new(self.expr()?);
            let escape = if self.word("ESCAPE") { Some(Box::new(self.expr()?)) } else { None };
            return Ok(negate(not, Expr::Like { text: Box::new(left), pattern, escape }));
        }
        if not { Err(self.near()) } else { Ok(left) }
    }

    /// A value: sums of products of factors.
    pub(in crate::query) fn expr(&mut self) -> Result<Expr, SqlError> {
        let mut left = self.product()?;
        loop {
            let found = ["+", "-", "&", "|", "^"].into_iter().find(|op| self.op(op));
            let Some(op) = found else { return Ok(left) };
            left = Expr::Binary(op, Box::new(left), Box::new(self.product()?));
        }
    }

    fn product(&mut self) -> Result<Expr, SqlError> {
        let mut left = self.unary()?;
        loop {
            let found = ["*", "/", "%"].into_iter().find(|op| self.op(op));
            let Some(op) = found else { return Ok(left) };
            left = Expr::Binary(op, Box::new(left), Box::new(self.unary()?));
        }
    }

    fn unary(&mut self) -> Result<Expr, SqlError> {
        if self.op("-") {
            return Ok(match self.unary()? {
                Expr::Number(n) if !n.starts_with('-') => Expr::Number(format!("-{n}")),
                inner => Expr::Minus(Box::new(inner)),
            });
        }
        if self.op("+") {
            return self.unary();
        }
        if self.op("~") {
            return Ok(Expr::BitNot(Box::new(self.unary()?)));
        }
        let mut value = self.primary()?;
        while self.word("COLLATE") {
            value = Expr::Collate(Box::new(value), self.name()?);
        }
        if self.peek("AT") && self.is_word(1, "TIME") {
            return Err(unknown("AT TIME ZONE"));
        }
        Ok(value)
    }

    fn primary(&mut self) -> Result<Expr, SqlError> {
        let value = match self.kind_at(0).clone() {
            Kind::Number(n) => Expr::Number(n),
            Kind::Text(t, national) => Expr::Text(t, national),
            Kind::Hex(h) => Expr::Hex(h),
            Kind::Variable(v) => Expr::Variable(v),
            Kind::Op("(") => return self.parenthesised(),
            Kind::Word(w) => return self.word_value(&w),
            Kind::Quoted(_) => return self.named(),
            _ => return Err(self.near()),
        };
        self.at += 1;
        Ok(value)
    }

    fn parenthesised(&mut self) -> Result<Expr, SqlError> {
        self.expect_op("(")?;
        let inner = if self.peek("SELECT") || self.peek("WITH") {
            Expr::Subquery(Box::new(self.query()?))
        } else {
            self.expr()?
        };
        self.expect_op(")")?;
        Ok(inner)
    }

    fn word_value(&mut self, word: &str) -> Result<Expr, SqlError> {
        let upper = word.to_ascii_uppercase();
        let call = self.is_op(1, "(");
        match upper.as_str() {
            "NULL" => {
                self.at += 1;
                Ok(Expr::Null)
            }
            "CASE" => self.case(),
            "CAST" | "TRY_CAST" if call => self.cast(upper == "TRY_CAST"),
            "CONVERT" | "TRY_CONVERT" if call => self.convert(upper == "TRY_CONVERT"),
            "IIF" if call => self.iif(),
            "CURRENT_TIMESTAMP" | "CURRENT_USER" | "SESSION_USER" | "SYSTEM_USER" | "USER" if !call => {
                self.at += 1;
                Ok(Expr::Call(Box::new(plain_call(vec![upper], Vec::new()))))
            }
            "SELECT" | "FROM" | "WHERE" | "AND" | "OR" | "ORDER" | "GROUP" | "WHEN" | "THEN" | "END"
            | "AS" => Err(self.near()),
            _ => self.named(),
        }
    }

    fn case(&mut self) -> Result<Expr, SqlError> {
        self.at += 1;
        let operand = if self.peek("WHEN") { None } else { Some(Box::new(self.expr()?)) };
        let mut whens = Vec::new();
        while self.word("WHEN") {
            let when = if operand.is_some() { self.expr()? } else { self.predicate()? };
            self.expect_word("THEN")?;
            whens.push((when, self.expr()?));
        }
        let otherwise = if self.word("ELSE") { Some(Box::new(self.expr()?)) } else { None };
        self.expect_word("END")?;
        if whens.is_empty() {
            return Err(self.near());
        }
        Ok(Expr::Case { operand, whens, otherwise })
    }

    fn iif(&mut self) -> Result<Expr, SqlError> {
        self.at += 2;
        let condition = self.predicate()?;
        self.expect_op(",")?;
        let then = self.expr()?;
        self.expect_op(",")?;
        let otherwise = Some(Box::new(self.expr()?));
        self.expect_op(")")?;
        Ok(Expr::Case { operand: None, whens: vec![(condition, then)], otherwise })
    }

    fn cast(&mut self, attempt: bool) -> Result<Expr, SqlError> {
        self.at += 2;
        let value = self.expr()?;
        self.expect_word("AS")?;
        let ty = self.type_name()?;
        self.expect_op(")")?;
        Ok(Expr::Cast(Box::new(Cast { value, ty, style: None, attempt })))
    }

    fn convert(&mut self, attempt: bool) -> Result<Expr, SqlError> {
        self.at += 2;
        let ty = self.type_name()?;
        self.expect_op(",")?;
        let value = self.expr()?;
        let style = if self.op(",") { Some(self.expr()?) } else { None };
        self.expect_op(")")?;
        Ok(Expr::Cast(Box::new(Cast { value, ty, style, attempt })))
    }

    fn named(&mut self) -> Result<Expr, SqlError> {
        let name = self.dotted()?;
        if !self.op("(") {
            return Ok(Expr::Column(name));
        }
        let mut call = plain_call(name, Vec::new());
        if self.op("*") {
            call.star = true;
        } else if !self.is_op(0, ")") {
            call.distinct = self.word("DISTINCT");
            if !call.distinct {
                self.word("ALL");
            }
            call.args = self.expr_list()?;
        }
        self.expect_op(")")?;
        if self.peek("WITHIN") && self.is_word(1, "GROUP") {
            self.at += 2;
            self.expect_op("(")?;
            self.expect_word("ORDER")?;
            self.expect_word("BY")?;
            call.within = self.order_list()?;
            self.expect_op(")")?;
        }
        if self.peek("OVER") && self.is_op(1, "(") {
            self.at += 2;
            let mut partition = Vec::new();
            if self.word("PARTITION") {
                self.expect_word("BY")?;
                partition = self.expr_list()?;
            }
            let mut order = Vec::new();
            if self.word("ORDER") {
                self.expect_word("BY")?;
                order = self.order_list()?;
            }
            self.expect_op(")")?;
            call.over = Some((partition, order));
        }
        Ok(Expr::Call(Box::new(call)))
    }
}

fn plain_call(name: Vec<String>, args: Vec<Expr>) -> Call {
    Call { name, args, star: false, distinct: false, over: None, within: Vec::new() }
}

fn negate(not: bool, inner: Expr) -> Expr {
    if not { Expr::Not(Box::new(inner)) } else { inner }
}

pub(in crate::query) fn is_predicate(e: &Expr) -> bool {
    matches!(
        e,
        Expr::Compare(..)
            | Expr::And(..)
            | Expr::Or(..)
            | Expr::Not(_)
            | Expr::Between(..)
            | Expr::InList(..)
            | Expr::InQuery(..)
            | Expr::Like { .. }
            | Expr::IsNull(_)
            | Expr::Exists(_)
    )
}
