use super::*;
use crate::model::identity::DatabaseIdentity;
use crate::model::names::ColumnName;
use crate::model::names::NameCase;
use crate::model::plan::{Collations, ColumnChoice, PlanOptions, PlannedSource, TableChoice};
use crate::model::policy::{FractionPolicy, Mask, Policies};
use crate::model::table::{Identity, Key, KeyColumn, SourceColumn};
use crate::model::types::SourceType;
use crate::plan::build::{Draft, Inputs, draft};
use jiff::Timestamp;

fn column(name: &str, ty: &str, length: i16, scale: u8) -> SourceColumn {
    let text = matches!(ty, "char" | "varchar" | "nvarchar");
    SourceColumn {
        name: ColumnName::new(name),
        ordinal: 1,
        ty: SourceType {
            name: ty.into(),
            alias: None,
            max_length: length,
            precision: 10,
            scale,
            collation: text.then(|| "Latin1_General_CI_AS".to_owned()),
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

fn tables() -> Vec<SourceTable> {
    let mut key = column("OrderID", "decimal", 9, 0);
    key.identity = Some(Identity { seed: "1".into(), increment: "1".into(), last_value: None });
    let mut total = column("Total", "int", 4, 0);
    total.computed = Some("([a]+[b])".to_owned());
    let orders = SourceTable {
        name: "dbo.Orders".parse().unwrap(),
        object_id: 1,
        columns: vec![
            key,
            column("User", "nvarchar", 100, 0),
            column("At", "datetime2", 8, 7),
            column("Zoned", "datetimeoffset", 10, 3),
            column("Version", "timestamp", 8, 0),
            column("ctid", "int", 4, 0),
            column("Secret", "varchar", 20, 0),
            column("Note", "varchar", -1, 0),
            column("Kind", "sqlvariant", 16, 0),
            total,
        ],
        primary_key: Some(Key {
            name: "PK".to_owned(),
            columns: vec![KeyColumn { name: ColumnName::new("OrderID"), descending: false }],
            clustered: true,
        }),
        rows: 1_000_000,
        bytes: 200_000_000,
        filtered_by: None,
        in_memory: false,
    };
    let heap = SourceTable {
        name: "dbo.ORDERS".parse().unwrap(),
        object_id: orders.object_id,
        columns: vec![column("x", "int", 4, 0)],
        primary_key: None,
        rows: orders.rows,
        bytes: orders.bytes,
        filtered_by: None,
        in_memory: false,
    };
    vec![orders, heap]
}

fn options() -> PlanOptions {
    let mut choice = TableChoice {
        filter: Some("At > '2020-01-01'".to_owned()),
        exclude: vec!["note".to_owned()],
        ..TableChoice::default()
    };
    let masked = ColumnChoice { mask: Some(Mask::Hash), ..ColumnChoice::default() };
    let rounded = Policies { fraction: FractionPolicy::Round, ..Policies::default() };
    choice.columns.insert("Secret".to_owned(), masked);
    choice
        .columns
        .insert("Zoned".to_owned(), ColumnChoice { policies: Some(rounded), ..ColumnChoice::default() });
    PlanOptions {
        name_case: Some(NameCase::Snake),
        tables: [("dbo.Orders".to_owned(), choice)].into(),
        ..PlanOptions::default()
    }
}

fn assessed(options: PlanOptions) -> Assessment {
    let tables = tables();
    let objects = SourceObjects::default();
    let source = PlannedSource {
        server: "S".to_owned(),
        database: "D".to_owned(),
        product_version: "16".to_owned(),
        identity: DatabaseIdentity::default(),
        log_position: None,
    };
    let inputs = Inputs {
        source,
        target: None,
        options,
        tables: &tables,
        indexes: &[],
        foreign_keys: &[],
        partitions: &[],
        now: Timestamp::UNIX_EPOCH,
    };
    let Draft { plan, refused } = draft(inputs).unwrap();
    assess(
        &Material {
            plan: &plan,
            refused: &refused,
            chunk_size: 128 << 20,
            tables: &tables,
            objects: &objects,
        },
        4,
        &SourceAnswers::default(),
    )
}

fn said(assessment: &Assessment, object: &str) -> Vec<(Name, Verdict)> {
    let of = assessment.findings.iter().filter(|finding| finding.object == object);
    of.filter(|finding| finding.name != Name::AsIs).map(|finding| (finding.name, finding.verdict)).collect()
}

#[test]
fn every_object_is_said_once_by_its_worst() {
    let assessment = assessed(options());
    let of = |object: &str| said(&assessment, object);
    use {Name as N, Verdict as V};
    assert_eq!(
        of("dbo.ORDERS"),
        [(N::NameCase, V::Converted), (N::NoPrimaryKey, V::Converted), (N::OneChunk, V::Converted)]
    );
    assert_eq!(
        of("dbo.Orders"),
        [(N::NameTaken, V::Changed), (N::Filtered, V::Changed), (N::SeveralMoments, V::Converted)]
    );
    assert_eq!(of("dbo.Orders.OrderID"), [(N::NameCase, V::Converted)]);
    assert_eq!(of("OrderID on dbo.Orders"), [(N::MadeOtherwise, V::Changed)]);
    assert_eq!(
        of("dbo.Orders.User"),
        [(N::NameCase, V::Converted), (N::NameReserved, V::Converted), (N::CollationDatabase, V::Changed)]
    );
    assert_eq!(of("dbo.Orders.At"), [(N::NameCase, V::Converted), (N::FractionDigits, V::Changed)]);
    assert_eq!(
        of("dbo.Orders.Zoned"),
        [(N::NameCase, V::Converted), (N::TypeLossy, V::Lossy), (N::Policy, V::Lossy)]
    );
    assert_eq!(of("dbo.Orders.Version"), [(N::NameCase, V::Converted), (N::Rowversion, V::Changed)]);
    assert_eq!(of("dbo.Orders.ctid"), [(N::NameSystem, V::Changed)]);
    assert_eq!(of("dbo.Orders.Secret"), [(N::NameCase, V::Converted), (N::Masked, V::Changed)]);
    assert_eq!(of("dbo.Orders.Note"), [(N::Excluded, V::Refused)]);
    assert_eq!(of("dbo.Orders.Kind"), [(N::TypeUnsupported, V::Refused)]);
    assert_eq!(of("dbo.Orders.Total"), [(N::NameCase, V::Converted), (N::ComputedPlain, V::Changed)]);
    let columns = assessment.kinds[&"column".into()];
    assert_eq!((columns.converted, columns.changed, columns.lossy, columns.refused), (2, 6, 1, 2));
    // A table and an identity.
    assert_eq!(assessment.totals.changed, columns.changed + 2);
}

#[test]
fn collations_on_request_are_said_as_kept() {
    let icu = assessed(PlanOptions { collations: Collations::Icu, ..options() });
    assert!(said(&icu, "dbo.Orders.User").contains(&(Name::CollationIcu, Verdict::Converted)));
    let citext = assessed(PlanOptions { collations: Collations::Citext, ..options() });
    let user = said(&citext, "dbo.Orders.User");
    assert!(user.contains(&(Name::CollationCitext, Verdict::Converted)), "{user:?}");
    assert!(user.contains(&(Name::NeedsExtension, Verdict::Changed)), "{user:?}");
}

#[test]
fn the_estimate_follows_its_rule() {
    let estimate = assessed(options()).estimate;
    assert_eq!(
        (estimate.tables, estimate.rows, estimate.bytes, estimate.jobs),
        (2, 2_000_000, 400_000_000, 4)
    );
    // 2 tables of 200 MB and 28 bytes a row, and one key of 16 + 9 bytes an entry.
    assert_eq!(estimate.target_bytes, 400_000_000 + 2 * 28_000_000 + 25_000_000);
    // (400 + 25) MB at 4 x 50 MB a second.
    assert_eq!(estimate.seconds, 3);
}

#[test]
fn a_person_reads_what_is_not_as_it_was() {
    insta::assert_snapshot!("text", render(&assessed(options()), false));
}

fn many_findings(objects: usize) -> Assessment {
    let finding = |number: usize, kind: ObjectKind, reason: &str, advice: Option<&str>| Finding {
        name: Name::MadeOtherwise,
        kind,
        object: format!("dbo.Table{number}.Column"),
        verdict: Verdict::Changed,
        reason: reason.to_owned(),
        advice: advice.map(str::to_owned),
    };
    let mut assessment = assessed(PlanOptions::default());
    assessment.findings.clear();
    for number in 1..=objects {
        let shared = finding(number, ObjectKind::Column, "it compares otherwise", Some("--collations icu"));
        let own = finding(number, ObjectKind::PrimaryKey, &format!("its own reason {number}"), None);
        assessment.findings.extend([shared, own]);
    }
    let view = "in T-SQL: CREATE VIEW v AS\nSELECT 1\nAS one,\n2 AS two";
    assessment.findings.push(finding(0, ObjectKind::View, "it is not converted", Some(view)));
    assessment
}

#[test]
fn what_is_said_of_many_objects_is_said_once() {
    let short = render(&many_findings(400), false);
    let start = short.find("\nChanged").unwrap();
    insta::assert_snapshot!("text-grouped", &short[start..]);
    assert!(short.lines().count() < 40, "{short}");
    let all = render(&many_findings(400), true);
    assert_eq!(all.matches("it compares otherwise").count(), 400);
    assert_eq!(all.matches("its own reason").count(), 400);
    assert!(all.contains("2 AS two") && !short.contains("2 AS two"));
    assert!(!render(&many_findings(3), false).contains("--verbose"));
}

/// Names are an interface: the page lists every one, and they are written so.
#[test]
fn the_page_lists_every_name() {
    let page = include_str!("../../docs/reference/assessment.md");
    let listed = |name: &str| {
        assert!(page.contains(&format!("| `{name}` |")), "docs/reference/assessment.md lacks {name}")
    };
    for name in ALL {
        let text = serde_json::to_value(name).unwrap();
        listed(text.as_str().unwrap());
    }
}

const ALL: [Name; 41] = [
    Name::AsIs,
    Name::NameCase,
    Name::NameChosen,
    Name::NameTooLong,
    Name::NameTaken,
    Name::NameSystem,
    Name::NameReserved,
    Name::Filtered,
    Name::RowsWithheld,
    Name::Excluded,
    Name::Masked,
    Name::MaskBypassed,
    Name::TypeUnsupported,
    Name::Impossible,
    Name::TypeLossy,
    Name::Policy,
    Name::FractionDigits,
    Name::NeedsExtension,
    Name::Rowversion,
    Name::IdentityLost,
    Name::CollationDatabase,
    Name::CollationIcu,
    Name::CollationCitext,
    Name::Collision,
    Name::TrailingBlanks,
    Name::KeyMismatch,
    Name::KeyUnchecked,
    Name::VariantKey,
    Name::Generated,
    Name::ComputedPlain,
    Name::ColumnSet,
    Name::HiddenShown,
    Name::OneChunk,
    Name::NoPrimaryKey,
    Name::Partitions,
    Name::Temporal,
    Name::MadeOtherwise,
    Name::NoCounterpart,
    Name::GraphTable,
    Name::Unread,
    Name::Unreadable,
];
