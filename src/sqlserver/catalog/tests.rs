use super::keys::action;
use super::*;
use crate::model::table::ReferentialAction;

const ALL: [(&str, &str); 29] = [
    ("server", include_str!("../sql/server.sql")),
    ("log_position_cdc", include_str!("../sql/log_position_cdc.sql")),
    ("log_position_log", include_str!("../sql/log_position_log.sql")),
    ("tables", include_str!("../sql/tables.sql")),
    ("external_tables", include_str!("../sql/external_tables.sql")),
    ("columns", include_str!("../sql/columns.sql")),
    ("hidden_columns", include_str!("../sql/hidden_columns.sql")),
    ("identities", include_str!("../sql/identities.sql")),
    ("computed_columns", include_str!("../sql/computed_columns.sql")),
    ("primary_keys", include_str!("../sql/primary_keys.sql")),
    ("sizes", include_str!("../sql/sizes.sql")),
    ("sizes_rows", include_str!("../sql/sizes_rows.sql")),
    ("sizes_pages", include_str!("../sql/sizes_pages.sql")),
    ("indexes", include_str!("../sql/indexes.sql")),
    ("foreign_keys", include_str!("../sql/foreign_keys.sql")),
    ("types", include_str!("../sql/types.sql")),
    ("fulltext", include_str!("../sql/fulltext.sql")),
    ("defaults", include_str!("../sql/defaults.sql")),
    ("checks", include_str!("../sql/checks.sql")),
    ("sequences", include_str!("../sql/sequences.sql")),
    ("sequences_used", include_str!("../sql/sequences_used.sql")),
    ("properties", include_str!("../sql/properties.sql")),
    ("partitions", include_str!("../sql/partitions.sql")),
    ("temporal", include_str!("../sql/temporal.sql")),
    ("periods", include_str!("../sql/periods.sql")),
    ("modules", include_str!("../sql/modules.sql")),
    ("module_texts", include_str!("../sql/module_texts.sql")),
    ("triggers", include_str!("../sql/triggers.sql")),
    ("synonyms", include_str!("../sql/synonyms.sql")),
];

/// The getters know three types only: every column of every query must be converted to one of them.
#[test]
fn every_column_is_converted_to_a_type_that_is_read() {
    for (name, sql) in ALL {
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
    };
    let mut table = SourceTable {
        name: TableName::new("dbo", "t"),
        object_id: 1,
        columns: vec![column("int", 4), column("nvarchar", 100), column("nvarchar", -1), column("text", 16)],
        primary_key: None,
        rows: 0,
        bytes: 0,
        filtered_by: None,
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
