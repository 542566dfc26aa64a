//! Expressions as published scripts have them, and objects that are listed: from a script to what stands in PostgreSQL.
#![allow(clippy::unwrap_used, reason = "functions of tests")]

use super::harness::World;
use serde_json::Value as Json;
use std::collections::BTreeMap;

/// The verdicts of a dry run by kind and object, the worst of each, with all that is said.
fn assessed(world: &World, flags: &[&str], code: i32) -> BTreeMap<String, (String, String)> {
    let finished =
        world.command(&[&["plan", "--dry-run", "--format", "json"], flags].concat()).run().exits(code);
    let document: Json = serde_json::from_str(&finished.stdout).unwrap();
    let mut all: BTreeMap<String, (String, String)> = BTreeMap::new();
    for finding in document["findings"].as_array().unwrap() {
        let text = |name: &str| finding[name].as_str().unwrap_or_default().to_owned();
        let entry = all.entry(format!("{} {}", text("kind"), text("object"))).or_default();
        let order = ["", "converted", "changed", "lossy", "refused"];
        let rank = |verdict: &str| order.iter().position(|known| *known == verdict);
        if rank(&entry.0) < rank(&text("verdict")) {
            entry.0 = text("verdict");
        }
        entry.1.push_str(&format!("{} {}\n", text("reason"), text("advice")));
    }
    all
}

fn is(all: &BTreeMap<String, (String, String)>, object: &str, verdict: &str, says: &str) {
    let Some((there, said)) = all.get(object) else {
        panic!("nothing is said of {object}: {:?}", all.keys().collect::<Vec<_>>())
    };
    assert_eq!(there, verdict, "{object}: {said}");
    assert!(said.contains(says), "{object}: {said}");
}

/// DEFAULT of a column, as PostgreSQL shows it.
fn default(world: &World, table: &str, column: &str) -> String {
    world.target_value(&format!(
        "SELECT coalesce((SELECT pg_get_expr(adbin, adrelid) FROM pg_attrdef d JOIN pg_attribute a
         ON a.attrelid = d.adrelid AND a.attnum = d.adnum
         WHERE adrelid = '{table}'::regclass AND attname = '{column}'), 'none')"
    ))
}

#[test]
fn letters_of_code_pages_arrive_in_defaults() {
    let world = World::with_files();
    world.load(include_str!("../cases/17-national-literals.sql"));
    let said = assessed(&world, &[], 0);
    for name in ["Ssex", "Kind", "Yes_", "S"] {
        is(&said, &format!("default {name} on dbo.Student"), "converted", "");
    }
    is(&said, "check CK_sex on dbo.Student", "changed", "ASCII letters");
    is(&said, "check CK_kind on dbo.Student", "refused", "compares characters beyond ASCII in its own way");
    is(&said, "check CK_e on dbo.Student", "refused", "compares characters beyond ASCII in its own way");
    is(&said, "index IX_f on dbo.Student", "refused", "compares characters beyond ASCII in its own way");
    world.succeed(&["run"]);
    let insert = "INSERT INTO dbo.\"Student\" (\"Sno\") VALUES (7) RETURNING \"Ssex\" || \"Kind\" || \"Yes_\" || \"S\"";
    assert_eq!(world.target_value(insert), "女GrößeДаAño");
    let refused = "SELECT count(*) FROM pg_constraint WHERE conname = 'CK_sex' AND pg_get_constraintdef(oid) LIKE '%男%'";
    assert_eq!(world.target_value(refused), "1");
}

/// What a page of other letters makes of the same: nothing arrives that the source would not keep.
#[test]
fn letters_that_a_code_page_does_not_have_are_refused() {
    let world = World::with_files();
    world.load(
        "CREATE TABLE dbo.T (Id int NOT NULL PRIMARY KEY,
         A varchar(10) COLLATE Greek_CI_AS NULL CONSTRAINT DF_a DEFAULT N'Да',
         B varchar(10) COLLATE Latin1_General_BIN2 NULL CONSTRAINT DF_b DEFAULT N'é' CONSTRAINT CK_b CHECK (B <> N'ß'),
         C varchar(4) COLLATE Japanese_CI_AS NULL CONSTRAINT DF_c DEFAULT N'漢字',
         D varchar(10) COLLATE Polish_CI_AS NULL CONSTRAINT DF_d DEFAULT N'Łódź')",
    );
    let said = assessed(&world, &[], 0);
    is(&said, "default A on dbo.T", "refused", "does not have all its characters");
    for object in ["default B", "check CK_b", "default C", "default D"] {
        is(&said, &format!("{object} on dbo.T"), "converted", "");
    }
    world.succeed(&["run"]);
    let insert =
        "INSERT INTO dbo.\"T\" (\"Id\") VALUES (7) RETURNING \"B\" || \"C\" || \"D\" || coalesce(\"A\", '-')";
    assert_eq!(world.target_value(insert), "é漢字Łódź-");
}

#[test]
fn midnights_ranges_and_json_arrive() {
    let world = World::with_files();
    world.load(
        "CREATE TABLE dbo.T (Id int NOT NULL PRIMARY KEY,
         Today datetime NOT NULL CONSTRAINT DF_today DEFAULT (dateadd(day,(0),datediff(day,(0),getdate()))),
         Other datetime NOT NULL CONSTRAINT DF_other DEFAULT (dateadd(dd,datediff(dd,(0),getdate()),(0))),
         First date NOT NULL CONSTRAINT DF_first DEFAULT (dateadd(month,datediff(month,(0),getdate()),(0))),
         Code varchar(10) COLLATE Latin1_General_CI_AS NULL CONSTRAINT CK_code CHECK (Code LIKE '[A-Z][A-Z][0-9]'),
         Tag varchar(10) COLLATE Latin1_General_BIN2 NULL CONSTRAINT CK_tag CHECK (Tag NOT LIKE '%[^a-z]%'),
         Label AS (N'No. ' + CONVERT(nvarchar(10), Id)),
         X xml NULL CONSTRAINT DF_x DEFAULT (N'<a><b/></a>'))
        GO
        INSERT INTO dbo.T (Id, Code, Tag) VALUES (1, 'ab1', 'abc'), (2, 'éÀ2', NULL)",
    );
    let said = assessed(&world, &[], 0);
    for name in ["Today", "Other", "First"] {
        is(&said, &format!("default {name} on dbo.T"), "changed", "local time");
    }
    is(&said, "check CK_code on dbo.T", "changed", "every character beyond ASCII passes");
    is(&said, "check CK_tag on dbo.T", "converted", "");
    is(&said, "column dbo.T.Label", "changed", "too long as text");
    is(&said, "default X on dbo.T", "converted", "");
    world.succeed(&["run"]);
    let sql = "INSERT INTO dbo.\"T\" (\"Id\", \"Code\") VALUES (7, 'Zz9') RETURNING
        \"Today\" = current_date AND \"Other\" = current_date AND \"First\" = date_trunc('month', now())::date
        AND \"Label\" = 'No. 7' AND \"X\"::text = '<a><b/></a>'";
    assert_eq!(world.target_value(sql), "t");
    assert!(default(&world, "dbo.\"T\"", "Today").starts_with("date_trunc"));
    let validated = "SELECT count(*) FROM pg_constraint WHERE conname LIKE 'CK%' AND convalidated";
    assert_eq!(world.target_value(validated), "2");
}

const LISTED: &str = "
CREATE TABLE dbo.T (Id int NOT NULL CONSTRAINT PK_T PRIMARY KEY WITH (IGNORE_DUP_KEY = ON), Name nvarchar(20) NULL,
    A int SPARSE NULL, B int SPARSE NULL, Everything xml COLUMN_SET FOR ALL_SPARSE_COLUMNS)
GO
CREATE UNIQUE INDEX UX_name ON dbo.T (Name) WITH (IGNORE_DUP_KEY = ON)
GO
CREATE STATISTICS ST_both ON dbo.T (Name, A)
GO
CREATE VIEW dbo.Names WITH SCHEMABINDING AS SELECT Id, Name FROM dbo.T
GO
CREATE UNIQUE CLUSTERED INDEX IX_names ON dbo.Names (Id)
GO
CREATE XML SCHEMA COLLECTION dbo.Resumes AS N'<xsd:schema xmlns:xsd=\"http://www.w3.org/2001/XMLSchema\"/>'
GO
CREATE ROLE readers
GO
CREATE USER ann WITHOUT LOGIN
GO
ALTER ROLE readers ADD MEMBER ann
GO
GRANT SELECT ON dbo.T TO readers
GO
DENY DELETE ON dbo.T TO ann
GO
CREATE TRIGGER guard ON DATABASE FOR DROP_TABLE AS PRINT 'no'
GO
EXEC sp_addextendedproperty 'MS_Description', N'described', 'SCHEMA', 'dbo', 'TABLE', 'T'
GO
EXEC sp_addextendedproperty 'Caption', N'captioned', 'SCHEMA', 'dbo', 'TABLE', 'T'
GO
INSERT INTO dbo.T (Id, Name, A) VALUES (1, N'one', 7), (2, N'two', NULL)
";

#[test]
fn what_has_no_counterpart_is_named_and_a_column_set_is_no_data() {
    let world = World::with_files();
    world.load(LISTED);
    let said = assessed(&world, &[], 0);
    is(&said, "column dbo.T.Everything", "changed", "the sparse columns, which are copied themselves");
    is(&said, "primary key PK_T on dbo.T", "changed", "IGNORE_DUP_KEY");
    is(&said, "index UX_name on dbo.T", "changed", "IGNORE_DUP_KEY");
    is(&said, "created statistics ST_both on dbo.T", "refused", "2 columns (Name, A)");
    is(&said, "index IX_names on dbo.Names", "refused", "a unique index of a view");
    is(&said, "xml schema collection dbo.Resumes", "refused", "well formed");
    is(&said, "role readers", "refused", "in it: ann");
    is(&said, "permission dbo.T", "refused", "GRANT SELECT ON OBJECT::[dbo].[T] TO [readers]");
    is(&said, "permission dbo.T", "refused", "DENY DELETE ON OBJECT::[dbo].[T] TO [ann]");
    is(&said, "trigger guard", "refused", "a trigger of the whole database");
    is(&said, "extended property Caption on dbo.T", "refused", "--comment-property \"Caption\"");
    assert!(!said.keys().any(|object| object.starts_with("unread")), "{:?}", said.keys().collect::<Vec<_>>());
    world.succeed(&["run", "--comment-property", "Caption"]);
    let columns = "SELECT string_agg(attname, ',' ORDER BY attnum) FROM pg_attribute
        WHERE attrelid = 'dbo.\"T\"'::regclass AND attnum > 0";
    assert_eq!(world.target_value(columns), "Id,Name,A,B");
    assert_eq!(world.target_value("SELECT obj_description('dbo.\"T\"'::regclass)"), "captioned");
    assert_eq!(world.target_value("SELECT string_agg(\"A\"::text, ',') FROM dbo.\"T\""), "7");
}

#[test]
fn an_encrypted_column_refuses_its_table_until_it_is_excluded() {
    let world = World::with_files();
    world.load(
        "CREATE COLUMN MASTER KEY CMK WITH (KEY_STORE_PROVIDER_NAME = N'AZURE_KEY_VAULT', KEY_PATH = N'https://vault/keys/k')
        GO
        CREATE COLUMN ENCRYPTION KEY CEK WITH VALUES (COLUMN_MASTER_KEY = CMK, ALGORITHM = 'RSA_OAEP', ENCRYPTED_VALUE = 0x01)
        GO
        CREATE TABLE dbo.P (Id int NOT NULL PRIMARY KEY, Ssn char(11) COLLATE Latin1_General_BIN2
            ENCRYPTED WITH (COLUMN_ENCRYPTION_KEY = CEK, ENCRYPTION_TYPE = DETERMINISTIC,
                ALGORITHM = 'AEAD_AES_256_CBC_HMAC_SHA_256') NULL)",
    );
    let said = assessed(&world, &[], 0);
    is(&said, "column dbo.P.Ssn", "refused", "Always Encrypted: the server sends ciphertext");
    let refused = world.command(&["run"]).run();
    assert_ne!(refused.status.code(), Some(0), "{}", refused.stderr);
    assert!(
        refused.stderr.contains("dbo.P.Ssn") && refused.stderr.contains("Always Encrypted"),
        "{}",
        refused.stderr
    );
    world.succeed(&["run", "--skip-unsupported"]);
}
