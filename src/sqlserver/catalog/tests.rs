use super::keys::action;
use super::*;
use crate::model::table::{ReferentialAction, SourceColumn};
use crate::model::types::SourceType;

/// What stands in `sql/` and asks for no columns.
const STATEMENTS: [&str; 1] = ["session.sql"];

/// Every query of the folder by its file's name: one that is added is tested without being listed.
fn queries() -> Vec<(String, String)> {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/sqlserver/sql");
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap());
    let named = files.map(|file| (file.file_name().into_string().unwrap(), file.path()));
    let queries = named.filter(|(name, _)| !STATEMENTS.contains(&name.as_str()));
    queries.map(|(name, path)| (name, std::fs::read_to_string(path).unwrap())).collect()
}

/// The getters know three types only: every column of every query must be converted to one of them.
#[test]
fn every_column_is_converted_to_a_type_that_is_read() {
    let queries = queries();
    assert!(queries.len() >= 36, "{}", queries.len());
    for (name, sql) in queries {
        assert!(sql.starts_with("-- "), "{name} says what it returns");
        let code: Vec<&str> = sql.lines().filter(|line| !line.starts_with("--")).map(str::trim).collect();
        let code = code.join("\n");
        let list = code.split("\nFROM ").next().unwrap().strip_prefix("SELECT ").unwrap();
        for column in list.split(",\n") {
            let converted = ["CONVERT(nvarchar(", "CONVERT(int, ", "CONVERT(bigint, "];
            assert!(converted.iter().any(|text| column.starts_with(text)), "{name}: {column}");
        }
    }
}

#[test]
fn the_width_of_a_row_comes_from_its_columns() {
    let column = |name: &str, max_length| SourceColumn {
        name: ColumnName::new("c"),
        ordinal: 1,
        ty: SourceType {
            name: name.into(),
            alias: None,
            max_length,
            precision: 0,
            scale: 0,
            collation: None,
        },
        nullable: false,
        identity: None,
        computed: None,
        hidden: false,
        period: false,
        withheld: false,
        no_data: None,
    };
    let mut table = SourceTable {
        columns: vec![column("int", 4), column("nvarchar", 100), column("nvarchar", -1), column("text", 16)],
        ..SourceTable::new(TableName::new("dbo", "t"), 1)
    };
    assert_eq!(sizes::row_width(&table), 4 + 50 + 256 + 256);
    table.columns.clear();
    assert_eq!(sizes::row_width(&table), 1);
}

#[test]
fn an_unknown_action_is_an_error() {
    assert_eq!(action(1).unwrap(), ReferentialAction::Cascade);
    assert_eq!(action(4).unwrap_err().kind(), ErrorKind::SourceRefused);
}
