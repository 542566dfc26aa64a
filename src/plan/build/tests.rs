use super::*;
use crate::model::identity::DatabaseIdentity;
use crate::model::names::NameCase;
use crate::model::plan::{Collations, ColumnChoice, Partitions, TableChoice};
use crate::model::policy::{BlanksPolicy, FractionPolicy, Mask, NulPolicy, Policies};
use crate::model::table::{ForeignKey, Key, KeyColumn, NoData, ReferentialAction, SourceColumn};
use crate::model::types::SourceType;

fn column(name: &str, ty: &str) -> SourceColumn {
    SourceColumn {
        name: ColumnName::new(name),
        ordinal: 1,
        ty: SourceType {
            name: ty.into(),
            alias: None,
            max_length: 4,
            precision: 10,
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
    }
}

fn table(name: &str, columns: Vec<SourceColumn>) -> SourceTable {
    let name = name.parse().unwrap();
    SourceTable { columns, rows: 1, bytes: 1, ..SourceTable::new(name, 1) }
}

fn source() -> PlannedSource {
    PlannedSource {
        server: "S".to_owned(),
        database: "D".to_owned(),
        product_version: "16".to_owned(),
        identity: DatabaseIdentity::default(),
        log_position: None,
    }
}

fn inputs(options: PlanOptions, tables: &[SourceTable]) -> Inputs<'_> {
    Inputs {
        source: source(),
        target: None,
        options,
        tables,
        indexes: &[],
        foreign_keys: &[],
        partitions: &[],
        now: Timestamp::UNIX_EPOCH,
    }
}

fn built(options: PlanOptions, tables: &[SourceTable]) -> Result<Plan> {
    build(inputs(options, tables))
}

#[test]
fn tables_are_filtered_ordered_and_numbered_from_one() {
    let tables: Vec<_> =
        ["dbo.b", "sales.a", "dbo.A", "tmp.x"].map(|name| table(name, vec![column("id", "int")])).into();
    let options = PlanOptions { exclude: vec!["TMP.*".to_owned()], ..PlanOptions::default() };
    let plan = built(options, &tables).unwrap();
    let names: Vec<_> = plan.tables.iter().map(|table| (table.index, table.source.to_string())).collect();
    assert_eq!(names, [(1, "dbo.A".to_owned()), (2, "dbo.b".to_owned()), (3, "sales.a".to_owned())]);
}

#[test]
fn everything_unsupported_is_reported_at_once() {
    let tables = [
        table("dbo.a", vec![column("id", "int"), column("v", "no_such_type")]),
        table("dbo.b", vec![column("g", "no_such_type")]),
    ];
    let error = built(PlanOptions::default(), &tables).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    for part in ["dbo.a.v no_such_type", "dbo.b.g no_such_type", "dbo.b: has no column"] {
        assert!(error.detail().contains(part), "{part} in {error}");
    }
    let skipping =
        PlanOptions { skip_unsupported: true, exclude: vec!["dbo.b".to_owned()], ..PlanOptions::default() };
    let plan = built(skipping, &tables).unwrap();
    assert_eq!(plan.tables[0].columns.len(), 1);
    assert_eq!(plan.tables[0].unsupported[0].column, ColumnName::new("v"));
}

#[test]
fn a_column_set_is_left_out_and_an_encrypted_column_refuses_its_table() {
    let special = |name: &str, why| SourceColumn { no_data: Some(why), ..column(name, "xml") };
    let set = table("dbo.s", vec![column("id", "int"), special("all", NoData::ColumnSet)]);
    let plan = built(PlanOptions::default(), std::slice::from_ref(&set)).unwrap();
    assert_eq!(plan.tables[0].columns.len(), 1);
    assert_eq!(plan.tables[0].unsupported[0].reason, COLUMN_SET);

    let encrypted = table("dbo.e", vec![column("id", "int"), special("ssn", NoData::Encrypted)]);
    let error = built(PlanOptions::default(), std::slice::from_ref(&encrypted)).unwrap_err();
    assert!(error.detail().contains("dbo.e.ssn xml: Always Encrypted"), "{error}");
    let choice = TableChoice { exclude: vec!["ssn".to_owned()], ..TableChoice::default() };
    let tables = [("dbo.e".to_owned(), choice)].into();
    let plan = built(PlanOptions { tables, ..PlanOptions::default() }, &[encrypted]).unwrap();
    assert_eq!(plan.tables[0].unsupported[0].reason, EXCLUDED);
}

#[test]
fn a_database_without_a_table_in_sight_is_a_matter_of_permissions() {
    let error = built(PlanOptions::default(), &[]).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::SourcePermission);
    assert_eq!(error.detail(), "database D has no table that this login can see");
}

#[test]
fn of_two_tables_with_one_target_name_the_first_keeps_it() {
    let tables = [table("a.t", vec![column("id", "int")]), table("b.t", vec![column("id", "int")])];
    let map = [("a".to_owned(), "public".to_owned()), ("b".to_owned(), "public".to_owned())].into();
    let plan = built(PlanOptions { schema_map: map, ..PlanOptions::default() }, &tables).unwrap();
    assert_eq!(plan.tables[0].target, TableName::new("public", "t"));
    let second = &plan.tables[1].target.name;
    assert!(second.starts_with("t_") && second.len() == 10, "{second}");
}

#[test]
fn the_fingerprint_covers_source_filters_and_mapping() {
    let tables = [table("a.t", vec![column("id", "int")])];
    let plan = built(PlanOptions::default(), &tables).unwrap();
    let same = built(PlanOptions::default(), &tables).unwrap();
    assert_eq!(plan.fingerprint, same.fingerprint);
    let other_options = PlanOptions { include: vec!["a.*".to_owned()], ..PlanOptions::default() };
    assert_ne!(plan.fingerprint, built(other_options.clone(), &tables).unwrap().fingerprint);
    let other_source = PlannedSource { database: "E".to_owned(), ..source() };
    assert_eq!(
        differences(&plan, &other_source, Some(&other_options)),
        ["source database (plan: D, now: E)", "--include a.* (the plan has none)"]
    );
    assert!(differences(&plan, &source(), None).is_empty());
}

#[test]
fn the_database_counts_and_not_the_name_of_its_server() {
    let known = |server: &str, family: Option<&str>, broker: Option<&str>| PlannedSource {
        server: server.to_owned(),
        identity: DatabaseIdentity {
            family: family.map(str::to_owned),
            broker: broker.map(str::to_owned),
            ..DatabaseIdentity::default()
        },
        ..source()
    };
    let options = PlanOptions::default();
    let first = known("A", Some("f1"), Some("b1"));
    let tables = [table("a.t", vec![column("id", "int")])];
    let plan = build(Inputs { source: first.clone(), ..inputs(options.clone(), &tables) }).unwrap();
    let replica = known("B", Some("f1"), Some("b1"));
    assert!(differences(&plan, &replica, None).is_empty());
    assert_eq!(fingerprint(&first, &options).unwrap(), fingerprint(&replica, &options).unwrap());
    let other = known("A", Some("f2"), Some("b2"));
    assert_eq!(differences(&plan, &other, None), ["family_guid of the source database (plan: f1, now: f2)"]);
    assert_ne!(fingerprint(&first, &options).unwrap(), fingerprint(&other, &options).unwrap());
    // A login without rights sees less, and is compared by what it sees.
    assert!(differences(&plan, &known("B", None, Some("b1")), None).is_empty());
    assert_eq!(
        differences(&plan, &known("B", None, Some("b2")), None),
        ["service_broker_guid of the source database (plan: b1, now: b2)"]
    );
    assert!(differences(&plan, &known("A", None, None), None).is_empty());
    assert_eq!(
        differences(&plan, &known("B", None, None), None),
        ["source server, as this login cannot see the database's own identity (plan: A, now: B)"]
    );
}

#[test]
fn a_plan_of_an_older_program_is_compared_by_the_name_of_the_server() {
    let tables = [table("a.t", vec![column("id", "int")])];
    let plan = built(PlanOptions::default(), &tables).unwrap();
    let identity = DatabaseIdentity { family: Some("f1".to_owned()), ..DatabaseIdentity::default() };
    let same = PlannedSource { identity: identity.clone(), ..source() };
    assert!(differences(&plan, &same, None).is_empty());
    let elsewhere = PlannedSource { server: "B".to_owned(), identity, ..source() };
    assert_eq!(
        differences(&plan, &elsewhere, None),
        ["source server, by whose name this plan knows its database (plan: S, now: B)"]
    );
}

#[test]
fn the_column_fingerprint_sees_every_change_of_a_column() {
    let before = table("a.t", vec![column("id", "int"), column("x", "int")]);
    let mut nullable = before.clone();
    nullable.columns[1].nullable = true;
    let mut renamed = before.clone();
    renamed.columns[1].name = ColumnName::new("y");
    let mut retyped = before.clone();
    retyped.columns[1].ty.name = "bigint".into();
    let mut shorter = before.clone();
    shorter.columns.pop();
    for changed in [nullable, renamed, retyped, shorter] {
        assert_ne!(column_fingerprint(&before), column_fingerprint(&changed));
    }
}

#[test]
fn filters_that_leave_nothing_are_an_error() {
    let options = PlanOptions { include: vec!["nothing.*".to_owned()], ..PlanOptions::default() };
    let error = built(options, &[table("a.t", vec![column("id", "int")])]).unwrap_err();
    assert_eq!(error.detail(), "nothing to plan: the database has 1 table, the filters leave none");
    let bad = PlanOptions { include: vec!["[".to_owned()], ..PlanOptions::default() };
    assert_eq!(built(bad, &[]).unwrap_err().kind(), ErrorKind::Config);
}

#[test]
fn a_name_that_is_no_pattern_must_be_there() {
    let tables: Vec<_> =
        ["dbo.Orders", "dbo.Secret"].map(|name| table(name, vec![column("id", "int")])).into();
    let with = |include: &[&str], exclude: &[&str]| {
        let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
        built(
            PlanOptions { include: texts(include), exclude: texts(exclude), ..PlanOptions::default() },
            &tables,
        )
    };
    let error = with(&["dbo.Ordres", "DBO.secret"], &["dbo.Sceret", "x.y"]).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    for part in [
        "--include dbo.Ordres: this login sees no such table in the source; did you mean dbo.Orders?",
        "--exclude dbo.Sceret: this login sees no such table in the source; did you mean dbo.Secret?",
        "--exclude x.y: this login sees no such table in the source; names are schema.table",
    ] {
        assert!(error.detail().contains(part), "{part} in {error}");
    }
    assert!(!error.detail().contains("DBO.secret"), "{error}");
    assert!(with(&["dbo.orders", "d*.Nothing"], &["DBO.SECRET", "tmp.*"]).is_ok());
}

fn chosen(table: &str, choice: TableChoice) -> PlanOptions {
    PlanOptions { tables: [(table.to_owned(), choice)].into(), ..PlanOptions::default() }
}

fn of_column(name: &str, column: ColumnChoice) -> TableChoice {
    TableChoice { columns: [(name.to_owned(), column)].into(), ..TableChoice::default() }
}

fn orders() -> SourceTable {
    let mut text = column("Email", "varchar");
    text.ty.max_length = 50;
    text.ty.collation = Some("Latin1_General_CI_AS".to_owned());
    text.nullable = true;
    let mut table = table("dbo.Orders", vec![column("Id", "int"), text, column("Note", "int")]);
    let key = KeyColumn { name: ColumnName::new("Id"), descending: false };
    table.primary_key = Some(Key { name: "PK".to_owned(), columns: vec![key], clustered: true });
    table
}

#[test]
fn names_are_folded_cut_and_kept_apart_and_the_schema_map_wins() {
    let long = "n".repeat(64);
    let tables = [
        table(
            "Sales.OrderLine",
            vec![column("OrderID", "int"), column("orderId", "int"), column("ctid", "int")],
        ),
        table("Sales.Order Line", vec![column(&long, "int")]),
        table("dbo.X", vec![column("x", "int")]),
    ];
    let options = PlanOptions {
        name_case: Some(NameCase::Snake),
        schema_map: [("dbo".to_owned(), "Public Data".to_owned())].into(),
        ..PlanOptions::default()
    };
    let plan = built(options, &tables).unwrap();
    let names: Vec<String> = plan.tables.iter().map(|table| table.target.to_string()).collect();
    assert_eq!(names[0], "sales.order_line", "'Order Line' comes before 'OrderLine'");
    assert!(names[1].starts_with("sales.order_line_"), "{names:?}");
    assert_eq!(names[2], "Public Data.x");
    let cut = plan.tables[0].columns[0].target.as_str();
    assert_eq!((cut.len(), &cut[..54]), (63, &long[..54]));
    let columns: Vec<&str> = plan.tables[1].columns.iter().map(|column| column.target.as_str()).collect();
    assert_eq!(columns[0], "order_id");
    assert!(columns[1].starts_with("order_id_") && columns[2].starts_with("ctid_"), "{columns:?}");
}

#[test]
fn a_schema_of_postgresql_itself_is_refused() {
    let map = [("dbo".to_owned(), "pg_mine".to_owned())].into();
    let error = built(PlanOptions { schema_map: map, ..PlanOptions::default() }, &[orders()]).unwrap_err();
    assert!(error.detail().contains("the schema pg_mine is PostgreSQL's own"), "{error}");
}

#[test]
fn choices_reach_their_table_and_column_without_regard_to_case() {
    let masked =
        ColumnChoice { mask: Some(Mask::Hash), target: Some("mail".to_owned()), ..ColumnChoice::default() };
    let choice = TableChoice {
        target: Some("sales.orders".to_owned()),
        filter: Some("Id > 5".to_owned()),
        exclude: vec!["NOTE".to_owned()],
        ..of_column("email", masked)
    };
    let plan = built(chosen("DBO.orders", choice), &[orders()]).unwrap();
    let table = &plan.tables[0];
    assert_eq!(table.target, TableName::new("sales", "orders"));
    assert_eq!(table.filter.as_deref(), Some("Id > 5"));
    assert_eq!(table.unsupported[0].reason, EXCLUDED);
    let mail = &table.columns[1];
    assert_eq!((mail.target.as_str(), mail.target_type.as_str()), ("mail", "text"));
    assert_eq!(mail.mask, Some(Mask::Hash));
    assert_eq!(table.columns.len(), 2);
}

#[test]
fn a_choice_that_fits_nothing_is_an_error_with_all_of_them() {
    let mut choice = of_column("Emial", ColumnChoice::default());
    choice.exclude = vec!["Nota".to_owned()];
    let mut options = chosen("dbo.Orders", choice);
    options.tables.insert("dbo.Ordres".to_owned(), TableChoice::default());
    options.maps.insert("datetimeoffest".to_owned(), "text".to_owned());
    let error = built(options, &[orders()]).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    for part in [
        "columns: Emial: the table has no such column; it has Id, Email, Note",
        "exclude: Nota: the table has no such column",
        "dbo.Ordres: the source has no such table; did you mean dbo.Orders?",
        "--map datetimeoffest: no such type",
    ] {
        assert!(error.detail().contains(part), "{part} in {error}");
    }
}

#[test]
fn a_mask_that_would_break_a_row_or_a_key_is_refused() {
    let mask = |name: &str, mask: Mask| {
        let column = ColumnChoice { mask: Some(mask), ..ColumnChoice::default() };
        built(chosen("dbo.Orders", of_column(name, column)), &[orders()])
    };
    assert!(mask("Note", Mask::Null).unwrap_err().detail().contains("the column is NOT NULL"));
    assert!(mask("Id", Mask::Fixed("1".to_owned())).unwrap_err().detail().contains("part of a key"));
    assert!(mask("Email", Mask::Null).is_ok());
    let hashed = mask("Id", Mask::Hash).unwrap();
    assert_eq!(hashed.tables[0].columns[0].target_type, "text");
    assert_eq!(hashed.tables[0].chunk_key, None, "a masked value may not stand in a bound");
    assert!(built(PlanOptions::default(), &[orders()]).unwrap().tables[0].chunk_key.is_some());
}

#[test]
fn a_key_column_cannot_be_excluded() {
    let choice = TableChoice { exclude: vec!["Id".to_owned()], ..TableChoice::default() };
    let error = built(chosen("dbo.Orders", choice), &[orders()]).unwrap_err();
    assert!(error.detail().contains("its primary key has the column Id, which is excluded"), "{error}");
}

#[test]
fn policies_of_a_column_win_over_its_tables_and_the_runs() {
    let policies = |nul| Policies { nul, ..Policies::default() };
    let mut choice = of_column(
        "Email",
        ColumnChoice { policies: Some(policies(NulPolicy::Strip)), ..ColumnChoice::default() },
    );
    let mut options = chosen("dbo.Orders", choice.clone());
    options.policies = policies(NulPolicy::Replace);
    let nul = |options: PlanOptions| {
        let plan = built(options, &[orders()]).unwrap();
        (plan.tables[0].columns[0].policies.nul, plan.tables[0].columns[1].policies.nul)
    };
    assert_eq!(nul(options.clone()), (NulPolicy::Error, NulPolicy::Strip), "a number has no policies");
    choice.columns.clear();
    options.tables = [("dbo.Orders".to_owned(), choice.clone())].into();
    assert_eq!(nul(options.clone()).1, NulPolicy::Replace);
    choice.policies = Some(Policies::default());
    options.tables = [("dbo.Orders".to_owned(), choice)].into();
    assert_eq!(nul(options).1, NulPolicy::Error);
}

#[test]
fn collations_are_kept_on_request_and_an_extension_must_be_there() {
    let with = |collations, target: Option<&[&str]>| {
        let options = PlanOptions { collations, ..PlanOptions::default() };
        let target = target.map(|extensions| PlannedTarget {
            version: 150_000,
            extensions: extensions.iter().map(|name| (*name).to_owned()).collect(),
        });
        build(Inputs { target, ..inputs(options, &[orders()]) }).map(|plan| plan.tables[0].columns[1].clone())
    };
    let database = with(Collations::Database, None).unwrap();
    assert_eq!((database.target_type.as_str(), database.collation), ("varchar(50)", None));
    let icu = with(Collations::Icu, None).unwrap();
    assert_eq!(icu.collation.as_deref(), Some("Latin1_General_CI_AS"));
    let citext = with(Collations::Citext, Some(&["citext"])).unwrap();
    assert_eq!((citext.target_type.as_str(), citext.map.as_deref()), ("citext", Some("citext")));
    assert!(with(Collations::Citext, None).is_ok(), "nobody knows yet");
    let error = with(Collations::Citext, Some(&[])).unwrap_err();
    assert!(
        error.detail().contains("dbo.Orders.Email varchar(50): citext needs the extension citext"),
        "{error}"
    );
}

#[test]
fn partitions_are_kept_on_request_where_they_mean_the_same() {
    let partition = |column: &str, bounds: &[Option<&str>]| PartitionedTable {
        table: "dbo.Orders".parse().unwrap(),
        scheme: "s".to_owned(),
        function: "f".to_owned(),
        column: ColumnName::new(column),
        right: true,
        bounds: bounds.iter().map(|bound| bound.map(str::to_owned)).collect(),
    };
    let with = |partitions, partition: PartitionedTable| {
        let options = PlanOptions { partitions, ..PlanOptions::default() };
        let (tables, partitions) = ([orders()], [partition]);
        let inputs = Inputs { partitions: &partitions, ..inputs(options, &tables) };
        build(inputs).unwrap().tables[0].partitioning.clone()
    };
    let bounds = [Some("10"), Some("20")];
    assert_eq!(with(Partitions::Plain, partition("Id", &bounds)), None);
    let made = with(Partitions::Declarative, partition("Id", &bounds)).unwrap();
    assert_eq!((made.bounds, made.right), (vec!["10".to_owned(), "20".to_owned()], true));
    assert_eq!(with(Partitions::Declarative, partition("Note", &bounds)), None, "not part of the key");
    assert_eq!(with(Partitions::Declarative, partition("Id", &[None])), None);
    let descending = partition("Id", &[Some("20"), Some("10")]);
    assert_eq!(with(Partitions::Declarative, descending), None, "the target would be one table");
}

#[test]
fn a_draft_lists_what_stands_in_the_way_and_plans_the_rest() {
    let mut orders = orders();
    orders.columns.push(column("v", "no_such_type"));
    let draft = draft(inputs(PlanOptions::default(), &[orders])).unwrap();
    assert_eq!(draft.refused.len(), 1);
    assert_eq!(draft.plan.tables[0].columns.len(), 3);
}

#[test]
fn a_type_that_was_asked_for_and_cannot_be_had_is_never_left_out_in_silence() {
    let asked = ColumnChoice { map: Some("txet".to_owned()), ..ColumnChoice::default() };
    let options = PlanOptions { skip_unsupported: true, ..chosen("dbo.Orders", of_column("Note", asked)) };
    let error = built(options, &[orders()]).unwrap_err();
    assert!(error.detail().contains("dbo.Orders.Note int: int cannot become txet"), "{error}");
}

#[test]
fn a_table_whose_rows_a_policy_hides_is_refused_until_that_is_allowed() {
    let mut tables = [table("dbo.a", vec![column("id", "int")]), table("dbo.b", vec![column("id", "int")])];
    tables[1].filtered_by = Some("sec.Tenants".to_owned());
    let refused = draft(inputs(PlanOptions::default(), &tables)).unwrap().refused;
    assert_eq!(refused.len(), 1);
    let said = refused[0].to_string();
    assert!(said.starts_with("dbo.b: the security policy sec.Tenants decides"), "{said}");
    assert_eq!(built(PlanOptions::default(), &tables).unwrap_err().kind(), ErrorKind::Unsupported);
    let without = PlanOptions { exclude: vec!["dbo.b".to_owned()], ..PlanOptions::default() };
    assert_eq!(built(without, &tables).unwrap().tables.len(), 1);
    let allowed = PlanOptions { allow_row_filters: true, ..PlanOptions::default() };
    let plan = built(allowed, &tables).unwrap();
    assert_eq!(plan.tables.len(), 2);
    // The choice belongs to the plan; if it is not made, the fingerprint is that of older versions.
    assert_ne!(plan.fingerprint, fingerprint(&source(), &PlanOptions::default()).unwrap());
    assert!(!serde_json::to_string(&PlanOptions::default()).unwrap().contains("row_filters"));
    // What is not chosen now is taken from the plan.
    assert_eq!(differences(&plan, &source(), Some(&PlanOptions::default())), Vec::<String>::new());
    let plain =
        built(PlanOptions { exclude: vec!["dbo.b".to_owned()], ..PlanOptions::default() }, &tables).unwrap();
    let policies = Policies { fraction: FractionPolicy::Round, ..Policies::default() };
    let asked = PlanOptions { allow_row_filters: true, policies, ..PlanOptions::default() };
    assert_eq!(
        differences(&plain, &source(), Some(&asked)),
        ["--allow-row-filters true (the plan has false)", "--policy fraction=round (the plan has none)"]
    );
}

/// A plan without a word about names was written when names were preserved; what is said now is compared with that.
#[test]
fn a_plan_of_an_older_program_goes_on_with_its_names() {
    let tables = [orders()];
    let old = built(PlanOptions::default(), &tables).unwrap();
    assert_eq!(old.tables[0].target.name, old.tables[0].source.name);
    let now = |case| PlanOptions { name_case: case, ..PlanOptions::default() };
    assert_eq!(other_choices(&old.options, &now(None)), Vec::<String>::new());
    assert_eq!(other_choices(&old.options, &now(Some(NameCase::Preserve))), Vec::<String>::new());
    let lower = other_choices(&old.options, &now(Some(NameCase::Lower)));
    assert_eq!(lower, ["--name-case lower (the plan has preserve)"]);
    let new = built(PlanOptions::default().settled(), &tables).unwrap();
    assert_eq!(new.tables[0].target.to_string(), new.tables[0].source.to_string().to_lowercase());
    assert_eq!(other_choices(&new.options, &now(None)), Vec::<String>::new());
    assert_eq!(other_choices(&new.options, &now(Some(NameCase::Lower))), Vec::<String>::new());
    assert_eq!(
        other_choices(&new.options, &now(Some(NameCase::Preserve))),
        ["--name-case preserve (the plan has lower)"]
    );
}

/// `dbo.B.R` refers to `dbo.A.K`, a primary key.
fn keyed(ty: &str) -> (Vec<SourceTable>, Vec<ForeignKey>) {
    let mut a = table("dbo.A", vec![column("K", ty), column("V", ty)]);
    a.primary_key = Some(Key {
        name: "PK".to_owned(),
        columns: vec![KeyColumn { name: ColumnName::new("K"), descending: false }],
        clustered: true,
    });
    let b = table("dbo.B", vec![column("R", ty), column("V", ty)]);
    let key = ForeignKey {
        table: b.name.clone(),
        name: "FK".to_owned(),
        columns: vec![ColumnName::new("R")],
        referenced: a.name.clone(),
        referenced_columns: vec![ColumnName::new("K")],
        on_delete: ReferentialAction::NoAction,
        on_update: ReferentialAction::NoAction,
        disabled: false,
        not_trusted: false,
    };
    (vec![a, b], vec![key])
}

#[test]
fn the_blanks_of_keys_are_trimmed_on_both_sides_and_nowhere_else() {
    let (tables, foreign_keys) = keyed("varchar");
    let trimmed = |blanks| {
        let policies = Policies { blanks, ..Policies::default() };
        let options = PlanOptions { policies, ..PlanOptions::default() };
        assert_eq!(needs_foreign_keys(&options, &tables), blanks == BlanksPolicy::TrimKeys);
        let inputs = Inputs { foreign_keys: &foreign_keys, ..inputs(options, &tables) };
        let plan = build(inputs).unwrap();
        let columns = plan.tables.iter().flat_map(|table| table.columns.clone());
        columns.map(|column| column.policies.blanks == BlanksPolicy::Trim).collect::<Vec<_>>()
    };
    assert_eq!(trimmed(BlanksPolicy::Keep), [false; 4]);
    assert_eq!(trimmed(BlanksPolicy::TrimKeys), [true, false, true, false]);
    assert_eq!(trimmed(BlanksPolicy::Trim), [true; 4]);
}

#[test]
fn a_variant_of_a_key_becomes_jsonb_unless_it_was_mapped() {
    let (tables, foreign_keys) = keyed("sql_variant");
    assert!(needs_foreign_keys(&PlanOptions::default(), &tables));
    let types = |maps: &[(&str, &str)]| {
        let maps = maps.iter().map(|(from, to)| ((*from).to_owned(), (*to).to_owned())).collect();
        let options = PlanOptions { maps, ..PlanOptions::default() };
        let plan = build(Inputs { foreign_keys: &foreign_keys, ..inputs(options, &tables) }).unwrap();
        let columns = plan.tables.iter().flat_map(|table| table.columns.clone());
        columns.map(|column| column.target_type).collect::<Vec<_>>()
    };
    assert_eq!(types(&[]), ["jsonb", "text", "jsonb", "text"]);
    assert_eq!(types(&[("sql_variant", "text")]), ["text"; 4]);
}
