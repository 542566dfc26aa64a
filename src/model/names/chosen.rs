//! Names that the user chose for the target: whether PostgreSQL takes them.

use super::{LONGEST, TableName};

/// Can a user's name be had?
///
/// # Errors
/// What is wrong with it.
pub fn check(name: &str) -> Result<(), String> {
    match name {
        "" => Err("the name is empty".to_owned()),
        name if name.contains('\0') => Err("a name may not hold U+0000".to_owned()),
        name if name.len() > LONGEST => {
            Err(format!("the name {name} has {} bytes, PostgreSQL takes {LONGEST}", name.len()))
        }
        _ => Ok(()),
    }
}

/// The schema of the ledger in the target.
const LEDGER: &str = "shardferry";

/// # Errors
/// If PostgreSQL or the ledger keeps the name for itself.
pub fn check_schema(name: &str) -> Result<(), String> {
    check(name)?;
    if name.starts_with("pg_") || name == "information_schema" {
        return Err(format!("the schema {name} is PostgreSQL's own; choose another with --schema-map"));
    }
    if name == LEDGER {
        return Err(format!(
            "the target's schema {name} holds this program's own tables, by which a run goes on; choose another with \
             --schema-map SCHEMA=OTHER"
        ));
    }
    Ok(())
}

/// A user's name of a table: `name` or `schema.name`, parts in brackets if they hold a dot.
///
/// # Errors
/// What is wrong with it.
pub fn parse_target(text: &str) -> Result<(Option<String>, String), String> {
    let table = |text: &str| text.parse::<TableName>().ok();
    let parsed = match table(text) {
        Some(table) => (Some(table.schema), table.name),
        None => match table(&format!("x.{text}")) {
            Some(table) => (None, table.name),
            None => return Err(format!("`{text}` is no name; write name or schema.name")),
        },
    };
    if let Some(schema) = &parsed.0 {
        check_schema(schema)?;
    }
    check(&parsed.1)?;
    Ok(parsed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_users_name_is_checked() {
        assert_eq!(parse_target("orders"), Ok((None, "orders".to_owned())));
        assert_eq!(parse_target("sales.orders"), Ok((Some("sales".to_owned()), "orders".to_owned())));
        assert_eq!(parse_target("[a.b]"), Ok((None, "a.b".to_owned())));
        for wrong in
            ["", "a.b.c", "pg_catalog.x", "information_schema.x", "shardferry.chunk", &"n".repeat(64)]
        {
            assert!(parse_target(wrong).is_err(), "{wrong}");
        }
    }
}
