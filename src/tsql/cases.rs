// The table of cases, read by the unit tests and by the integration tests (`include!`): the columns of one table, and
// `cases.txt`, whose lines are `purpose: T-SQL`, `-> SQL` or `!! reason`, and `## note`.

/// A column: name, type, collation, type in the target.
const COLUMNS: &[(&str, &str, &str, &str)] = &[
    ("i", "int", "", "integer"),
    ("j", "int", "", "integer"),
    ("Order Id", "int", "", "integer"),
    ("b", "bit", "", "boolean"),
    ("b2", "bit", "", "boolean"),
    ("b_small", "bit", "", "smallint"),
    ("t", "tinyint", "", "smallint"),
    ("t2", "tinyint", "", "smallint"),
    ("s", "smallint", "", "smallint"),
    ("l", "bigint", "", "bigint"),
    ("m", "decimal(10,2)", "", "numeric(10,2)"),
    ("big", "decimal(38,10)", "", "numeric(38,10)"),
    ("p", "money", "", "numeric(19,4)"),
    ("f", "float", "", "double precision"),
    ("r", "real", "", "real"),
    ("v", "varchar(20)", "SQL_Latin1_General_CP1_CI_AS", "varchar(20)"),
    ("w", "varchar(20)", "SQL_Latin1_General_CP1_CI_AS", "varchar(20)"),
    ("v_cs", "varchar(20)", "Latin1_General_CS_AS", "varchar(20)"),
    ("v_bin", "varchar(20)", "Latin1_General_BIN2", "varchar(20)"),
    ("w_bin", "varchar(20)", "Latin1_General_BIN2", "varchar(20)"),
    ("v_ai", "varchar(20)", "Latin1_General_CI_AI", "varchar(20)"),
    ("v_tr", "varchar(20)", "Turkish_CI_AS", "varchar(20)"),
    ("v_ci", "varchar(20)", "Latin1_General_CI_AS", "text"),
    ("c", "char(5)", "SQL_Latin1_General_CP1_CI_AS", "char(5)"),
    ("c_bin", "char(5)", "Latin1_General_BIN2", "char(5)"),
    ("n", "nvarchar(20)", "Latin1_General_CI_AS", "varchar(20)"),
    ("n_sc", "nvarchar(20)", "Latin1_General_100_CI_AS_SC", "varchar(20)"),
    ("n_bin", "nvarchar(20)", "Latin1_General_BIN2", "varchar(20)"),
    ("nm", "nvarchar(max)", "Latin1_General_CI_AS", "text"),
    ("nc", "nchar(5)", "Latin1_General_CI_AS", "char(5)"),
    ("d", "date", "", "date"),
    ("dt", "datetime", "", "timestamp(3)"),
    ("dt2", "datetime", "", "timestamp(3)"),
    ("d2", "datetime2(3)", "", "timestamp(3)"),
    ("d7", "datetime2(7)", "", "timestamp(6)"),
    ("sd", "smalldatetime", "", "timestamp(0)"),
    ("o", "datetimeoffset(3)", "", "timestamptz(3)"),
    ("tm", "time(0)", "", "time(0)"),
    ("g", "uniqueidentifier", "", "uuid"),
    ("x", "xml", "", "xml"),
    ("bin", "varbinary(10)", "", "bytea"),
    ("money_text", "money", "", "text"),
    ("sb", "smallmoney", "", "numeric(10,4)"),
];

/// A type as it is declared, as the catalog would have it.
fn source_type(declared: &str, collation: &str) -> SourceType {
    let (name, arguments) = match declared.strip_suffix(')').and_then(|rest| rest.split_once('(')) {
        Some((name, arguments)) => (name, arguments.split(',').collect::<Vec<_>>()),
        None => (declared, Vec::new()),
    };
    let number = |at: usize| arguments.get(at).map_or(0_i16, |text: &&str| text.parse().unwrap_or(-1));
    let max_length = match (name, number(0)) {
        ("nvarchar" | "nchar", length @ 1..) => 2 * length,
        (_, length) => length,
    };
    let (precision, scale) = match name {
        "decimal" => (u8::try_from(number(0)).unwrap(), u8::try_from(number(1)).unwrap()),
        "time" | "datetime2" | "datetimeoffset" => (0, u8::try_from(number(0)).unwrap()),
        _ => (0, 0),
    };
    let collation = (!collation.is_empty()).then(|| collation.to_owned());
    SourceType { name: name.into(), alias: None, max_length, precision, scale, collation }
}

/// What a type is in the target without a word from the user.
fn target_type(declared: &str) -> String {
    let (name, arguments) = declared.split_once('(').map_or((declared, ""), |(name, rest)| (name, rest));
    let arguments = arguments.trim_end_matches(')');
    match name {
        "bit" => "boolean".to_owned(),
        "tinyint" => "smallint".to_owned(),
        "int" => "integer".to_owned(),
        "decimal" => format!("numeric({arguments})"),
        "money" => "numeric(19,4)".to_owned(),
        "smallmoney" => "numeric(10,4)".to_owned(),
        "float" => "double precision".to_owned(),
        "varchar" | "nvarchar" if arguments == "max" => "text".to_owned(),
        "varchar" | "nvarchar" => format!("varchar({arguments})"),
        "char" | "nchar" => format!("char({arguments})"),
        "binary" | "varbinary" => "bytea".to_owned(),
        "datetime" => "timestamp(3)".to_owned(),
        "smalldatetime" => "timestamp(0)".to_owned(),
        "time" | "datetime2" | "datetimeoffset" => {
            let digits = arguments.parse::<u8>().unwrap().min(6);
            let name = name.replace("datetimeoffset", "timestamptz").replace("datetime2", "timestamp");
            format!("{name}({digits})")
        }
        "uniqueidentifier" => "uuid".to_owned(),
        "sql_variant" => "text".to_owned(),
        other => other.to_owned(),
    }
}

/// The columns with their owned parts, from which [`scope`] borrows.
struct Owned {
    name: ColumnName,
    source: SourceType,
    target: &'static str,
}

fn owned() -> Vec<Owned> {
    COLUMNS
        .iter()
        .map(|(name, source, collation, target)| Owned {
            name: ColumnName::new(*name),
            source: source_type(source, collation),
            target,
        })
        .collect()
}

fn scope(owned: &[Owned]) -> Vec<ScopeColumn<'_>> {
    owned
        .iter()
        .map(|column| ScopeColumn {
            source: &column.name,
            target: &column.name,
            source_type: &column.source,
            target_type: column.target,
            nullable: true,
        })
        .collect()
}

/// Translates for `default int`, `default varchar(9) of Greek_CI_AS`, `default varchar(9) in Greek_CI_AS` (the
/// database's), `check`, `filter` or `generated varchar(20)`; the last two of what is answered are the
/// column's type in the target.
fn translated(purpose: &str, text: &str) -> (std::result::Result<Translated, Untranslatable>, String) {
    let owned = owned();
    let scope = scope(&owned);
    let (kind, declared) = purpose.split_once(' ').unwrap_or((purpose, ""));
    let (declared, database) = declared.split_once(" in ").map_or((declared, None), |(ty, of)| (ty, Some(of)));
    let own = if declared.contains("char") { "SQL_Latin1_General_CP1_CI_AS" } else { "" };
    let (declared, collation) = declared.split_once(" of ").unwrap_or((declared, own));
    let source = source_type(declared, collation);
    let target = target_type(declared);
    let name = ColumnName::new("own");
    let own = ScopeColumn {
        source: &name,
        target: &name,
        source_type: &source,
        target_type: &target,
        nullable: true,
    };
    let purpose = match kind {
        "default" => Purpose::Default(own),
        "check" => Purpose::Check,
        "filter" => Purpose::Filter,
        "generated" => Purpose::Generated { source_type: &source, target_type: &target },
        other => panic!("no purpose: {other}"),
    };
    let same = |sequence: &TableName| Some(sequence.clone());
    (translate_with(text, purpose, &scope, &same, database), target)
}
