//! T-SQL text to [`crate::query::ast`]: this file has the cursor and the statements.
//!
//! A batch is split into statements without needing semicolons. What is neither a query nor a session statement is
//! kept as text for the loader.

mod control;
mod expr;
mod from;
mod select;

pub(super) use expr::is_predicate;

use crate::results::SqlError;

use super::ast::{Line, Statement, TypeName};
use super::error::{syntax, unknown};
use super::lex::{Kind, Token, lex};

/// Words that start a statement, so that they end the one before.
const STARTS: [&str; 41] = [
    "SELECT",
    "WITH",
    "INSERT",
    "UPDATE",
    "DELETE",
    "CREATE",
    "ALTER",
    "DROP",
    "TRUNCATE",
    "EXEC",
    "EXECUTE",
    "DECLARE",
    "SET",
    "PRINT",
    "BEGIN",
    "COMMIT",
    "ROLLBACK",
    "SAVE",
    "IF",
    "ELSE",
    "USE",
    "MERGE",
    "END",
    "GO",
    "GRANT",
    "DENY",
    "REVOKE",
    "DISABLE",
    "ENABLE",
    "CHECKPOINT",
    "BACKUP",
    "RAISERROR",
    "RETURN",
    "WHILE",
    "DBCC",
    "BULK",
    "BREAK",
    "CONTINUE",
    "THROW",
    "WAITFOR",
    "GOTO",
];

/// Reads a batch.
///
/// # Errors
/// 102, 105, 113 for what is not T-SQL; 50999 for T-SQL that is not known.
pub fn batch(text: &str) -> Result<Vec<Line>, SqlError> {
    let mut parser = Parser { text, tokens: lex(text)?, at: 0 };
    let mut lines = Vec::new();
    loop {
        while parser.op(";") {}
        if parser.at_end() {
            return Ok(lines);
        }
        lines.push(parser.line()?);
    }
}

pub(super) struct Parser<'t> {
    text: &'t str,
    tokens: Vec<Token>,
    at: usize,
}

impl Parser<'_> {
    fn token(&self) -> &Token {
        &self.tokens[self.at.min(self.tokens.len() - 1)]
    }

    fn kind_at(&self, ahead: usize) -> &Kind {
        self.tokens.get(self.at + ahead).map_or(&Kind::End, |t| &t.kind)
    }

    fn at_end(&self) -> bool {
        self.token().kind == Kind::End
    }

    fn near(&self) -> SqlError {
        let token = self.token();
        let near = self.text.get(token.start..token.end).unwrap_or("");
        SqlError { line: token.line, ..syntax(near) }
    }

    fn is_word(&self, ahead: usize, word: &str) -> bool {
        matches!(self.kind_at(ahead), Kind::Word(w) if w.eq_ignore_ascii_case(word))
    }

    fn peek(&self, word: &str) -> bool {
        self.is_word(0, word)
    }

    /// Takes `word` if it is next.
    fn word(&mut self, word: &str) -> bool {
        let found = self.peek(word);
        self.at += usize::from(found);
        found
    }

    fn expect_word(&mut self, word: &str) -> Result<(), SqlError> {
        if self.word(word) { Ok(()) } else { Err(self.near()) }
    }

    fn is_op(&self, ahead: usize, op: &str) -> bool {
        matches!(self.kind_at(ahead), Kind::Op(o) if *o == op)
    }

    /// Takes `op` if it is next.
    fn op(&mut self, op: &str) -> bool {
        let found = self.is_op(0, op);
        self.at += usize::from(found);
        found
    }

    fn expect_op(&mut self, op: &str) -> Result<(), SqlError> {
        if self.op(op) { Ok(()) } else { Err(self.near()) }
    }

    /// Any identifier.
    fn name(&mut self) -> Result<String, SqlError> {
        let name = match self.kind_at(0) {
            Kind::Word(w) | Kind::Quoted(w) => w.clone(),
            _ => return Err(self.near()),
        };
        self.at += 1;
        Ok(name)
    }

    /// `a.b..c`; an omitted part is empty.
    fn dotted(&mut self) -> Result<Vec<String>, SqlError> {
        let mut parts = vec![self.name()?];
        while self.is_op(0, ".") && !self.is_op(1, "*") {
            self.at += 1;
            parts.push(if self.is_op(0, ".") { String::new() } else { self.name()? });
        }
        Ok(parts)
    }

    fn variable(&mut self) -> Result<String, SqlError> {
        match self.kind_at(0).clone() {
            Kind::Variable(v) => {
                self.at += 1;
                Ok(v)
            }
            _ => Err(self.near()),
        }
    }

    fn line(&mut self) -> Result<Line, SqlError> {
        let line = self.token().line;
        let statement = self.statement()?;
        while self.op(";") {}
        Ok(Line { line, statement })
    }

    fn statement(&mut self) -> Result<Statement, SqlError> {
        let Kind::Word(word) = self.kind_at(0).clone() else {
            return if self.is_op(0, "(") { Ok(Statement::Select(self.query()?)) } else { Err(self.near()) };
        };
        match word.to_ascii_uppercase().as_str() {
            "SELECT" => Ok(Statement::Select(self.query()?)),
            "WITH" => self.with_statement(),
            "SET" => self.set(),
            "DECLARE" => self.declare(),
            "USE" => {
                self.at += 1;
                Ok(Statement::Use(self.name()?))
            }
            "PRINT" => {
                self.at += 1;
                Ok(Statement::Print(self.expr()?))
            }
            "BEGIN" => self.begin(),
            "WHILE" => {
                self.at += 1;
                let condition = self.predicate()?;
                Ok(Statement::While(condition, self.block()?))
            }
            "BREAK" => self.bare(Statement::Break),
            "CONTINUE" => self.bare(Statement::Continue),
            "RETURN" => {
                self.at += 1;
                if !self.at_statement() {
                    self.expr()?;
                }
                Ok(Statement::Return)
            }
            "RAISERROR" => self.raise_error(),
            "THROW" => {
                self.at += 1;
                Ok(Statement::Throw(if self.at_statement() { Vec::new() } else { self.expr_list()? }))
            }
            "EXEC" | "EXECUTE" if self.is_op(1, "(") => {
                self.at += 1;
                Ok(Statement::Execute(self.expr()?))
            }
            "INSERT" => self.insert(),
            "COMMIT" | "ROLLBACK" | "SAVE" => self.transaction(),
            "IF" => self.if_statement(),
            "GOTO" | "WAITFOR" => Err(unknown(word)),
            _ => self.other(),
        }
    }

    /// WITH before a SELECT is a query, before anything else it is the loader's.
    fn with_statement(&mut self) -> Result<Statement, SqlError> {
        Ok(Statement::Select(self.query()?))
    }

    fn begin(&mut self) -> Result<Statement, SqlError> {
        self.at += 1;
        if self.word("TRAN") || self.word("TRANSACTION") {
            self.transaction_name();
            return Ok(Statement::Begin);
        }
        if self.word("TRY") {
            let tried = self.lines_to_end()?;
            self.expect_word("TRY")?;
            while self.op(";") {}
            self.expect_word("BEGIN")?;
            self.expect_word("CATCH")?;
            let caught = self.lines_to_end()?;
            self.expect_word("CATCH")?;
            return Ok(Statement::Try(tried, caught));
        }
        Ok(Statement::Block(self.lines_to_end()?))
    }

    fn bare(&mut self, statement: Statement) -> Result<Statement, SqlError> {
        self.at += 1;
        Ok(statement)
    }

    /// Whether nothing more of a statement can come here.
    fn at_statement(&self) -> bool {
        match self.kind_at(0) {
            Kind::End => true,
            Kind::Op(o) => *o == ";",
            Kind::Word(w) => STARTS.contains(&w.to_ascii_uppercase().as_str()),
            _ => false,
        }
    }

    fn transaction_name(&mut self) -> Option<String> {
        match self.kind_at(0).clone() {
            Kind::Quoted(w) | Kind::Variable(w) => {
                self.at += 1;
                Some(w)
            }
            Kind::Word(w) if !STARTS.contains(&w.to_ascii_uppercase().as_str()) => {
                self.at += 1;
                Some(w)
            }
            _ => None,
        }
    }

    fn transaction(&mut self) -> Result<Statement, SqlError> {
        let verb = self.name()?.to_ascii_uppercase();
        let tran = self.word("TRAN") || self.word("TRANSACTION") || self.word("WORK");
        let name = if tran { self.transaction_name() } else { None };
        Ok(match (verb.as_str(), name) {
            ("COMMIT", _) => Statement::Commit,
            ("ROLLBACK", name) => Statement::Rollback(name),
            (_, Some(name)) if tran => Statement::Save(name),
            _ => return Err(self.near()),
        })
    }

    fn set(&mut self) -> Result<Statement, SqlError> {
        self.at += 1;
        if matches!(self.kind_at(0), Kind::Variable(_)) {
            let name = self.variable()?;
            let value = self.assigned(&name)?;
            return Ok(Statement::SetVariable(name, value));
        }
        let mut words = Vec::new();
        loop {
            let ends = match self.kind_at(0) {
                Kind::End => true,
                Kind::Op(o) => *o == ";",
                Kind::Word(w) => !words.is_empty() && STARTS.contains(&w.to_ascii_uppercase().as_str()),
                _ => false,
            };
            if ends {
                return if words.is_empty() { Err(self.near()) } else { Ok(Statement::SetOption(words)) };
            }
            let token = self.token();
            words.push(match &token.kind {
                Kind::Word(w) => w.to_ascii_uppercase(),
                Kind::Quoted(w) => format!("[{}]", w.replace(']', "]]")),
                _ => self.text.get(token.start..token.end).unwrap_or("").to_owned(),
            });
            self.at += 1;
        }
    }

    fn declare(&mut self) -> Result<Statement, SqlError> {
        self.at += 1;
        let mut variables = Vec::new();
        loop {
            let name = self.variable()?;
            self.word("AS");
            let ty = self.type_name()?;
            if ty.name.eq_ignore_ascii_case("TABLE") {
                return Err(unknown("table variables"));
            }
            let value = if self.op("=") { Some(self.expr()?) } else { None };
            variables.push((name, ty, value));
            if !self.op(",") {
                return Ok(Statement::Declare(variables));
            }
        }
    }

    pub(super) fn type_name(&mut self) -> Result<TypeName, SqlError> {
        let mut name = self.dotted()?.pop().unwrap_or_default();
        if name.eq_ignore_ascii_case("double") && self.word("PRECISION") {
            "float".clone_into(&mut name);
        }
        if matches!(name.to_ascii_lowercase().as_str(), "char" | "varchar" | "nchar") {
            self.word("VARYING");
        }
        let mut args = Vec::new();
        if self.op("(") {
            loop {
                match self.kind_at(0).clone() {
                    Kind::Number(n) => args.push(n),
                    Kind::Word(w) if w.eq_ignore_ascii_case("max") => args.push("max".to_owned()),
                    _ => return Err(self.near()),
                }
                self.at += 1;
                if !self.op(",") {
                    break;
                }
            }
            self.expect_op(")")?;
        }
        Ok(TypeName { name, args })
    }

    /// A statement of the loader: to a `;`, or to a word at the start of a line that starts a statement.
    fn other(&mut self) -> Result<Statement, SqlError> {
        let start = self.token().start;
        let verb = self.name()?.to_ascii_uppercase();
        let module = matches!(verb.as_str(), "CREATE" | "ALTER")
            && ["VIEW", "PROC", "PROCEDURE", "FUNCTION", "TRIGGER", "RULE", "DEFAULT"]
                .iter()
                .any(|w| self.peek(w) || self.is_word(2, w));
        let (mut depth, mut set) = (0_i32, false);
        let database = self.peek("DATABASE");
        loop {
            match self.kind_at(0) {
                Kind::End => break,
                Kind::Op("(") => depth += 1,
                Kind::Op(")") => depth -= 1,
                Kind::Op(";") if depth <= 0 && !module => break,
                Kind::Word(w) if depth <= 0 && !module && self.token().first => {
                    let word = w.to_ascii_uppercase();
                    let inner = match word.as_str() {
                        "SET" => {
                            verb == "UPDATE" && !std::mem::replace(&mut set, true)
                                || verb == "ALTER" && (database || self.is_op(1, "("))
                                || self.is_word_before("DELETE")
                                || self.is_word_before("UPDATE")
                        }
                        "DISABLE" | "ENABLE" | "CHECKPOINT" | "REVOKE" | "GRANT" => {
                            verb == "ALTER" && !database || verb == "GRANT" || self.is_word_before("WITH")
                        }
                        "WITH" => !verb.starts_with("EXEC") && verb != "TRUNCATE",
                        "SELECT" | "EXEC" | "EXECUTE" | "INSERT" | "UPDATE" | "DELETE"
                            if matches!(verb.as_str(), "GRANT" | "DENY" | "REVOKE") =>
                        {
                            self.follows_comma_or(&verb)
                        }
                        "SELECT" | "EXEC" | "EXECUTE" => verb == "INSERT",
                        "ALTER" => verb == "ALTER" && self.is_word(1, "COLUMN"),
                        "DROP" => {
                            let parts = ["COLUMN", "CONSTRAINT", "MEMBER", "PERIOD", "IF"];
                            verb == "ALTER" && parts.iter().any(|w| self.is_word(1, w))
                        }
                        "UPDATE" | "DELETE" => self.is_word_before("ON"),
                        _ => false,
                    };
                    if STARTS.contains(&word.as_str()) && !inner {
                        break;
                    }
                }
                _ => {}
            }
            self.at += 1;
        }
        let end = self.token().start;
        Ok(Statement::Other(self.text.get(start..end).unwrap_or("").trim_end().to_owned()))
    }

    /// Whether this goes on with a list, or with what the verb begins.
    fn follows_comma_or(&self, verb: &str) -> bool {
        let before = self.at.checked_sub(1).and_then(|at| self.tokens.get(at));
        before.is_some_and(|t| t.kind == Kind::Op(",")) || self.is_word_before(verb)
    }

    fn is_word_before(&self, word: &str) -> bool {
        let before = self.at.checked_sub(1).and_then(|at| self.tokens.get(at));
        before.is_some_and(|t| matches!(&t.kind, Kind::Word(w) if w.eq_ignore_ascii_case(word)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_needs_no_semicolons() {
        let lines = batch(
            "SET NOCOUNT ON SET TRANSACTION ISOLATION LEVEL SNAPSHOT BEGIN TRAN\nSELECT 1\nINSERT INTO t\nVALUES (1)\nUPDATE t\nSET a = 2;COMMIT TRAN",
        )
        .expect("parses");
        let kinds: Vec<String> = lines
            .iter()
            .map(|l| match &l.statement {
                Statement::SetOption(words) => words.join(" "),
                Statement::Other(text) => text.clone(),
                other => format!("{other:?}").chars().take(6).collect(),
            })
            .collect();
        assert_eq!(
            kinds,
            [
                "NOCOUNT ON",
                "TRANSACTION ISOLATION LEVEL SNAPSHOT",
                "Begin",
                "Select",
                "INSERT INTO t\nVALUES (1)",
                "UPDATE t\nSET a = 2",
                "Commit"
            ]
        );
        assert_eq!(lines[3].line, 2);
    }

    #[test]
    fn dirty_reads_are_refused() {
        for sql in ["SELECT * FROM t WITH (NOLOCK)", "SELECT * FROM t WITH (READUNCOMMITTED, INDEX(1))"] {
            let e = batch(sql).expect_err(sql);
            assert!(e.message.contains("may never"), "{e}");
        }
        assert!(batch("SELECT a FROM t WITH (TABLOCK, HOLDLOCK) OPTION (MAXDOP 1, RECOMPILE)").is_ok());
    }
}
