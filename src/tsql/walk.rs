//! The tree, from its leaves: names, constants, and which part is translated where.

use super::constant::Value;
use super::node::{Blanks, Level, Node};
use super::types::{Text, Ty};
use super::{Purpose, Result, ScopeColumn, Translated, functions, refuse};
use crate::model::code_page::CodePage;
use crate::model::names::{ColumnName, TableName};
use sqlparser::ast::{
    BinaryOperator, Expr, FunctionArg, FunctionArgExpr, FunctionArguments, Ident, UnaryOperator,
};
use sqlparser::ast::{CastKind, Value as Parsed};
use std::collections::BTreeSet;

/// Deeper than any text of a user, and far from the end of a thread's stack. Chains of AND and OR do not count.
const DEPTH: usize = 120;

/// A difference: PostgreSQL and SQL Server agree for all but some values. A generated column, whose values must be those
/// of the source, is refused for it; of a check or an index it is said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Gap {
    /// Equality by a collation, decided by ASCII letters.
    Folding,
    /// Positions and lengths of text in UTF-16 units.
    Units,
    /// Ranges of letters in patterns.
    Range,
}

impl Gap {
    pub(super) fn note(self) -> &'static str {
        match self {
            Self::Folding => {
                "texts are compared by ASCII letters: what else the source's collation takes for equal to them (full width, ligatures) or does not see (zero width) is different here"
            }
            Self::Units => "characters beyond U+FFFF count as one here, as two on the source",
            Self::Range => {
                "a range of letters has those with accents that the source's collation puts between its ends; here every character beyond ASCII passes"
            }
        }
    }
}

/// Translates one expression.
pub(super) struct Walk<'t> {
    pub(super) purpose: Purpose<'t>,
    scope: &'t [ScopeColumn<'t>],
    sequences: &'t dyn Fn(&TableName) -> Option<TableName>,
    /// The code page of the source's database; None: not known.
    pub(super) database: Option<CodePage>,
    used: BTreeSet<ColumnName>,
    used_sequences: BTreeSet<TableName>,
    notes: Vec<String>,
    /// Within an odd number of NOT.
    pub(super) negated: bool,
    depth: usize,
}

impl<'t> Walk<'t> {
    pub(super) fn new(
        purpose: Purpose<'t>,
        scope: &'t [ScopeColumn<'t>],
        sequences: &'t dyn Fn(&TableName) -> Option<TableName>,
    ) -> Self {
        let (used, used_sequences) = (BTreeSet::new(), BTreeSet::new());
        Self {
            purpose,
            scope,
            sequences,
            database: None,
            used,
            used_sequences,
            notes: Vec::new(),
            negated: false,
            depth: 0,
        }
    }

    pub(super) fn finish(self, node: Node) -> Translated {
        Translated {
            sql: node.sql,
            volatility: node.volatility,
            columns: self.used,
            sequences: self.used_sequences,
            notes: self.notes,
        }
    }

    pub(super) fn note(&mut self, note: impl Into<String>) {
        let note = note.into();
        if !self.notes.contains(&note) {
            self.notes.push(note);
        }
    }

    /// See [`Gap`].
    pub(super) fn gap(&mut self, gap: Gap) -> Result<()> {
        if matches!(self.purpose, Purpose::Generated { .. }) {
            return refuse(format!("not for every value the same: {}", gap.note()));
        }
        self.note(gap.note());
        Ok(())
    }

    /// A part that is a value.
    pub(super) fn value(&mut self, expr: &Expr) -> Result<Node> {
        let node = self.part(expr)?;
        match node.ty {
            Ty::Predicate => refuse(format!("`{expr}` is a comparison where a value belongs")),
            Ty::Opaque(name) => refuse(format!("nothing is known of a value of type {name} ({expr})")),
            _ => Ok(node),
        }
    }

    /// A part that is true, false or unknown.
    pub(super) fn predicate(&mut self, expr: &Expr) -> Result<Node> {
        let node = self.part(expr)?;
        match node.ty {
            Ty::Predicate => Ok(node),
            _ => refuse(format!("`{expr}` is a value where a comparison belongs")),
        }
    }

    fn part(&mut self, expr: &Expr) -> Result<Node> {
        self.depth += 1;
        if self.depth > DEPTH {
            return refuse("it is nested too deeply");
        }
        let node = self.dispatch(expr);
        self.depth -= 1;
        node
    }

    fn dispatch(&mut self, expr: &Expr) -> Result<Node> {
        match expr {
            Expr::Nested(inner) => self.part(inner),
            Expr::Value(value) => super::literal::literal(&value.value, self.database.as_ref()),
            Expr::Identifier(name) => self.name(name),
            Expr::CompoundIdentifier(parts) => self.qualified(parts),
            Expr::UnaryOp { op, expr } => self.unary(*op, expr),
            Expr::BinaryOp { left, op: BinaryOperator::Minus, right } if is_dollar(left) => {
                // `$-1.5`
                let amount = self.part(right)?;
                match amount.value.as_ref().and_then(Value::negated) {
                    Some(value) => Ok(Node::constant(value.convert(&Ty::Money, true)?, Ty::Money)),
                    None => refuse("`$` without an amount"),
                }
            }
            Expr::BinaryOp { left, op, right } => self.operator(left, op, right),
            Expr::IsNull(inner) => self.is_null(inner, "IS NULL"),
            Expr::IsNotNull(inner) => self.is_null(inner, "IS NOT NULL"),
            Expr::InList { expr, list, negated } => self.in_list(expr, list, *negated),
            Expr::Between { expr, negated, low, high } => self.between(expr, *negated, low, high),
            Expr::Like { negated, any: false, expr, pattern, escape_char } => {
                self.like(expr, pattern, escape_char.as_deref(), *negated)
            }
            Expr::Case { operand, conditions, else_result, .. } => {
                self.case(operand.as_deref(), conditions, else_result.as_deref())
            }
            Expr::Convert { is_try: false, expr, data_type: Some(ty), charset: None, styles, .. } => {
                self.explicit(expr, ty, styles)
            }
            Expr::Cast { kind: CastKind::Cast, expr, data_type, format: None, .. } => {
                self.explicit(expr, data_type, &[])
            }
            Expr::TypedString(text) if text.uses_odbc_syntax => super::literal::odbc(text),
            Expr::AtTimeZone { timestamp, time_zone } => self.at_time_zone(timestamp, time_zone),
            Expr::Collate { expr, collation } => self.collate(expr, &collation.to_string()),
            Expr::Function(function) => {
                let name = function.name.to_string();
                let plain = function.filter.is_none()
                    && function.over.is_none()
                    && function.within_group.is_empty()
                    && !function.uses_odbc_syntax;
                match arguments(&function.args) {
                    Some(arguments) if plain => functions::call(self, &name, &arguments),
                    _ => refuse(format!("{name}: such a call is not known")),
                }
            }
            Expr::Substring { expr, substring_from: Some(from), substring_for: Some(length), .. } => {
                functions::call(self, "substring", &[expr, from, length])
            }
            Expr::Trim { trim_where: None, trim_what: None, expr, trim_characters: None } => {
                functions::call(self, "trim", &[expr])
            }
            Expr::Floor { expr, .. } => functions::call(self, "floor", &[expr]),
            Expr::Convert { is_try: true, .. } | Expr::Cast { .. } => {
                refuse("TRY_CONVERT and TRY_CAST: PostgreSQL has no conversion that fails with NULL")
            }
            other => refuse(format!("`{other}` has no counterpart that is known")),
        }
    }

    /// A column, or one of the functions that have no parentheses.
    fn name(&mut self, name: &Ident) -> Result<Node> {
        if name.quote_style.is_none() {
            if functions::is_bare(&name.value) {
                return functions::call(self, &name.value, &[]);
            }
            if name.value.starts_with('@') {
                return functions::call(self, &name.value, &[]);
            }
        }
        let column = self.column(&name.value)?;
        self.column_value(column)
    }

    /// `[table].[column]`: only the expression's own table can be meant.
    fn qualified(&mut self, parts: &[Ident]) -> Result<Node> {
        let [table, .., column] = parts else { return refuse("a name without parts") };
        if self.find(&table.value).is_some() {
            return refuse(format!("{}: properties of CLR types have no counterpart", table.value));
        }
        let column = self.column(&column.value)?;
        self.column_value(column)
    }

    /// As it is written, or the only one that differs in nothing but case.
    fn find(&self, name: &str) -> Option<ScopeColumn<'t>> {
        let exact = self.scope.iter().find(|column| column.source.as_str() == name);
        let lower = name.to_lowercase();
        let mut alike = self.scope.iter().filter(|column| column.source.as_str().to_lowercase() == lower);
        exact
            .or_else(|| match (alike.next(), alike.next()) {
                (Some(only), None) => Some(only),
                _ => None,
            })
            .copied()
    }

    pub(super) fn column(&mut self, name: &str) -> Result<ScopeColumn<'t>> {
        if matches!(self.purpose, Purpose::Default(_)) {
            return refuse(format!("a default cannot name a column ({name})"));
        }
        let Some(column) = self.find(name) else {
            return refuse(format!("the column {name} is not copied, or there is none"));
        };
        self.used.insert(column.source.clone());
        Ok(column)
    }

    /// The column's value as the source has it.
    fn column_value(&mut self, column: ScopeColumn<'t>) -> Result<Node> {
        let name = column.target.target_sql();
        let ty = Ty::of_column(column.source_type);
        let family = column.target_type.split('(').next().unwrap_or_default().trim();
        let foreign = || {
            refuse(format!(
                "the column {} is {} in the target, where only IS NULL is known to mean the same",
                column.source, column.target_type
            ))
        };
        let plain = Node::atom(name.as_str(), ty.clone());
        let natural = ty.target();
        let natural = natural.split('(').next().unwrap_or_default();
        match &ty {
            Ty::Opaque(_) | Ty::Json | Ty::Xml | Ty::Null | Ty::Predicate => foreign(),
            Ty::Text(text) => match family {
                "varchar" | "text" | "char" | "citext" | "bpchar" | "character" => {
                    Ok(text_column(&name, text, family, &ty))
                }
                _ => foreign(),
            },
            Ty::Bit if matches!(family, "smallint" | "integer") => {
                Ok(Node::new(format!("{name} <> 0"), Level::Compare, ty))
            }
            ty if ty.is_integer()
                && matches!(family, "smallint" | "integer" | "bigint")
                && family != natural =>
            {
                Ok(plain.cast(natural, ty.clone()))
            }
            _ if family == natural => Ok(plain),
            _ => foreign(),
        }
    }

    fn is_null(&mut self, expr: &Expr, test: &str) -> Result<Node> {
        let mut bare = expr;
        while let Expr::Nested(inner) = bare {
            bare = inner;
        }
        // The column itself, whatever its type.
        if let Expr::Identifier(name) = bare
            && (name.quote_style.is_some() || !functions::is_bare(&name.value))
            && !name.value.starts_with('@')
        {
            let column = self.column(&name.value)?;
            let sql = format!("{} {test}", column.target.target_sql());
            return Ok(Node::new(sql, Level::Is, Ty::Predicate));
        }
        let node = self.value(expr)?;
        Ok(Node::new(format!("{} {test}", node.at(Level::Compare)), Level::Is, Ty::Predicate).from(&[&node]))
    }

    fn unary(&mut self, op: UnaryOperator, expr: &Expr) -> Result<Node> {
        match op {
            UnaryOperator::Not => {
                self.negated = !self.negated;
                let node = self.predicate(expr);
                self.negated = !self.negated;
                let node = node?;
                let sql = format!("NOT {}", node.at(Level::Not));
                Ok(Node::new(sql, Level::Not, Ty::Predicate).from(&[&node]))
            }
            UnaryOperator::Plus => self.value(expr),
            UnaryOperator::Minus => self.minus(expr),
            UnaryOperator::BitwiseNot => self.complement(expr),
            other => refuse(format!("the operator {other} has no counterpart")),
        }
    }

    /// The sequence's name in the target.
    pub(super) fn sequence(&mut self, expr: &Expr) -> Result<TableName> {
        let Expr::CompoundIdentifier(parts) = expr else {
            return refuse("NEXT VALUE FOR a sequence without its schema");
        };
        let [schema, name] = parts.as_slice() else {
            return refuse(format!("NEXT VALUE FOR {expr}: a sequence of another database"));
        };
        let name = TableName::new(schema.value.as_str(), name.value.as_str());
        let Some(target) = (self.sequences)(&name) else {
            return refuse(format!("the sequence {name} is not in the target"));
        };
        self.used_sequences.insert(name);
        Ok(target)
    }
}

fn is_dollar(expr: &Expr) -> bool {
    matches!(expr, Expr::Value(value) if matches!(&value.value, Parsed::Placeholder(text) if text == "$"))
}

/// The arguments, if they are expressions and nothing else.
pub(super) fn arguments(arguments: &FunctionArguments) -> Option<Vec<&Expr>> {
    let list = match arguments {
        FunctionArguments::None => return Some(Vec::new()),
        FunctionArguments::Subquery(_) => return None,
        FunctionArguments::List(list) => list,
    };
    if list.duplicate_treatment.is_some() || !list.clauses.is_empty() {
        return None;
    }
    list.args
        .iter()
        .map(|argument| match argument {
            FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) => Some(expr),
            _ => None,
        })
        .collect()
}

/// A column of text: `sql` is the source's value with its trailing blanks, `loose` is shorter and may lack them.
fn text_column(name: &str, text: &Text, family: &str, ty: &Ty) -> Node {
    let plain = if matches!(family, "varchar" | "text") { name.to_owned() } else { format!("{name}::text") };
    let level = if plain == name { Level::Atom } else { Level::Cast };
    if !text.fixed {
        return Node::new(plain, level, ty.clone());
    }
    // PostgreSQL's char loses its blanks on the way to text, and a column mapped to text may have lost them before.
    let single = text.collation.as_ref().is_some_and(super::collation::Collation::single_byte);
    let (blanks, length) = match text.length {
        Some(length) if text.unicode => (Blanks::Units, length),
        Some(length) if single => (Blanks::Kept, length),
        _ => (Blanks::Lost, 0),
    };
    let padded = if blanks == Blanks::Lost { plain.clone() } else { format!("rpad({plain}, {length})") };
    let level = if blanks == Blanks::Lost { level } else { Level::Atom };
    let padded_there = matches!(family, "char" | "bpchar" | "character");
    let loose = if padded_there { plain } else { format!("rtrim({plain})") };
    Node { loose: Some(loose), blanks, ..Node::new(padded, level, ty.clone()) }
}
