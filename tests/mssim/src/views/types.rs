//! sys.types.

use super::{NULL, Source, row};
use crate::load::names::type_name;
use crate::results::SqlError;
use crate::types::{Collation, SqlType};
use crate::value::Value;
use crate::views::columns::{decimal_size, type_id, type_size};

type Rows = Result<Vec<Vec<Value>>, SqlError>;

/// The system types, at their greatest sizes.
fn system_types() -> Vec<SqlType> {
    use crate::types::{Len, UdtKind};
    let max = Len::Limited(8000);
    vec![
        SqlType::Image,
        SqlType::Text,
        SqlType::UniqueIdentifier,
        SqlType::Date,
        SqlType::Time(7),
        SqlType::DateTime2(7),
        SqlType::DateTimeOffset(7),
        SqlType::TinyInt,
        SqlType::SmallInt,
        SqlType::Int,
        SqlType::SmallDateTime,
        SqlType::Real,
        SqlType::Money,
        SqlType::DateTime,
        SqlType::Float,
        SqlType::SqlVariant,
        SqlType::NText,
        SqlType::Bit,
        SqlType::Decimal { precision: 38, scale: 38 },
        SqlType::Numeric { precision: 38, scale: 38 },
        SqlType::SmallMoney,
        SqlType::BigInt,
        SqlType::Udt(UdtKind::HierarchyId),
        SqlType::Udt(UdtKind::Geometry),
        SqlType::Udt(UdtKind::Geography),
        SqlType::VarBinary(max),
        SqlType::VarChar(max),
        SqlType::Binary(8000),
        SqlType::Char(8000),
        SqlType::RowVersion,
        SqlType::NVarChar(Len::Limited(4000)),
        SqlType::NChar(4000),
        SqlType::Xml,
        SqlType::Json,
        SqlType::Vector(1998),
    ]
}

pub(super) fn types(s: &Source<'_>) -> Rows {
    let system = system_types();
    let collation: Collation = s.catalog.collation;
    let of = |ty: &SqlType| crate::load::names::is_character(ty).then_some(collation.name);
    let mut out: Vec<_> = system
        .iter()
        .map(|ty| {
            let (precision, scale) = decimal_size(ty);
            let (system, user) = type_id(ty);
            let clr = matches!(ty, SqlType::Udt(_));
            let nullable = *ty != SqlType::RowVersion;
            row![
                type_name(ty),
                system,
                user,
                4,
                NULL,
                type_size(ty),
                precision,
                scale,
                of(ty),
                nullable,
                false,
                clr,
                0,
                0,
                false
            ]
        })
        .collect();
    out.push(row!["sysname", 231, 256, 4, NULL, 256, 0, 0, collation.name, false, false, false, 0, 0, false]);
    for t in &s.catalog.types {
        if t.is_table {
            let schema = s.catalog.schema_id(&t.schema);
            out.push(row![&t.name, 243, t.id, schema, NULL, -1, 0, 0, NULL, false, true, false, 0, 0, true]);
            continue;
        }
        let (precision, scale) = decimal_size(&t.base);
        let schema = s.catalog.schema_id(&t.schema);
        out.push(row![
            &t.name,
            type_id(&t.base).0,
            t.id,
            schema,
            NULL,
            type_size(&t.base),
            precision,
            scale,
            of(&t.base),
            t.nullable,
            true,
            matches!(t.base, SqlType::Udt(_)),
            t.bound_default,
            t.bound_rule,
            false,
        ]);
    }
    Ok(out)
}
