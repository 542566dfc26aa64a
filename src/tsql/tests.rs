use super::*;
use crate::model::types::SourceType;
use proptest::prelude::*;
use std::fmt::Write as _;

include!("cases.rs");

const CASES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src/tsql/cases.txt");

/// The cases with what is answered now.
fn answered(cases: &str) -> String {
    let mut page = String::new();
    for line in cases.lines() {
        if line.starts_with("-> ") || line.starts_with("!! ") || line.starts_with("## ") {
            continue;
        }
        writeln!(page, "{line}").unwrap();
        let Some((purpose, text)) = line.split_once(": ").filter(|_| !line.starts_with('#')) else {
            continue;
        };
        match translated(purpose, text).0 {
            Ok(answer) => {
                writeln!(page, "-> {}", answer.sql).unwrap();
                for note in answer.notes {
                    writeln!(page, "## {note}").unwrap();
                }
            }
            Err(refused) => writeln!(page, "!! {refused}").unwrap(),
        }
    }
    page
}

#[test]
fn every_case_is_translated_or_refused_as_it_is_written() {
    let cases = std::fs::read_to_string(CASES).unwrap();
    let page = answered(&cases);
    if option_env!("SHARDFERRY_UPDATE_DOCS").is_some() {
        std::fs::write(CASES, &page).unwrap();
        return;
    }
    let differences: Vec<_> = cases.lines().zip(page.lines()).filter(|(old, new)| old != new).collect();
    assert!(cases == page, "{differences:#?}");
}

#[test]
fn columns_sequences_and_volatility_are_told() {
    let answer = translated("check", "([i]>(0) AND [ORDER id]<[i])").0.unwrap();
    let names: Vec<_> = answer.columns.iter().map(|name| name.as_str().to_owned()).collect();
    assert_eq!(names, ["Order Id", "i"]);
    assert_eq!(answer.volatility, Volatility::Immutable);
    assert_eq!(translated("check", "([dt]<getdate())").0.unwrap().volatility, Volatility::Stable);
    assert_eq!(
        translated("default uniqueidentifier", "(newid())").0.unwrap().volatility,
        Volatility::Volatile
    );

    let own = ColumnName::new("own");
    let int = source_type("int", "");
    let column =
        ScopeColumn { source: &own, target: &own, source_type: &int, target_type: "integer", nullable: true };
    let text = "(NEXT VALUE FOR [dbo].[Numbers])";
    let renamed = |name: &TableName| Some(TableName::new("public", name.name.to_lowercase()));
    let answer = translate_with(text, Purpose::Default(column), &[], &renamed, None).unwrap();
    assert_eq!(answer.sql, "nextval('\"public\".\"numbers\"')");
    assert_eq!(answer.sequences, BTreeSet::from([TableName::new("dbo", "Numbers")]));
    let none = translate_with(text, Purpose::Default(column), &[], &|_| None, None).unwrap_err();
    assert_eq!(none.reason, "the sequence dbo.Numbers is not in the target");
}

#[test]
fn names_are_those_of_the_target() {
    let (source, target) = (ColumnName::new("Größe"), ColumnName::new("gr\"oesse"));
    let other = ColumnName::new("größe");
    let int = source_type("int", "");
    let column = |source, target| ScopeColumn {
        source,
        target,
        source_type: &int,
        target_type: "integer",
        nullable: true,
    };
    let one = [column(&source, &target)];
    assert_eq!(
        translate("([GRÖSSE]>(1))", Purpose::Check, &one).unwrap_err().reason,
        "the column GRÖSSE is not copied, or there is none"
    );
    assert_eq!(translate("([GRÖßE]>(1))", Purpose::Check, &one).unwrap().sql, "\"gr\"\"oesse\" > 1");
    // Two that differ in case: only the exact one.
    let two = [column(&source, &target), column(&other, &other)];
    assert_eq!(translate("([größe]>(1))", Purpose::Check, &two).unwrap().sql, "\"größe\" > 1");
    assert!(translate("([GRÖßE]>(1))", Purpose::Check, &two).is_err());
}

#[test]
fn deep_and_long_texts_are_answered() {
    let chain = |count: usize, operator: &str| vec!["[i]=(1)"; count].join(operator);
    let many = translated("check", &format!("({})", chain(3000, " OR "))).0.unwrap();
    assert!(many.sql.ends_with("\"i\" = 1 OR \"i\" = 1"));
    for text in [
        format!("{}1{}", "(".repeat(10_000), ")".repeat(10_000)),
        format!("{}[i]=(1)", "NOT ".repeat(10_000)),
        format!("{}[i]=(1)", "-".repeat(10_000)),
        format!("{}[i]=(1)", "- ".repeat(10_000)),
        format!("{}[i]", "[i]+".repeat(9_000)),
        format!("{}[i]{}", "isnull(".repeat(5000), ",0)".repeat(5000)),
        format!("{}1", "case when 1=1 then ".repeat(5000)),
        format!("{}[i]=(1)", "[i]=(1) AND NOT ".repeat(5000)),
        chain(100_000, " AND "),
        "'".repeat(9999),
        "[".repeat(9999),
        "/*".repeat(9999),
        String::new(),
    ] {
        assert!(translated("check", &text).0.is_err(), "{}", &text[..text.len().min(40)]);
    }
}

/// Pieces of T-SQL, in any order.
fn pieces() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "(",
        ")",
        "[i]",
        "[v]",
        "[c]",
        "[n]",
        "[dt]",
        "[d]",
        "[b]",
        "[m]",
        "[p]",
        "[f]",
        "[g]",
        "[x]",
        ",",
        "=",
        "<>",
        ">",
        "+",
        "-",
        "*",
        "/",
        "%",
        "&",
        "~",
        "(0)",
        "(1)",
        "'A'",
        "N'ß'",
        "''",
        "0x",
        "$1.5",
        "1e5",
        "1.50",
        "99999999999",
        "NULL",
        " IS NULL",
        " IS NOT NULL",
        " AND ",
        " OR ",
        " NOT ",
        " LIKE ",
        "'[a-c]%'",
        " IN ",
        " BETWEEN ",
        "case when ",
        " then ",
        " else ",
        " end",
        "isnull(",
        "len(",
        "convert([varchar](10),",
        "convert([date],",
        "dateadd(day,",
        "datediff(month,",
        "getdate()",
        "cast(",
        " as decimal(10,2))",
        " COLLATE Latin1_General_BIN2",
        "substring(",
        "left(",
        "iif(",
        "NEXT VALUE FOR ",
        "{fn ",
        "@@x",
        "\"q\"",
        ".",
        ";",
        "--",
        "/*",
        "é",
        "\0",
    ]);
    prop::collection::vec(piece, 0..24).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, ..ProptestConfig::default() })]

    #[test]
    fn no_text_is_too_strange(text in prop_oneof![pieces(), ".*", "[\\[\\]()'0-9a-z ,=+-]*"]) {
        for purpose in ["check", "filter", "default varchar(3)", "default datetime", "default decimal(4,1)", "generated int"] {
            if let Ok(answer) = translated(purpose, &text).0 {
                prop_assert!(!answer.sql.is_empty());
                prop_assert!(answer.volatility == Volatility::Immutable || !purpose.starts_with("gen"));
            }
        }
    }
}
