//! Function calls: which arguments, which result type; aggregates and window functions.

use crate::results::SqlError;
use crate::types::{Len, SqlType};
use crate::value::Value;

use super::super::ast::Call;
use super::super::error::{error, unknown};
use super::super::eval::Op;
use super::{Binder, Typed, typing};

pub(super) const VERSION: &str = "Microsoft SQL Server 2022 (RTM) - 16.0.4000.1 (X64) \n\tmssim, a test server\n\tDeveloper Edition (64-bit)";
const SYSNAME: SqlType = SqlType::NVarChar(Len::Limited(128));

pub(super) fn is_aggregate(name: &str) -> bool {
    ["COUNT", "COUNT_BIG", "MIN", "MAX", "SUM", "AVG", "STRING_AGG"]
        .iter()
        .any(|a| a.eq_ignore_ascii_case(name))
}

/// Functions whose result and arguments have fixed types; `Int` arguments are cast, `SYSNAME` ones too.
const FIXED: [(&str, SqlType, &[SqlType], usize); 22] = [
    ("HAS_PERMS_BY_NAME", SqlType::Int, &[SYSNAME, SYSNAME, SYSNAME], 3),
    ("OBJECT_ID", SqlType::Int, &[SYSNAME, SYSNAME], 1),
    ("OBJECT_NAME", SYSNAME, &[SqlType::Int, SqlType::Int], 1),
    ("OBJECT_SCHEMA_NAME", SYSNAME, &[SqlType::Int], 1),
    ("SCHEMA_NAME", SYSNAME, &[SqlType::Int], 0),
    ("SCHEMA_ID", SqlType::Int, &[SYSNAME], 0),
    ("DB_NAME", SYSNAME, &[SqlType::Int], 0),
    ("DB_ID", SqlType::SmallInt, &[SYSNAME], 0),
    ("TYPE_NAME", SYSNAME, &[SqlType::Int], 1),
    ("COL_NAME", SYSNAME, &[SqlType::Int, SqlType::Int], 2),
    ("OBJECT_DEFINITION", SqlType::NVarChar(Len::Max), &[SqlType::Int], 1),
    ("OBJECTPROPERTY", SqlType::Int, &[SqlType::Int, SYSNAME], 2),
    ("COLUMNPROPERTY", SqlType::Int, &[SqlType::Int, SYSNAME, SYSNAME], 3),
    ("IDENT_SEED", SqlType::Numeric { precision: 38, scale: 0 }, &[SYSNAME], 1),
    ("IDENT_INCR", SqlType::Numeric { precision: 38, scale: 0 }, &[SYSNAME], 1),
    (
        "QUOTENAME",
        SqlType::NVarChar(Len::Limited(258)),
        &[SqlType::NVarChar(Len::Max), SqlType::NVarChar(Len::Limited(1))],
        1,
    ),
    ("UNICODE", SqlType::Int, &[SqlType::NVarChar(Len::Max)], 1),
    (
        "REPLICATE",
        SqlType::VarChar(Len::Limited(8000)),
        &[SqlType::VarChar(Len::Limited(8000)), SqlType::Int],
        2,
    ),
    ("SIGN", SqlType::Int, &[SqlType::Int], 1),
    ("NCHAR", SqlType::NChar(1), &[SqlType::Int], 1),
    (
        "SWITCHOFFSET",
        SqlType::DateTimeOffset(7),
        &[SqlType::DateTimeOffset(7), SqlType::VarChar(Len::Limited(6))],
        2,
    ),
    // SQL Server's is a sql_variant.
    ("SQL_VARIANT_PROPERTY", SYSNAME, &[SqlType::SqlVariant, SYSNAME], 2),
];

impl Binder<'_> {
    pub(super) fn call(&mut self, call: &Call) -> Result<Typed, SqlError> {
        let (last, before) = call.name.split_last().ok_or_else(|| unknown("a call without a name"))?;
        if !before.is_empty() {
            return self.dotted_call(call, last);
        }
        let name = last.to_ascii_uppercase();
        if call.over.is_some() {
            return self.window(call, &name);
        }
        if is_aggregate(&name) {
            return self.aggregate(call, &name);
        }
        if call.star || call.distinct {
            return Err(unknown(format!("{name} of * or DISTINCT")));
        }
        let args: Vec<Typed> = call.args.iter().map(|a| self.expr(a)).collect::<Result<_, _>>()?;
        if let Some((known, ty, types, least)) = FIXED.iter().find(|f| f.0 == name) {
            if args.len() < *least || args.len() > types.len() {
                return Err(error(174, format!("The {name} function requires {least} argument(s).")));
            }
            let args: Result<Vec<Typed>, SqlError> =
                args.into_iter().zip(*types).map(|(a, ty)| self.cast(a, *ty)).collect();
            return self.step(Op::Function(known), &args?, *ty, self.database_collation());
        }
        self.scalar_call(&name, args)
    }

    /// `schema.f(…)`, and methods of CLR types.
    fn dotted_call(&mut self, call: &Call, last: &str) -> Result<Typed, SqlError> {
        let name = call.name.join(".");
        if let Some(method) = crate::clr::METHODS.iter().find(|(method, _)| *method == last) {
            let (_, before) = call.name.split_last().ok_or_else(|| unknown("a call without a name"))?;
            let value = self.find_column(before)?;
            return self.method(*method, value);
        }
        if name.eq_ignore_ascii_case("sys.fn_cdc_get_max_lsn") {
            // A database without change data capture has no such function's tables.
            return Err(error(208, "Invalid object name 'cdc.lsn_time_mapping'."));
        }
        Err(error(
            4121,
            format!(
                "Cannot find either column \"{}\" or the user-defined function or aggregate \"{name}\", or the name is ambiguous.",
                call.name[0]
            ),
        ))
    }

    /// A column, or the property of one (`g.STSrid`).
    pub(super) fn column_or_property(&mut self, parts: &[String]) -> Result<Typed, SqlError> {
        match parts.split_last() {
            Some((last, before)) if last == "STSrid" && !before.is_empty() => {
                let value = self.find_column(before)?;
                self.method(("STSrid", SqlType::Int), value)
            }
            _ => self.find_column(parts),
        }
    }

    fn method(&mut self, method: (&'static str, SqlType), value: Typed) -> Result<Typed, SqlError> {
        if !matches!(value.ty, SqlType::Udt(_)) {
            let ty = typing::name(&value.ty);
            return Err(error(258, format!("Cannot call methods on {ty}.")));
        }
        let found = self.step(Op::Function(method.0), &[value], method.1, self.database_collation())?;
        Ok(Typed { nullable: true, column: None, ..found })
    }

    fn scalar_call(&mut self, name: &str, mut args: Vec<Typed>) -> Result<Typed, SqlError> {
        match (name, args.len()) {
            ("ISNULL", 2) => {
                let (other, value) = (args.remove(1), args.remove(0));
                if value.is_null() {
                    return Ok(other);
                }
                let other = self.cast(other, value.ty)?;
                let nullable = value.nullable && other.nullable;
                Ok(Typed {
                    sql: format!("coalesce({}, {})", value.sql, other.sql),
                    nullable,
                    column: None,
                    constant: None,
                    ..value
                })
            }
            ("COALESCE", 2..) => {
                let nullable = args.iter().all(|a| a.nullable);
                let (values, model) = self.in_common(args)?;
                let list: Vec<&str> = values.iter().map(|v| v.sql.as_str()).collect();
                let sql = format!("coalesce({})", list.join(", "));
                Ok(Typed { sql, nullable, constant: None, column: None, ..model })
            }
            ("NULLIF", 2) => {
                let equal = self.compare("=", args[0].clone(), args[1].clone())?;
                let sql = format!("(CASE WHEN {equal} THEN NULL ELSE {} END)", args[0].sql);
                Ok(Typed { sql, nullable: true, constant: None, column: None, ..args.remove(0) })
            }
            ("LEN", 1)
            | ("LEFT" | "RIGHT", 2)
            | ("SUBSTRING", 3)
            | ("UPPER" | "LOWER" | "LTRIM" | "RTRIM" | "TRIM" | "REVERSE", 1)
            | ("REPLACE", 3)
            | ("CHARINDEX", 2 | 3) => self.text_call(name, args),
            ("CONCAT", 2..) => self.concat(args),
            ("DATALENGTH", 1) => self.data_length(&args),
            ("ABS" | "FLOOR" | "CEILING", 1) | ("ROUND", 2) => self.number_call(name, args),
            ("SERVERPROPERTY", 1) => self.server_property(&args[0]),
            ("DATABASEPROPERTYEX", 2) => self.database_property(&args),
            (
                "GETDATE" | "GETUTCDATE" | "SYSDATETIME" | "SYSUTCDATETIME" | "CURRENT_TIMESTAMP" | "NEWID",
                0,
            ) => self.volatile(name),
            ("SUSER_SNAME" | "SUSER_NAME" | "ORIGINAL_LOGIN" | "SYSTEM_USER", 0) => {
                let user = self.env.user.clone();
                Ok(self.constant(SYSNAME, Value::Text(user.into_bytes())))
            }
            ("USER_NAME" | "CURRENT_USER" | "USER" | "SESSION_USER", 0) => {
                Ok(self.constant(SYSNAME, Value::Text(b"dbo".to_vec())))
            }
            ("HAS_PERMS_BY_NAME" | "IS_SRVROLEMEMBER" | "IS_MEMBER" | "HAS_DBACCESS", _) => {
                Ok(self.constant(SqlType::Int, Value::Int(1)))
            }
            ("XACT_STATE", 0) => {
                Ok(self.constant(SqlType::SmallInt, Value::Int(i64::from(self.env.transactions > 0))))
            }
            _ => Err(SqlError {
                severity: 15,
                ..error(
                    195,
                    format!(
                        "'{name}' is not a recognized built-in function name (or mssim does not know it)."
                    ),
                )
            }),
        }
    }

    fn concat(&mut self, args: Vec<Typed>) -> Result<Typed, SqlError> {
        let args: Result<Vec<Typed>, SqlError> = args.into_iter().map(|a| self.as_text(a)).collect();
        let args = args?;
        let (limit, national) =
            if args.iter().any(|a| typing::is_national(&a.ty)) { (4000, true) } else { (8000, false) };
        let total = args
            .iter()
            .map(|a| typing::length(&a.ty))
            .try_fold(0_u16, |t, l| l.map(|l| t.saturating_add(l).min(limit)));
        let len = total.map_or(Len::Max, |n| Len::Limited(n.max(1)));
        let ty = if national { SqlType::NVarChar(len) } else { SqlType::VarChar(len) };
        let found = self.step(Op::Function("CONCAT"), &args, ty, self.database_collation())?;
        Ok(Typed { nullable: false, ..found })
    }

    fn data_length(&mut self, args: &[Typed]) -> Result<Typed, SqlError> {
        let big = typing::length(&args[0].ty).is_none()
            && (typing::is_text(&args[0].ty) || typing::is_binary(&args[0].ty));
        let ty = if big { SqlType::BigInt } else { SqlType::Int };
        let collation = args[0].collation;
        self.step(Op::Function("DATALENGTH"), args, ty, collation)
    }

    fn text_call(&mut self, name: &str, mut args: Vec<Typed>) -> Result<Typed, SqlError> {
        let texts = if name == "REPLACE" {
            3
        } else if name == "CHARINDEX" {
            2
        } else {
            1
        };
        for (i, arg) in args.iter_mut().enumerate() {
            let value = arg.clone();
            *arg = match (i < texts, typing::is_binary(&value.ty)) {
                (true, true) => value,
                (true, false) => self.as_text(value)?,
                (false, _) => self.cast(value, SqlType::Int)?,
            };
        }
        let first = args[0].clone();
        let (collation, strength) =
            if texts > 1 { Self::meet(&args[0], &args[1])? } else { (first.collation, first.strength) };
        let national = args.iter().take(texts).any(|a| typing::is_national(&a.ty));
        let len = match typing::length(&first.ty) {
            None => Len::Max,
            Some(_) if name == "REPLACE" => Len::Limited(if national { 4000 } else { 8000 }),
            Some(n) => {
                let asked = if name == "SUBSTRING" {
                    args.get(2)
                } else if name == "LEFT" || name == "RIGHT" {
                    args.get(1)
                } else {
                    None
                };
                let asked = asked.and_then(|a| match a.constant {
                    Some(Value::Int(i)) => u16::try_from(i).ok(),
                    _ => None,
                });
                Len::Limited(asked.map_or(n, |a| a.min(n)).max(1))
            }
        };
        let ty = match name {
            "LEN" | "CHARINDEX" if typing::length(&first.ty).is_none() => SqlType::BigInt,
            "LEN" | "CHARINDEX" => SqlType::Int,
            _ if typing::is_binary(&first.ty) => SqlType::VarBinary(len),
            _ if national => SqlType::NVarChar(len),
            _ => SqlType::VarChar(len),
        };
        let known = [
            "LEN",
            "LEFT",
            "RIGHT",
            "SUBSTRING",
            "UPPER",
            "LOWER",
            "LTRIM",
            "RTRIM",
            "TRIM",
            "REVERSE",
            "REPLACE",
            "CHARINDEX",
        ]
        .into_iter()
        .find(|k| *k == name)
        .ok_or_else(|| unknown(name))?;
        let found = self.step(Op::Function(known), &args, ty, collation)?;
        Ok(Typed { strength, ..found })
    }

    fn number_call(&mut self, name: &str, mut args: Vec<Typed>) -> Result<Typed, SqlError> {
        if typing::is_text(&args[0].ty) {
            args[0] = self.cast(args[0].clone(), SqlType::Float)?;
        }
        let from = args[0].ty;
        let ty = match (name, from) {
            (_, SqlType::TinyInt | SqlType::SmallInt | SqlType::Bit) => SqlType::Int,
            (
                "FLOOR" | "CEILING",
                SqlType::Decimal { precision, .. } | SqlType::Numeric { precision, .. },
            ) => SqlType::Decimal { precision, scale: 0 },
            (_, other) => other,
        };
        if typing::exact(&ty).is_none() && !matches!(ty, SqlType::Float | SqlType::Real) {
            return Err(error(
                8116,
                format!(
                    "Argument data type {} is invalid for argument 1 of {name} function.",
                    typing::name(&from)
                ),
            ));
        }
        if let Some(digits) = args.get(1).cloned() {
            args[1] = self.cast(digits, SqlType::Int)?;
        }
        if matches!(from, SqlType::TinyInt | SqlType::SmallInt | SqlType::Bit) {
            args[0] = self.cast(args[0].clone(), SqlType::Int)?;
        }
        let known = ["ABS", "FLOOR", "CEILING", "ROUND"].into_iter().find(|k| *k == name).unwrap_or("ABS");
        self.step(Op::Function(known), &args, ty, self.database_collation())
    }

    fn server_property(&self, name: &Typed) -> Result<Typed, SqlError> {
        let Some(Value::Text(name)) = &name.constant else {
            return Err(unknown("SERVERPROPERTY of a column"));
        };
        let name = String::from_utf8_lossy(name).to_ascii_lowercase();
        let collation = self.database_collation().name;
        let found = match name.as_str() {
            "productversion" => "16.0.4000.1",
            "productlevel" => "RTM",
            "edition" => "Developer Edition (64-bit)",
            "servername" | "machinename" => &self.env.catalog.server_name,
            "collation" => collation,
            "engineedition" => return Ok(self.variant(SqlType::Int, Value::Int(3))),
            "editionid" => return Ok(self.variant(SqlType::BigInt, Value::Int(-2_117_995_310))),
            "productmajorversion" => "16",
            "isintegratedsecurityonly"
            | "isclustered"
            | "ishadrenabled"
            | "isxtpsupported"
            | "issingleuser" => {
                return Ok(self.variant(SqlType::Int, Value::Int(i64::from(name == "isxtpsupported"))));
            }
            _ => return Ok(self.constant(SqlType::SqlVariant, Value::Null)),
        };
        Ok(self.variant(SYSNAME, Value::Text(found.as_bytes().to_vec())))
    }

    fn variant(&self, base: SqlType, value: Value) -> Typed {
        Typed { nullable: true, ..self.constant(SqlType::SqlVariant, Value::Variant(base, Box::new(value))) }
    }

    fn database_property(&self, args: &[Typed]) -> Result<Typed, SqlError> {
        let (Some(Value::Text(_)), Some(Value::Text(name))) = (&args[0].constant, &args[1].constant) else {
            return Err(unknown("DATABASEPROPERTYEX of columns"));
        };
        let catalog = &self.env.catalog;
        let text = |s: &str| Ok(self.variant(SYSNAME, Value::Text(s.as_bytes().to_vec())));
        match String::from_utf8_lossy(name).to_ascii_lowercase().as_str() {
            "collation" => text(catalog.collation.name),
            "status" => text("ONLINE"),
            "updateability" => text(if catalog.read_only { "READ_ONLY" } else { "READ_WRITE" }),
            "recovery" => text("FULL"),
            "useraccess" => text("MULTI_USER"),
            other => Err(unknown(format!("the database property {other}"))),
        }
    }

    /// Functions of the moment: one value for the statement.
    fn volatile(&self, name: &str) -> Result<Typed, SqlError> {
        if name == "NEWID" {
            return Ok(self.constant(SqlType::UniqueIdentifier, Value::Guid(crate::engine::random_guid())));
        }
        // The test server's clock: the one place where it reads it.
        #[expect(clippy::disallowed_methods, reason = "GETDATE() is the wall clock by definition")]
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        let day = i32::try_from(now.as_secs() / 86_400).unwrap_or(0) + 719_162;
        let ticks = now.as_secs() % 86_400 * 10_000_000 + u64::from(now.subsec_nanos()) / 100;
        let precise = Value::DateTime2 { days: day, ticks };
        let source = SqlType::DateTime2(7);
        if name.starts_with("SYS") {
            return Ok(self.constant(source, precise));
        }
        let value = super::super::convert::convert(
            &precise,
            &source,
            &SqlType::DateTime,
            &self.database_collation(),
            None,
        )?;
        Ok(self.constant(SqlType::DateTime, value))
    }
}
