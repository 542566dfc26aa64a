use super::*;
use crate::model::listed::{Ledger, Listed, PermissionOn, Permissions, Role, UserStatistics, ViewIndex};
use crate::model::names::ColumnName;
use crate::model::objects::PropertyOf;
use crate::model::objects::{
    CheckConstraint, ExtendedProperty, FullText, Module, ModuleKind, PartitionedTable, Sequence, Synonym,
    TemporalTable, UnreadObjects, UserType,
};
use crate::model::plan::PlannedTable;
use crate::model::table::{ForeignKey, Identity, Index, Key, KeyColumn, ReferentialAction};
use crate::postgres::ddl::tests::{plan, planned};

fn table(index: u32, source: &str, bytes: u64) -> PlannedTable {
    let source: TableName = source.parse().unwrap();
    PlannedTable { index, bytes, target: source.clone(), source, ..planned() }
}

fn key_columns(names: &[&str]) -> Vec<KeyColumn> {
    names.iter().map(|name| KeyColumn { name: ColumnName::new(*name), descending: false }).collect()
}

fn index(table: &str, name: &str, constraint: bool) -> Index {
    Index {
        table: table.parse().unwrap(),
        name: name.to_owned(),
        kind: "NONCLUSTERED".into(),
        columns: key_columns(&["At"]),
        included: vec![],
        unique: constraint,
        constraint,
        filter: None,
        disabled: false,
    }
}

fn foreign_key(name: &str, referenced: &str, to: &str) -> ForeignKey {
    ForeignKey {
        table: "dbo.small".parse().unwrap(),
        name: name.to_owned(),
        columns: vec![ColumnName::new("Id")],
        referenced: referenced.parse().unwrap(),
        referenced_columns: vec![ColumnName::new(to)],
        on_delete: ReferentialAction::NoAction,
        on_update: ReferentialAction::NoAction,
        disabled: false,
        not_trusted: false,
    }
}

fn property(of: PropertyOf, value: &str) -> ExtendedProperty {
    ExtendedProperty { of, name: "MS_Description".to_owned(), value: Some(value.to_owned()) }
}

fn owner(of: PropertyOf) -> ExtendedProperty {
    ExtendedProperty { of, name: "Owner".to_owned(), value: Some("somebody".to_owned()) }
}

fn listed() -> Listed {
    let name = |text: &str| text.parse::<TableName>().unwrap();
    let rights = |on, statements: &[&str]| Permissions {
        on,
        statements: statements.iter().map(|text| (*text).to_owned()).collect(),
    };
    let grant = "GRANT SELECT ON OBJECT::[dbo].[small] TO [reader]";
    Listed {
        statistics: vec![UserStatistics {
            table: name("dbo.small"),
            name: "ST".to_owned(),
            columns: vec![ColumnName::new("Id"), ColumnName::new("At")],
            filtered: true,
        }],
        roles: vec![Role { name: "readers".to_owned(), members: vec!["ann".to_owned(), "bob".to_owned()] }],
        permissions: vec![
            rights(PermissionOn::Database, &["GRANT SHOWPLAN TO [ann]"]),
            rights(
                PermissionOn::Schema("elsewhere".to_owned()),
                &["GRANT SELECT ON SCHEMA::[elsewhere] TO [ann]"],
            ),
            rights(
                PermissionOn::Object(name("dbo.small")),
                &[grant, "DENY DELETE ON OBJECT::[dbo].[small] TO [reader]"],
            ),
            rights(
                PermissionOn::Object(name("dbo.work")),
                &["GRANT EXECUTE ON OBJECT::[dbo].[work] TO [reader]"],
            ),
        ],
        xml_schemas: vec![name("dbo.Resumes"), name("elsewhere.Other")],
        ignoring_duplicates: vec![
            (name("dbo.large"), "UQ".to_owned()),
            (name("dbo.small"), "PK_small".to_owned()),
            (name("dbo.other"), "IX_other".to_owned()),
        ],
        view_indexes: vec![ViewIndex { view: name("dbo.open"), name: "IX_open".to_owned(), unique: true }],
        ledgers: vec![Ledger { table: name("dbo.large"), kind: "UPDATABLE_LEDGER_TABLE".to_owned() }],
    }
}

/// Two tables of the plan and one of every object.
#[expect(clippy::too_many_lines, reason = "a list of one of every kind")]
fn shop() -> (Plan, SourceObjects) {
    let (small, large): (TableName, TableName) = ("dbo.small".parse().unwrap(), "dbo.large".parse().unwrap());
    let key = |name: &str| Key { name: name.to_owned(), columns: key_columns(&["Id"]), clustered: true };
    let identity =
        Identity { seed: "1".to_owned(), increment: "1".to_owned(), last_value: Some("7".to_owned()) };
    let module = |kind, name: &str, text: Option<&str>| Module {
        kind,
        name: name.parse().unwrap(),
        table: None,
        text: text.map(str::to_owned),
        disabled: false,
    };
    let objects = SourceObjects {
        primary_keys: [(small.clone(), key("PK_small")), (large.clone(), key("PK_large"))].into(),
        indexes: vec![
            index("dbo.large", "IX", false),
            index("dbo.large", "UQ", true),
            index("dbo.other", "IX_other", false),
            index("dbo.small", "IX", false),
        ],
        fulltext: vec![FullText { table: small.clone(), columns: vec![ColumnName::new("Note")] }],
        foreign_keys: vec![
            foreign_key("FK_at", "dbo.large", "At"),
            foreign_key("FK_id", "dbo.large", "Id"),
            foreign_key("FK_none", "dbo.large", "Note"),
            foreign_key("FK_other", "dbo.other", "Id"),
        ],
        checks: vec![CheckConstraint {
            table: small.clone(),
            name: "CK".to_owned(),
            column: None,
            expression: None,
            disabled: false,
            not_trusted: false,
        }],
        sequences: vec![Sequence {
            name: "dbo.Numbers".parse().unwrap(),
            ty: "bigint".into(),
            precision: 19,
            start: "1".to_owned(),
            increment: "1".to_owned(),
            minimum: "1".to_owned(),
            maximum: "9".to_owned(),
            cycle: false,
            cache: None,
            current: "3".to_owned(),
            used: Some(true),
        }],
        identities: [((large.clone(), ColumnName::new("Id")), identity)].into(),
        properties: vec![
            property(PropertyOf::Table(small.clone()), "small ones"),
            property(PropertyOf::Constraint(small.clone(), "FK_id".to_owned()), "built"),
            property(PropertyOf::Constraint(small.clone(), "CK".to_owned()), "not built"),
            property(PropertyOf::Index(large.clone(), "PK_large".to_owned()), "the key"),
            property(PropertyOf::Table("dbo.other".parse().unwrap()), "not of this run"),
            property(PropertyOf::Schema("dbo".to_owned()), "ours"),
            owner(PropertyOf::Schema("dbo".to_owned())),
            owner(PropertyOf::Column(small.clone(), ColumnName::new("Id"))),
            owner(PropertyOf::Other("a parameter of dbo.work".to_owned())),
        ],
        partitions: vec![PartitionedTable {
            table: large.clone(),
            scheme: "ps".to_owned(),
            function: "pf".to_owned(),
            column: ColumnName::new("Id"),
            right: true,
            bounds: vec![Some("10".to_owned())],
        }],
        temporal: vec![TemporalTable { table: large, history: Some(small), period: None }],
        modules: vec![
            module(ModuleKind::View, "dbo.open", Some("CREATE VIEW dbo.open AS SELECT 1 AS x")),
            module(ModuleKind::Procedure, "dbo.work", None),
            module(ModuleKind::View, "elsewhere.v", None),
        ],
        synonyms: vec![Synonym { name: "dbo.alias".parse().unwrap(), stands_for: "[x].[y]".to_owned() }],
        types: vec![UserType {
            name: "dbo.Code".parse().unwrap(),
            base: Some("varchar".into()),
            table_type: false,
        }],
        unread: vec![UnreadObjects { what: "check constraints".to_owned(), why: "error 229: no".to_owned() }],
        listed: listed(),
        ..SourceObjects::default()
    };
    (plan(vec![table(1, "dbo.small", 10), table(2, "dbo.large", 1000)]), objects)
}

fn told(planned: &PlannedObject) -> String {
    let statement = match &planned.statement {
        Statement::Sql(sql) => sql.lines().next().unwrap_or_default().to_owned(),
        Statement::Changed { sql, what } => format!("{} ~ {what}", sql.lines().next().unwrap_or_default()),
        Statement::Skipped { reason, advice } => {
            format!("no: {reason} ({})", advice.as_deref().unwrap_or("-"))
        }
    };
    format!("{:?} {}: {statement}\n", planned.step, planned.object)
}

#[test]
fn one_list_says_what_becomes_of_every_object() {
    let (plan, objects) = shop();
    let planned = statements(&plan, &objects, 150_004, &Names::for_plan(&plan, &objects));
    insta::assert_snapshot!(planned.iter().map(told).collect::<String>());
    let order: Vec<Step> = planned.iter().map(|planned| planned.step).collect();
    assert!(order.is_sorted());
}

#[test]
fn the_chosen_property_becomes_the_comment_and_the_others_are_listed() {
    let (mut plan, mut objects) = shop();
    plan.options.comment_properties = vec!["Caption".to_owned(), "ms_description".to_owned()];
    let of = PropertyOf::Table("dbo.small".parse().unwrap());
    objects.properties = vec![
        property(of.clone(), "described"),
        ExtendedProperty { name: "caption".to_owned(), ..property(of, "the caption") },
        property(PropertyOf::Table("dbo.large".parse().unwrap()), "large ones"),
    ];
    let planned = statements(&plan, &objects, 150_004, &Names::for_plan(&plan, &objects));
    let told: String = (planned.iter())
        .filter(|planned| matches!(planned.object.kind, ObjectKind::Comment | ObjectKind::ExtendedProperty))
        .map(told)
        .collect();
    assert_eq!(
        told,
        "NothingToRun extended property MS_Description on dbo.small: no: PostgreSQL has room for one description only (--comment-property \"MS_Description\" makes it the comment)\n\
         Comments comment of dbo.small: COMMENT ON TABLE \"dbo\".\"small\" IS 'the caption'\n\
         Comments comment of dbo.large: COMMENT ON TABLE \"dbo\".\"large\" IS 'large ones'\n"
    );
}

#[test]
fn the_runs_own_are_those_that_finish_builds() {
    let (plan, objects) = shop();
    let planned = statements(&plan, &objects, 150_004, &Names::for_plan(&plan, &objects));
    let standing = StandingObjects::new(&plan, &planned, 2);
    let own = format!("{standing:?}");
    assert!(own.contains("\"FK_id\"") && own.contains("\"FK_at\""), "{own}");
    for left_out in ["\"FK_none\"", "\"FK_other\"", "\"CK\""] {
        assert!(!own.contains(left_out), "finish would not build {left_out} again: {own}");
    }
}

#[test]
fn nothing_is_built_on_a_changed_table_and_the_others_are_built() {
    let (plan, objects) = shop();
    let names = Names::for_plan(&plan, &objects);
    let all = statements(&plan, &objects, 150_004, &names);
    let large = BTreeSet::from(["dbo.large".parse().unwrap()]);
    let without = statements_without(&plan, &objects, 150_004, &names, &large);
    let touches = |planned: &&PlannedObject| planned.locks.contains(&"dbo.large".parse().unwrap());
    let sql = |planned: &&PlannedObject| planned.statement.sql().is_some_and(|sql| !sql.is_empty());
    let kept: Vec<_> = without.iter().filter(sql).collect();
    let expected: Vec<_> = all
        .iter()
        .filter(sql)
        // The foreign keys refer to the changed table, and a comment is on one of them.
        .filter(|planned| !touches(planned) && planned.object.kind != ObjectKind::ForeignKey)
        .filter(|planned| planned.object.name != "FK_id")
        .collect();
    assert_eq!(kept, expected);
    let told: String =
        without.iter().filter(|planned| planned.object.name.starts_with("FK_")).map(told).collect();
    insta::assert_snapshot!(told);
}
