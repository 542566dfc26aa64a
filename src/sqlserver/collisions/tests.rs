use super::*;
use crate::model::policy::{BlanksPolicy, FractionPolicy, NulPolicy};

fn column(name: &str, ty: &str, target: &str) -> PlannedColumn {
    let json = serde_json::json!({
        "source": name, "target": name, "target_type": target, "nullable": false,
        "source_type": {"name": ty, "max_length": 20, "precision": 0, "scale": 7, "collation": "Latin1_General_CI_AS"},
    });
    serde_json::from_value(json).unwrap()
}

#[test]
fn a_value_is_written_as_the_target_compares_it() {
    let form = |column: &PlannedColumn| form::in_target(column, "[k]", false);
    let text = column("k", "varchar", "varchar(20)");
    assert_eq!(form(&text), "CONVERT(varbinary(8000), [k])");
    assert!(form::keeps_blanks(&text) && !form::is_folded(&text));
    let mut trimmed = text.clone();
    trimmed.policies.blanks = BlanksPolicy::Trim;
    assert_eq!(form(&trimmed), "CONVERT(varbinary(8000), RTRIM([k]))");
    assert!(!form::keeps_blanks(&trimmed) && form::is_trimmed_by_policy(&trimmed));
    let padded = column("k", "char", "char(20)");
    assert_eq!(form(&padded), "CONVERT(varbinary(8000), RTRIM([k]))");
    assert!(!form::keeps_blanks(&padded) && !form::is_trimmed_by_policy(&padded));
    let mut icu = text.clone();
    icu.collation = Some("Latin1_General_CI_AS".to_owned());
    assert_eq!(form(&icu), "DATALENGTH([k]) - DATALENGTH(RTRIM([k]))");
    let mut stripped = text;
    stripped.policies.nul = NulPolicy::Strip;
    assert!(form::is_folded(&stripped));
    assert_eq!(
        form(&stripped),
        "CONVERT(varbinary(8000), REPLACE(CONVERT(nvarchar(4000), [k]) COLLATE Latin1_General_BIN2, NCHAR(0), N''))"
    );
}

#[test]
fn a_seventh_digit_is_compared_as_its_policy_leaves_it() {
    let with = |ty, target, fraction| {
        let mut column = column("k", ty, target);
        column.policies.fraction = fraction;
        (form::is_folded(&column), form::in_target(&column, "[k]", false))
    };
    use FractionPolicy as F;
    for (ty, target, fraction, folded, sql) in [
        ("datetime2", "timestamp(6)", F::Error, false, "[k]"),
        ("datetime2", "timestamp(6)", F::Truncate, true, "LEFT(CONVERT(varchar(40), [k], 121), 26)"),
        ("datetime2", "timestamp(6)", F::Round, true, "CAST([k] AS datetime2(6))"),
        ("time", "time(6)", F::Truncate, true, "LEFT(CONVERT(varchar(40), [k], 121), 15)"),
        (
            "datetimeoffset",
            "timestamptz(6)",
            F::Truncate,
            true,
            "LEFT(CONVERT(varchar(40), SWITCHOFFSET([k], '+00:00'), 121), 26)",
        ),
        ("datetime2", "text", F::Truncate, false, "[k]"),
    ] {
        assert_eq!(with(ty, target, fraction), (folded, sql.to_owned()), "{ty} {target}");
    }
}
