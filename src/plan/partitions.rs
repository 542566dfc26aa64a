//! Partitioned tables of the source as `PARTITION BY RANGE` in the target, where the two mean the same. Pure.

use crate::model::base_type::BaseType;
use crate::model::objects::PartitionedTable;
use crate::model::plan::Partitioning;
use crate::model::plan::PlannedTable;

/// What the target's partitions are.
///
/// # Errors
/// Why the table becomes a plain one.
pub fn partitioning(source: &PartitionedTable, table: &PlannedTable) -> Result<Partitioning, String> {
    let column = &source.column;
    let Some(planned) = table.columns.iter().find(|planned| planned.source == *column) else {
        return Err(format!("its partition column {column} is not copied"));
    };
    if planned.mask.is_some() || planned.map.is_some() {
        return Err(format!("its partition column {column} gets other values or another type"));
    }
    if !table.primary_key.is_empty() && !table.primary_key.contains(column) {
        return Err(format!(
            "its primary key does not have the partition column {column}, which PostgreSQL demands"
        ));
    }
    let mut bounds = Vec::with_capacity(source.bounds.len());
    for bound in &source.bounds {
        let Some(text) = bound else { return Err("one of its bounds is NULL".to_owned()) };
        bounds.push(literal(&planned.source_type.name, text)?);
    }
    if bounds.is_empty() {
        return Err("it has one partition only".to_owned());
    }
    Ok(Partitioning { column: column.clone(), bounds, right: source.right })
}

/// PostgreSQL's literal of a bound.
fn literal(ty: &BaseType, text: &str) -> Result<String, String> {
    let text = text.trim();
    use BaseType as B;
    match ty {
        B::TinyInt
        | B::SmallInt
        | B::Int
        | B::BigInt
        | B::Decimal
        | B::Numeric
        | B::Money
        | B::SmallMoney => {
            let digits = text.strip_prefix('-').unwrap_or(text);
            let number = digits.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.')
                && digits.bytes().any(|byte| byte.is_ascii_digit())
                && digits.bytes().filter(|byte| *byte == b'.').count() <= 1;
            if number { Ok(text.to_owned()) } else { Err("one of its bounds is no number".to_owned()) }
        }
        B::Date | B::SmallDateTime | B::DateTime | B::DateTime2 => moment(text),
        B::Char | B::VarChar | B::NChar | B::NVarChar => {
            Err("its bounds are texts, which the two servers do not order alike".to_owned())
        }
        B::UniqueIdentifier => {
            Err("its bounds are uniqueidentifiers, which the two servers do not order alike".to_owned())
        }
        _ => Err(format!("its bounds are {ty}")),
    }
}

/// By style 121: `2024-01-31 10:20:30.1234567`; a seventh digit that is 0 is left out.
fn moment(text: &str) -> Result<String, String> {
    let known = text.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'-' | b':' | b'.' | b' '));
    if !known || text.is_empty() {
        return Err("one of its bounds is no date or time".to_owned());
    }
    let Some((whole, rest)) = text.split_once('.') else { return Ok(format!("'{text}'")) };
    let (kept, beyond) = rest.split_at(rest.len().min(6));
    if beyond.bytes().any(|byte| byte != b'0') {
        return Err(
            "one of its bounds has a seventh fractional digit, which PostgreSQL does not have".to_owned()
        );
    }
    Ok(format!("'{whole}.{kept}'"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_become_literals_of_the_same_value() {
        assert_eq!(literal(&BaseType::Int, "-5").unwrap(), "-5");
        assert_eq!(literal(&BaseType::Decimal, "10.50").unwrap(), "10.50");
        assert_eq!(literal(&BaseType::Date, "2024-01-31").unwrap(), "'2024-01-31'");
        assert_eq!(
            literal(&BaseType::DateTime2, "2024-01-31 10:20:30.1234560").unwrap(),
            "'2024-01-31 10:20:30.123456'"
        );
        for (ty, text) in [
            ("datetime2", "2024-01-31 10:20:30.1234567"),
            ("int", "1; DROP TABLE x"),
            ("date", "x'y"),
            ("int", ""),
            ("datetimeoffset", "2024-01-31 10:20:30.1230000 +01:00"),
            ("nvarchar", "M"),
            ("uniqueidentifier", "00000000-0000-0000-0000-000000000000"),
            ("binary", "0x00"),
        ] {
            assert!(literal(&ty.into(), text).is_err(), "{ty} {text}");
        }
    }
}
