//! Samples with the constructs of published scripts: all of them load, and the catalog tells of what they declare.

mod shown;

use shown::Shown;

const OLD_STYLE: &str = include_str!("../../samples/old_style.sql");
const WIDE_RANGE: &str = include_str!("../../samples/wide_range.sql");

#[test]
fn a_script_of_the_year_2000_loads() {
    let mut s = Shown::new(OLD_STYLE);
    s.rows("USE old_style");
    assert_eq!(
        s.rows(
            "SELECT member_id, name, city, CONVERT(varchar(30), joined, 126) FROM Readers ORDER BY member_id"
        ),
        [
            "A10001|O'Hara|nowhere|2024-06-01T12:00:00.000",
            "B20002|Ines|Graz|1996-07-04T00:00:00.000",
            "C30003|Tom|NULL|1996-07-14T15:05:00.000",
        ]
    );
    assert_eq!(
        s.rows(
            "SELECT LoanID, Mark, CONVERT(varchar(10), Lent, 23), Days, Damaged FROM Loans ORDER BY LoanID"
        ),
        [
            "10|ML 410|1994-06-12|14|0",
            "11|QA 76|1996-07-05|NULL|1",
            "12|PR 1|1996-07-04|7|0",
            "13|ZZ nowhere|2024-06-01|NULL|0",
            "14|ZZ Graz|1996-07-04|NULL|0",
        ]
    );
    assert_eq!(
        s.rows("SELECT name, type, sysstat & 0xf FROM sysobjects WHERE parent_obj = 0 ORDER BY name"),
        [
            "Loans|U |3",
            "Overdue by Days|P |4",
            "Readers|U |3",
            "Shelf List|V |2",
            "some_days|R |7",
            "today|D |6",
            "unknown_place|D |6",
        ]
    );
    assert_eq!(
        s.rows("SELECT name, is_nullable, max_length FROM sys.types WHERE is_user_defined = 1 ORDER BY name"),
        ["member_no|0|6", "shelfmark|0|11"]
    );
    assert_eq!(
        s.rows(
            "SELECT name, fill_factor FROM sys.indexes WHERE object_id = OBJECT_ID('Loans') ORDER BY index_id"
        ),
        ["PK_Loans|0", "MemberID|0", "IX_Lent|70"]
    );
    assert_eq!(
        s.rows(
            "SELECT p.permission_name, p.state_desc, p.minor_id FROM sys.database_permissions p
             JOIN sys.database_principals u ON u.principal_id = p.grantee_principal_id WHERE u.name = 'guest1' ORDER BY 1"
        ),
        ["INSERT|GRANT|0", "SELECT|GRANT|0", "UPDATE|DENY|6"]
    );
}

#[test]
fn a_script_of_rare_kinds_loads() {
    let mut s = Shown::new(WIDE_RANGE);
    assert_eq!(
        s.rows(
            "SELECT name, ledger_type, ledger_type_desc FROM sys.tables WHERE ledger_type > 0 ORDER BY name"
        ),
        [
            "Entry|3|APPEND_ONLY_LEDGER_TABLE",
            "Payment|2|UPDATABLE_LEDGER_TABLE",
            "PaymentHistory|1|HISTORY_TABLE",
        ]
    );
    assert_eq!(
        s.rows("SELECT name, generated_always_type_desc, is_hidden, is_nullable FROM sys.columns WHERE object_id = OBJECT_ID('yard.Payment') AND generated_always_type > 0 ORDER BY column_id"),
        [
            "ledger_start_transaction_id|AS_TRANSACTION_ID_START|1|0",
            "ledger_end_transaction_id|AS_TRANSACTION_ID_END|1|1",
            "ledger_start_sequence_number|AS_SEQUENCE_NUMBER_START|1|0",
            "ledger_end_sequence_number|AS_SEQUENCE_NUMBER_END|1|1",
        ]
    );
    assert_eq!(s.rows("SELECT * FROM yard.Entry ORDER BY Id"), ["1|N", "2|C"], "TRY went to CATCH");
    assert_eq!(s.error("UPDATE yard.Entry SET Gate = 'X'"), 37359);
    assert_eq!(s.rows("SELECT COUNT(*) FROM yard.Port"), ["5"], "two, and three of the loop");
    assert_eq!(s.rows("SELECT Id, Word FROM yard.Badge ORDER BY Id"), ["1|a", "2|b", "4|again"]);
    assert_eq!(s.rows("SELECT name FROM sys.indexes WHERE ignore_dup_key = 1"), ["AK_Badge_Word"]);
    assert_eq!(
        s.rows("SELECT * FROM yard.Outfit ORDER BY Id"),
        ["1|<Sail>3</Sail>", "2|<Motor>x &amp; y</Motor>", "3|NULL"],
        "sparse columns are not in * beside a column set"
    );
    assert_eq!(
        s.rows("SELECT name, is_sparse, is_column_set FROM sys.columns WHERE object_id = OBJECT_ID('yard.Outfit') ORDER BY column_id"),
        ["Id|0|0", "Sail|1|0", "Motor|1|0", "Extras|0|1"]
    );
    assert_eq!(
        s.rows("SELECT c.name, c.encryption_type, c.encryption_type_desc, k.name FROM sys.columns c JOIN sys.column_encryption_keys k ON k.column_encryption_key_id = c.column_encryption_key_id"),
        ["Number|1|DETERMINISTIC|CK", "Pay|2|RANDOMIZED|CK"]
    );
    assert_eq!(s.error("INSERT INTO yard.Secret VALUES (1, '123', NULL)"), 206);
    assert_eq!(
        s.rows("SELECT c.name, c.is_xml_document, x.name FROM sys.columns c JOIN sys.xml_schema_collections x ON x.xml_collection_id = c.xml_collection_id"),
        ["Plan|0|PlanSchema"]
    );
    assert_eq!(
        s.rows("SELECT name, parent_class, parent_class_desc, parent_id, is_disabled FROM sys.triggers"),
        ["NoDrop|0|DATABASE|0|1"]
    );
    assert_eq!(
        s.rows("SELECT v.name, i.name, i.type_desc FROM sys.views v JOIN sys.indexes i ON i.object_id = v.object_id"),
        ["Counted|IX_Counted|CLUSTERED"],
        "ALTER VIEW drops the index of the other"
    );
    assert_eq!(
        s.rows("SELECT s.name, s.user_created, s.no_recompute, COL_NAME(c.object_id, c.column_id) FROM sys.stats s JOIN sys.stats_columns c ON c.object_id = s.object_id AND c.stats_id = s.stats_id WHERE s.user_created = 1 ORDER BY c.stats_column_id"),
        ["ST_Hull_Beam|1|1|Beam", "ST_Hull_Beam|1|1|Length"]
    );
}

#[test]
fn the_catalog_of_rare_kinds_has_properties_and_permissions() {
    let mut s = Shown::new(WIDE_RANGE);
    assert_eq!(
        s.rows("SELECT name, type FROM sys.filegroups ORDER BY data_space_id"),
        ["PRIMARY|FG", "USERDATA|FG", "InMemory|FX"]
    );
    assert_eq!(
        s.rows("SELECT class, class_desc, CONVERT(nvarchar(50), value), minor_id FROM sys.extended_properties ORDER BY class, 3"),
        [
            "0|DATABASE|A shipyard|0",
            "1|OBJECT_OR_COLUMN|check|0",
            "1|OBJECT_OR_COLUMN|column|2",
            "1|OBJECT_OR_COLUMN|procedure|0",
            "1|OBJECT_OR_COLUMN|the table|0",
            "1|OBJECT_OR_COLUMN|trigger|0",
            "1|OBJECT_OR_COLUMN|view|0",
            "2|PARAMETER|parameter|2",
            "4|DATABASE_PRINCIPAL|user|0",
            "6|TYPE|type|0",
            "7|INDEX|index|1",
            "7|INDEX|index of a view|1",
            "10|XML_SCHEMA_COLLECTION|xml|0",
            "20|DATASPACE|filegroup|0",
            "20|DATASPACE|scheme|0",
            "21|PARTITION_FUNCTION|function|0",
        ]
    );
    assert_eq!(
        s.rows("SELECT u.name, p.class_desc, p.type, p.permission_name, p.state_desc FROM sys.database_permissions p JOIN sys.database_principals u ON u.principal_id = p.grantee_principal_id WHERE u.principal_id > 4 ORDER BY u.name, p.class, p.permission_name, p.state_desc"),
        [
            "ada|OBJECT_OR_COLUMN|SL  |SELECT|DENY",
            "ada|OBJECT_OR_COLUMN|SL  |SELECT|GRANT_WITH_GRANT_OPTION",
            "shipwright|DATABASE|VW  |VIEW DEFINITION|GRANT",
            "shipwright|SCHEMA|EX  |EXECUTE|GRANT",
        ]
    );
    assert_eq!(
        s.rows("SELECT r.name, u.name FROM sys.database_role_members m JOIN sys.database_principals r ON r.principal_id = m.role_principal_id JOIN sys.database_principals u ON u.principal_id = m.member_principal_id ORDER BY 1"),
        ["db_owner|dbo", "shipwright|ada"]
    );
    assert_eq!(
        s.rows("SELECT definition FROM sys.check_constraints"),
        ["([Name] collate Latin1_General_BIN2<>N'none' AND [Length]>=(0.00))"]
    );
    assert_eq!(s.rows("SELECT LEFT(m.definition, 16) FROM sys.sql_modules m JOIN sys.procedures p ON p.object_id = m.object_id"), ["CREATE PROCEDURE"]);
    assert_eq!(s.rows("SELECT Miles FROM yard.Route"), ["41"]);
    assert_eq!(
        s.rows("SELECT CONVERT(varchar(30), CAST('Mar 4 2021 3:05PM' AS datetime), 113), CONVERT(varchar(30), CAST('3/4/21' AS datetime)), CONVERT(varchar(10), CAST('20210304' AS date), 101)"),
        ["04 Mar 2021 15:05:00:000|Mar  4 2021 12:00AM|03/04/2021"]
    );
}

#[test]
fn what_is_not_known_stays_an_error() {
    let mut s = Shown::new("CREATE TABLE dbo.t (id int NOT NULL)");
    for (sql, wanted) in [
        ("BULK INSERT dbo.t FROM 'x.csv'", "BULK INSERT"),
        ("KILL 52", "KILL"),
        ("RECONFIGURE", "RECONFIGURE"),
        ("EXEC dbo.nothing_known 1", "nothing_known"),
        ("ALTER DATABASE CURRENT SET SOMETHING ON", "SOMETHING"),
        ("CREATE TABLE dbo.u (id int) WITH (XYZ = ON)", "XYZ"),
        ("GOTO done", "GOTO"),
    ] {
        let said = s.said(sql);
        assert!(said.first().is_some_and(|m| m.contains(wanted)), "{sql}: {said:?}");
    }
}
