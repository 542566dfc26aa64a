//! Conversions of what is no constant: implicit ones, CAST and CONVERT, and those to the type of a column.

use super::constant::Value;
use super::moment::Moment;
use super::node::{Blanks, Level, Node};
use super::types::{Text, Ty};
use super::walk::{Gap, Walk};
use super::{Result, ScopeColumn, functions, refuse};
use crate::model::types::SourceType;
use sqlparser::ast::{DataType, Expr};

impl Walk<'_> {
    /// A text with the trailing blanks that the source's value has.
    pub(super) fn text(&mut self, node: &Node) -> Result<Node> {
        if node.cased {
            return refuse("UPPER and LOWER of letters beyond ASCII depend on the target's locale");
        }
        match node.blanks {
            Blanks::Kept => {}
            Blanks::Units => self.gap(Gap::Units)?,
            Blanks::Lost => {
                return refuse(
                    "how many trailing blanks a char of several bytes has is not known in the target",
                );
            }
        }
        Ok(Node { loose: None, blanks: Blanks::Kept, ..node.clone() })
    }

    /// As a value of `to`, by an implicit conversion.
    pub(super) fn coerce(&mut self, node: &Node, to: &Ty) -> Result<Node> {
        self.converted(node, to, false)
    }

    fn converted(&mut self, node: &Node, to: &Ty, explicit: bool) -> Result<Node> {
        let from = &node.ty;
        if let Some(value) = &node.value {
            if from.is_money()
                && to.is_integer()
                && !matches!(value.convert(&Ty::Decimal { precision: 38, scale: 0 }, true), Ok(whole) if whole.convert(from, true).as_ref() == Ok(value))
            {
                return refuse("money with a fraction as a whole number: how it is rounded is not sure");
            }
            if from.is_money() && matches!(to, Ty::Text(_)) {
                return refuse("money as text: the source writes two digits of four");
            }
            return Ok(Node::constant(value.convert(to, explicit)?, to.clone()));
        }
        if from == to {
            return Ok(node.clone());
        }
        match (from, to) {
            (Ty::Bit, to) if to.digits().is_some() || to.is_float() => {
                let number = node.cast("integer", Ty::Int);
                self.converted(&number, to, explicit)
            }
            (from, Ty::Bit) if from.is_exact() => {
                let sql = format!("{} <> 0", node.at(Level::Operator));
                Ok(Node::new(sql, Level::Compare, Ty::Bit).from(&[node]))
            }
            (_, Ty::TinyInt) => refuse(format!("{from} as tinyint: PostgreSQL does not check 0 to 255")),
            (from, to)
                if from.is_integer() && (to.is_integer() || to.is_float() || to.digits().is_some()) =>
            {
                if *from == Ty::TinyInt && *to == Ty::SmallInt {
                    return Ok(node.retyped(to.clone()));
                }
                Ok(node.cast(&to.target(), to.clone()))
            }
            (Ty::Decimal { .. } | Ty::Float | Ty::Real, to) if to.is_integer() => {
                let cut = super::node::call("trunc", &[node], Ty::Null);
                Ok(cut.cast(&to.target(), to.clone()))
            }
            (Ty::Real, Ty::Float) | (Ty::Float, Ty::Real) => Ok(node.cast(&to.target(), to.clone())),
            (from, to) if from.is_exact() && (to.is_money() || matches!(to, Ty::Decimal { .. })) => {
                decimals(node, to)
            }
            (from, to) if from.is_float() && to.digits().is_some() || from.is_exact() && to.is_float() => {
                refuse(format!("{from} as {to}: how it is rounded is not sure"))
            }
            (Ty::Text(from), Ty::Text(to)) => self.retext(node, from, to),
            (_, Ty::Text(text)) => self.as_text(node, text, None),
            (from, to) if from.rank() >= 15 && to.rank() >= 15 => super::dates::times(node, to),
            (from, to) => refuse(format!("{from} as {to} has no counterpart that is known")),
        }
    }

    /// Text as text of another length or kind.
    fn retext(&mut self, node: &Node, from: &Text, to: &Text) -> Result<Node> {
        if from.unicode && !to.unicode {
            return refuse("nvarchar as varchar: the source replaces what its code page does not have");
        }
        let fits = to.length.is_none_or(|to| from.length.is_some_and(|from| from <= to));
        let ty = Ty::Text(Text {
            collation: from.collation.clone().or_else(|| to.collation.clone()),
            ..to.clone()
        });
        if fits && !to.fixed {
            return Ok(Node { ty, ..node.clone() });
        }
        let mut result = self.text(node)?;
        let length = to.length.unwrap_or(0);
        if from.counts_units()
            || (!from.unicode && from.collation.as_ref().is_some_and(|own| !own.single_byte()))
        {
            self.gap(Gap::Units)?;
        }
        if !fits {
            result = Node::atom(format!("left({}, {length})", result.sql), ty.clone()).from(&[node]);
        }
        if to.fixed {
            result = Node::atom(format!("rpad({}, {length})", result.sql), ty.clone()).from(&[node]);
        }
        Ok(Node { ty, ..result })
    }

    /// A number, date or uniqueidentifier as text.
    fn as_text(&mut self, node: &Node, to: &Text, style: Option<u16>) -> Result<Node> {
        let length = to.length.unwrap_or(u32::MAX);
        let ty = Ty::Text(to.clone());
        let (shown, widest) = match &node.ty {
            Ty::TinyInt => (node.cast("text", ty.clone()), 3),
            Ty::SmallInt => (node.cast("text", ty.clone()), 6),
            Ty::Int => (node.cast("text", ty.clone()), 11),
            Ty::BigInt => (node.cast("text", ty.clone()), 20),
            Ty::Bit => (node.cast("integer", Ty::Int).cast("text", ty.clone()), 1),
            Ty::Decimal { precision, .. } => {
                (node.cast(&node.ty.target(), Ty::Null).cast("text", ty.clone()), u32::from(*precision) + 2)
            }
            Ty::Guid => {
                let text = node.cast("text", Ty::Null);
                (Node::atom(format!("upper({})", text.sql), ty.clone()).from(&[node]), 36)
            }
            Ty::Date | Ty::DateTime | Ty::SmallDateTime | Ty::DateTime2(_) => {
                let (shown, width) = self.date_as_text(node, length, style)?;
                let shown = Node { ty: ty.clone(), ..shown };
                if width == length {
                    return Ok(shown);
                }
                (shown, 0)
            }
            from => return refuse(format!("{from} as text: how the source writes it is not the same")),
        };
        let mut shown = shown;
        if widest > length {
            if !matches!(node.ty, Ty::TinyInt | Ty::SmallInt | Ty::Int) || to.unicode {
                // The source fails, so that no row has such a value.
                self.note("a value that is too long as text is no error here");
            } else {
                // Documented: an asterisk.
                let sql = shown.sql.clone();
                shown = Node::atom(
                    format!("CASE WHEN char_length({sql}) <= {length} THEN {sql} ELSE '*' END"),
                    ty.clone(),
                )
                .from(&[node]);
            }
        }
        if to.fixed {
            shown = Node::atom(format!("rpad({}, {length})", shown.sql), ty).from(&[node]);
        }
        Ok(shown)
    }

    /// CAST and CONVERT.
    pub(super) fn explicit(&mut self, expr: &Expr, ty: &DataType, styles: &[Expr]) -> Result<Node> {
        let mut to = Ty::declared(ty)?;
        if styles.is_empty()
            && let Some(node) = functions::floor_of_float(self, expr, &to)?
        {
            return Ok(node);
        }
        let node = self.value(expr)?;
        if let (Ty::Text(to), Ty::Text(from)) = (&mut to, &node.ty) {
            to.collation.clone_from(&from.collation);
        }
        let style = match styles {
            [] => None,
            [style] => match self.value(style)?.whole().and_then(|style| u16::try_from(style).ok()) {
                Some(style) => Some(style),
                None => return refuse("the style of CONVERT is no constant"),
            },
            _ => return refuse("CONVERT with more than one style"),
        };
        // 0 is the default; what dates it fits is the same as without it.
        let style = style.filter(|style| *style != 0);
        if matches!(node.value, Some(Value::Null)) || style.is_none() {
            return self.converted(&node, &to, true);
        }
        match (&node.value, &node.ty, &to) {
            (Some(Value::Text(text)), _, to) if to.rank() >= 15 => {
                Ok(Node::constant(Value::Moment(Moment::parse(text, to, style)?), to.clone()))
            }
            (None, Ty::Date | Ty::DateTime | Ty::SmallDateTime | Ty::DateTime2(_), Ty::Text(text)) => {
                self.as_text(&node, text, style)
            }
            // A style says nothing of whole numbers and decimals.
            (_, from, to) if from.rank() >= 15 && to.rank() >= 15 => self.converted(&node, to, true),
            (_, from, to) if from.digits().is_some() && !from.is_money() && to.digits().is_some() => {
                self.converted(&node, to, true)
            }
            (_, from, to) => refuse(format!("{from} as {to} with a style is not known")),
        }
    }

    /// The value that a DEFAULT gives this column.
    pub(super) fn assigned(&mut self, node: &Node, column: ScopeColumn<'_>) -> Result<Node> {
        if node.is_null() {
            return Ok(Node::atom("NULL", Ty::Null));
        }
        let ty = Ty::of_column(column.source_type);
        let family = column.target_type.split('(').next().unwrap_or_default().trim();
        let natural = ty.target();
        let natural = natural.split('(').next().unwrap_or_default();
        let as_number = ty == Ty::Bit && matches!(family, "smallint" | "integer" | "bigint");
        let assignable = match &ty {
            Ty::Opaque(name) if name == "sql_variant" => {
                return super::odd::variant(node, family);
            }
            Ty::Opaque(_) | Ty::Null | Ty::Predicate => false,
            Ty::Xml => matches!(family, "xml" | "text"),
            Ty::Json => matches!(family, "json" | "jsonb" | "text"),
            Ty::Text(_) => matches!(family, "varchar" | "text" | "char" | "citext" | "bpchar" | "character"),
            ty if ty.is_integer() => matches!(family, "smallint" | "integer" | "bigint" | "numeric"),
            _ => as_number || family == natural,
        };
        if !assignable {
            return refuse(format!(
                "a default of a column that is {ty} on the source and {} in the target",
                column.target_type
            ));
        }
        let node = match (&node.ty, &ty) {
            // The column's length is checked by both servers.
            (Ty::Text(from), Ty::Text(to)) if node.value.is_none() => {
                if from.unicode && !to.unicode && !node.now {
                    self.note(
                        "the source would replace characters that the column's code page does not have",
                    );
                }
                self.text(node)?
            }
            // What does not fit is an error of both.
            (from, Ty::SmallInt | Ty::Int | Ty::BigInt) if from.is_integer() && node.value.is_none() => {
                node.clone()
            }
            _ => self.coerce(node, &ty)?,
        };
        let Some(value) = &node.value else {
            let node = if as_number { node.cast("integer", Ty::Int) } else { node };
            // What DEFAULT takes without parentheses.
            let plain = matches!(node.level, Level::Operator | Level::Sum | Level::Product)
                || node.level >= Level::Sign;
            return Ok(if plain { node } else { Node { sql: format!("({})", node.sql), ..node } });
        };
        let shown = match value {
            Value::Bit(bit) if as_number => u8::from(*bit).to_string(),
            value => value.literal(),
        };
        Ok(Node { sql: shown, ..node })
    }

    /// The value of a computed column, which has the type that is inferred for it, or something was misunderstood.
    pub(super) fn generated(&mut self, node: &Node, source: &SourceType, target: &str) -> Result<Node> {
        let ty = Ty::of_column(source);
        let same = match (&node.ty, &ty) {
            (Ty::Text(own), Ty::Text(declared)) => own.unicode == declared.unicode,
            (Ty::Decimal { scale, .. }, Ty::Decimal { scale: declared, .. }) => scale <= declared,
            (own, declared) => {
                own == declared && !matches!(own, Ty::Opaque(_) | Ty::Json | Ty::Xml | Ty::Binary { .. })
            }
        };
        if !same {
            return refuse(format!("its type would be {}, and is {source} in the catalog", node.ty));
        }
        let family = target.split('(').next().unwrap_or_default().trim();
        let natural = ty.target();
        let fits = match &ty {
            Ty::Text(_) => matches!(family, "varchar" | "text" | "char" | "citext" | "bpchar" | "character"),
            _ => natural.split('(').next() == Some(family),
        };
        if !fits {
            return refuse(format!("it is {source} on the source and {target} in the target"));
        }
        self.text(node)
    }
}

/// Decimals and money: exact if the digits suffice; a decimal is rounded half away from zero by both servers.
fn decimals(node: &Node, to: &Ty) -> Result<Node> {
    let ((p, s), (q, t)) = (node.ty.digits().unwrap_or((38, 0)), to.digits().unwrap_or((38, 0)));
    if t >= s && q - t >= p - s {
        return Ok(node.retyped(to.clone()));
    }
    if t < s && (node.ty.is_money() || to.is_money()) {
        return refuse(format!("{} as {to}: how it is rounded is not sure", node.ty));
    }
    if *to == Ty::Money || *to == Ty::SmallMoney {
        return refuse(format!("{} as {to}: PostgreSQL does not check its range", node.ty));
    }
    Ok(node.cast(&to.target(), to.clone()))
}
