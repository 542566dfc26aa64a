use super::super::ddl::tests::{plan, planned};
use super::*;
use crate::model::plan::PlannedTable;

fn table(name: &str) -> PlannedTable {
    let name: TableName = name.parse().unwrap();
    PlannedTable { source: name.clone(), target: name, ..planned() }
}

fn index(table: &str, name: &str) -> Index {
    Index {
        table: table.parse().unwrap(),
        name: name.to_owned(),
        kind: "NONCLUSTERED".into(),
        columns: vec![],
        included: vec![],
        unique: false,
        constraint: false,
        filter: None,
        disabled: false,
    }
}

#[test]
fn names_stay_where_they_can() {
    let plan = plan(vec![table("dbo.a"), table("dbo.b"), table("sales.a")]);
    let mut indexes = vec![
        index("dbo.b", "IX"),
        index("dbo.a", "IX"),
        index("sales.a", "IX"),
        index("dbo.b", "a"),
        index("dbo.b", "IX_b"),
    ];
    let names = Names::of_indexes(&plan, std::iter::empty(), &indexes);
    let of = |table: &str, name: &str| names.index(&table.parse().unwrap(), name).to_owned();
    assert_eq!(of("dbo.a", "IX"), "IX");
    assert_eq!(of("sales.a", "IX"), "IX");
    assert_eq!(of("dbo.b", "IX_b"), "IX_b");
    let (collided, as_table) = (of("dbo.b", "IX"), of("dbo.b", "a"));
    assert!(collided.starts_with("IX_") && collided.len() == 11, "{collided}");
    assert!(as_table.starts_with("a_") && as_table.len() == 10, "{as_table}");
    indexes.reverse();
    assert_eq!(Names::of_indexes(&plan, std::iter::empty(), &indexes), names, "the order does not matter");
}

#[test]
fn long_names_are_cut_between_characters() {
    let name = "ü".repeat(40);
    let of = TableName::new("dbo", "t");
    let cut = short(&of, &name);
    assert!(cut.len() <= LONGEST && cut.starts_with("üüü"), "{cut}");
    assert_ne!(cut, short(&of, &format!("{name}x")));
    assert_eq!(short(&of, "FK"), "FK");
}

#[test]
fn names_follow_the_case() {
    for (name, expected) in [
        ("IX_OrderLine", "ix_order_line"),
        ("PKOrders", "pk_orders"),
        ("FK_A1B", "fk_a1_b"),
        ("plain", "plain"),
        ("ix order-date", "ix_order_date"),
        ("With Space", "with_space"),
    ] {
        assert_eq!(folded(name, NameCase::Snake), expected);
    }
    let mut plan = plan(vec![table("dbo.a")]);
    plan.options.name_case = Some(NameCase::Lower);
    let names =
        Names::of_indexes(&plan, std::iter::empty(), &[index("dbo.a", "UPPER"), index("dbo.a", "Upper")]);
    let of = |name: &str| names.index(&"dbo.a".parse().unwrap(), name).to_owned();
    assert_eq!(of("UPPER"), "upper");
    assert!(of("Upper").starts_with("upper_"), "two names that become one are told apart");
}
