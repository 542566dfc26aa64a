//! The table of T-SQL functions: what each one becomes. `docs/reference/expressions.md` is made from it.

mod choices;
mod json;
mod numbers;
mod strings;
mod times;
mod who;

use super::node::Node;
use super::walk::Walk;
use super::{Result, refuse};
use crate::model::counts::counted;
use sqlparser::ast::Expr;
pub(super) use times::floor_of_float;

/// A function that is translated.
pub(super) struct Function {
    pub(super) name: &'static str,
    /// Least and most arguments.
    pub(super) arguments: (usize, usize),
    /// For the page, which shows what becomes of it: an expression over the columns of [`super::page`].
    #[cfg_attr(not(test), expect(dead_code, reason = "a test makes the page of it"))]
    pub(super) example: &'static str,
    #[cfg_attr(not(test), expect(dead_code, reason = "a test makes the page of it"))]
    pub(super) remark: &'static str,
    translate: fn(&mut Walk<'_>, &[&Expr]) -> Result<Node>,
}

macro_rules! table {
    ($($name:literal $least:literal ..= $most:literal, $example:literal, $translate:path, $remark:literal;)*) => {
        &[$(Function {
            name: $name,
            arguments: ($least, $most),
            example: $example,
            remark: $remark,
            translate: $translate,
        }),*]
    };
}

#[rustfmt::skip] // a table is read by columns
pub(super) const FUNCTIONS: &[Function] = table! {
    "getdate" 0..=0, "getdate()", times::getdate, "the local time of SQL Server's machine, here of the session's TimeZone; one instant for each statement";
    "current_timestamp" 0..=0, "CURRENT_TIMESTAMP", times::getdate, "as getdate()";
    "sysdatetime" 0..=0, "sysdatetime()", times::sysdatetime, "as getdate(), to the microsecond";
    "getutcdate" 0..=0, "getutcdate()", times::getutcdate, "";
    "sysutcdatetime" 0..=0, "sysutcdatetime()", times::sysutcdatetime, "to the microsecond";
    "sysdatetimeoffset" 0..=0, "sysdatetimeoffset()", times::sysdatetimeoffset, "the instant; PostgreSQL keeps no offset";
    "year" 1..=1, "year([d])", times::year, "";
    "month" 1..=1, "month([d])", times::month, "";
    "day" 1..=1, "day([d])", times::day, "";
    "datepart" 2..=2, "datepart(hour,[dt])", times::datepart, "not week and weekday, which depend on the session's DATEFIRST";
    "datediff" 3..=3, "datediff(month,[d],[dt])", times::datediff, "counts the boundaries between the two, as T-SQL does: 31 December to 1 January is a year; not below the second";
    "dateadd" 3..=3, "dateadd(month,(1),[d])", times::dateadd, "both servers take the month's last day if there is no such day; not below the second of a datetime";
    "eomonth" 1..=2, "eomonth([d])", times::eomonth, "";
    "datefromparts" 3..=3, "datefromparts([i],(1),(1))", times::datefromparts, "";
    "datetrunc" 2..=2, "datetrunc(month,[dt])", times::datetrunc, "not week, which depends on the session's DATEFIRST";
    "switchoffset" 2..=2, "switchoffset(sysdatetimeoffset(),'+02:00')", times::switchoffset, "the same instant; a constant offset";
    "todatetimeoffset" 2..=2, "todatetimeoffset([d],'+02:00')", times::todatetimeoffset, "a constant offset; PostgreSQL keeps the instant, and no offset";
    "isnull" 2..=2, "isnull([v],'x')", choices::isnull, "has the type of its first argument, which cuts a longer second one";
    "coalesce" 1..=100, "coalesce([i],[b],(0))", choices::coalesce, "";
    "nullif" 2..=2, "nullif([i],(0))", choices::nullif, "texts compare as `=` does";
    "iif" 3..=3, "iif([i]>(0),'yes','no')", choices::iif, "unknown is no";
    "choose" 2..=100, "choose([i],'a','b')", choices::choose, "";
    "len" 1..=1, "len([v])", strings::len, "without trailing blanks; of nvarchar, characters beyond U+FFFF count as two unless the collation has `_SC`";
    "datalength" 1..=1, "datalength([v])", strings::datalength, "of nvarchar, of varchar with one byte a character, of varbinary";
    "upper" 1..=1, "upper([v])='A'", strings::upper, "ASCII letters, for comparisons; refused in a computed column";
    "lower" 1..=1, "lower([v])='a'", strings::lower, "as upper";
    "ltrim" 1..=1, "ltrim([v])", strings::ltrim, "";
    "rtrim" 1..=1, "rtrim([v])", strings::rtrim, "";
    "trim" 1..=1, "trim([v])", strings::trim, "blanks only";
    "substring" 3..=3, "substring([v],(2),(3))", strings::substring, "a start before 1 takes from the length, on both servers";
    "left" 2..=2, "left([v],(3))", strings::left, "";
    "right" 2..=2, "right([v],(3))", strings::right, "a constant length";
    "charindex" 2..=2, "charindex('-',[v])", strings::charindex, "the first argument a constant, compared as `=` does";
    "patindex" 2..=2, "patindex('%[0-9]%',[v])>(0)", strings::patindex, "only compared with 0, which is LIKE";
    "replace" 3..=3, "replace([v],'-','')", strings::replace, "what is sought is a constant without letters, unless the collation is binary";
    "replicate" 2..=2, "replicate('0',(5))", strings::replicate, "a constant number, up to 8,000 characters";
    "space" 1..=1, "space((3))", strings::space, "a constant number";
    "reverse" 1..=1, "reverse([v])", strings::reverse, "";
    "stuff" 4..=4, "stuff([v],(1),(2),'x')", strings::stuff, "constant positions; NULL if the start is beyond the end";
    "concat" 2..=100, "concat([v],'-',[i])", strings::concat, "NULL is empty; texts, whole numbers, uniqueidentifiers, dates";
    "concat_ws" 3..=100, "concat_ws('-',[v],[v])", strings::concat_ws, "a constant separator; not in a computed column: PostgreSQL's is only stable";
    "char" 1..=1, "char((65))", strings::char, "a constant of ASCII";
    "nchar" 1..=1, "nchar((233))", strings::nchar, "a constant below U+D800";
    "json_value" 2..=2, "json_value([v],'$.a')", json::json_value, "a constant path, lax; of two members of one name the source takes the first, PostgreSQL the last";
    "json_query" 1..=2, "json_query([v],'$.a')", json::json_query, "as json_value";
    "abs" 1..=1, "abs([i])", numbers::abs, "";
    "sign" 1..=1, "sign([m])", numbers::sign, "";
    "ceiling" 1..=1, "ceiling([m])", numbers::ceiling, "";
    "floor" 1..=1, "floor([m])", numbers::floor, "";
    "round" 2..=3, "round([m],(1))", numbers::round, "decimals and whole numbers; halves away from zero; a constant number of digits";
    "sqrt" 1..=1, "sqrt([f])", numbers::sqrt, "float";
    "pi" 0..=0, "pi()", numbers::pi, "";
    "newid" 0..=0, "newid()", who::newid, "PostgreSQL 13 and later";
    "newsequentialid" 0..=0, "newsequentialid()", who::newsequentialid, "random here: the values do not ascend";
    "suser_sname" 0..=0, "suser_sname()", who::session_user, "the role that logged in; a Windows login has another name";
    "suser_name" 0..=0, "suser_name()", who::session_user, "as suser_sname()";
    "original_login" 0..=0, "original_login()", who::session_user, "as suser_sname()";
    "system_user" 0..=0, "system_user", who::session_user, "as suser_sname()";
    "user_name" 0..=0, "user_name()", who::current_user, "the role whose rights count";
    "current_user" 0..=0, "current_user", who::current_user, "as user_name()";
    "session_user" 0..=0, "session_user", who::current_user, "as user_name()";
    "user" 0..=0, "user", who::current_user, "as user_name()";
    "app_name" 0..=0, "app_name()", who::app_name, "";
    "db_name" 0..=0, "db_name()", who::db_name, "the name of the target's database";
    "next value for" 1..=1, "NEXT VALUE FOR [dbo].[seq]", who::next_value, "the sequence is made by `finish`";
};

/// Functions that users have, and why there is no translation.
pub(super) const REFUSED: &[(&str, &str)] = &[
    ("host_name", "PostgreSQL knows the address of a client, not its name"),
    ("scope_identity", "it is about the statement before"),
    ("@@spid", "PostgreSQL's process numbers are no session numbers"),
    ("checksum", "SQL Server's own algorithm"),
    ("binary_checksum", "SQL Server's own algorithm"),
    ("hashbytes", "it hashes the bytes of the source's code page or of UTF-16"),
    ("isjson", "PostgreSQL before 16 has no such test, and later ones read JSON more strictly"),
    ("format", "it formats by the language of the session"),
    ("datename", "it has the names of a language"),
    ("str", "it rounds a float in its own way"),
    ("power", "the last digits of a float power are not the same"),
    ("exp", "the last digits are not the same"),
    ("log", "the last digits are not the same"),
    ("rand", "it is another random number"),
    ("try_convert", "PostgreSQL has no conversion that fails with NULL"),
    ("isnumeric", "what it takes for a number is not known for sure"),
    ("isdate", "it depends on the language of the session"),
    ("soundex", "the two algorithms differ"),
    ("ascii", "it is about the source's code page"),
    ("unicode", "it is about UTF-16 units"),
    ("string_agg", "it is an aggregate"),
    ("object_id", "it asks the source's catalog"),
];

/// Functions without parentheses.
pub(super) fn is_bare(name: &str) -> bool {
    ["current_timestamp", "current_user", "session_user", "system_user", "user"]
        .iter()
        .any(|bare| name.eq_ignore_ascii_case(bare))
}

pub(super) fn call(walk: &mut Walk<'_>, called: &str, arguments: &[&Expr]) -> Result<Node> {
    let name = called.to_lowercase();
    if let Some((_, why)) = REFUSED.iter().find(|(refused, _)| *refused == name) {
        return refuse(format!("{name}: {why}"));
    }
    let Some(function) = FUNCTIONS.iter().find(|function| function.name == name) else {
        return refuse(format!("the function {called} has no counterpart that is known"));
    };
    let (least, most) = function.arguments;
    if !(least..=most).contains(&arguments.len()) {
        return refuse(format!("{name} with {} is not known", counted(arguments.len() as u64, "argument")));
    }
    (function.translate)(walk, arguments)
}

/// Exactly so many arguments; [`call`] has counted them.
fn exactly<'e, const N: usize>(arguments: &[&'e Expr]) -> Result<[&'e Expr; N]> {
    arguments.try_into().or_else(|_| refuse("another number of arguments"))
}
