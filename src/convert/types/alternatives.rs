//! What each type can become, by the names that users write; the first is the default.

/// The target types of a source type, without lengths; the first is the default. Empty: none at all. A `(max)` type
/// becomes `text` by default, whatever stands first here.
#[must_use]
pub fn alternatives(name: &str) -> &'static [&'static str] {
    match name {
        "bit" => &["boolean", "smallint", "integer"],
        "tinyint" | "smallint" => &["smallint", "integer", "bigint", "numeric"],
        "int" => &["integer", "bigint", "numeric"],
        "bigint" => &["bigint", "numeric"],
        "decimal" | "numeric" => &["numeric", "bigint", "text"],
        "money" | "smallmoney" => &["numeric", "text"],
        "real" => &["real", "double precision"],
        "float" => &["double precision"],
        "char" | "nchar" => &["char", "varchar", "text", "citext"],
        "varchar" | "nvarchar" | "sysname" => &["varchar", "text", "citext"],
        "text" | "ntext" => &["text", "varchar", "citext"],
        "binary" | "varbinary" | "image" => &["bytea", "text"],
        "rowversion" | "timestamp" => &["bytea", "bigint", "text"],
        "date" => &["date", "text"],
        "time" => &["time", "text"],
        "smalldatetime" | "datetime" | "datetime2" => &["timestamp", "timestamptz", "text"],
        "datetimeoffset" => &["timestamptz", "text"],
        "uniqueidentifier" => &["uuid", "text"],
        "xml" => &["xml", "text"],
        "sql_variant" => &["text", "jsonb"],
        "hierarchyid" => &["text", "bytea"],
        "geometry" => &["bytea", "text", "geometry"],
        "geography" => &["bytea", "text", "geography", "geometry"],
        "json" => &["json", "jsonb", "text"],
        "vector" => &["real[]", "text", "vector"],
        "cursor" | "table" => &[],
        // CLR types of the user: their bytes, and only on request.
        _ => &["bytea"],
    }
}

/// The alternative that a plan chooses by itself where the target has its extension (`postgis`, `vector`).
#[must_use]
pub fn preferred(name: &str, extensions: &[String]) -> Option<&'static str> {
    let (extension, chosen) = match name {
        "geometry" => ("postgis", "geometry"),
        "geography" => ("postgis", "geography"),
        "vector" => ("vector", "vector"),
        _ => return None,
    };
    extensions.iter().any(|there| there == extension).then_some(chosen)
}

/// A type that this program has no row for: a CLR type of the user, or one of a server to come.
pub(super) fn is_foreign(name: &str) -> bool {
    !matches!(
        name,
        "bit"
            | "tinyint"
            | "smallint"
            | "int"
            | "bigint"
            | "decimal"
            | "numeric"
            | "money"
            | "smallmoney"
            | "real"
            | "float"
            | "char"
            | "nchar"
            | "varchar"
            | "nvarchar"
            | "sysname"
            | "text"
            | "ntext"
            | "binary"
            | "varbinary"
            | "image"
            | "rowversion"
            | "timestamp"
            | "date"
            | "time"
            | "smalldatetime"
            | "datetime"
            | "datetime2"
            | "datetimeoffset"
            | "uniqueidentifier"
            | "xml"
            | "sql_variant"
            | "hierarchyid"
            | "geometry"
            | "geography"
            | "json"
            | "vector"
    )
}
