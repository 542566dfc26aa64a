//! Security policies (row-level security): declared only. Rows are shown to everybody.

use crate::catalog::{SecurityPolicyDef, SecurityPredicateDef, same};
use crate::engine::error;
use crate::load::Context;
use crate::load::lex::Cursor;
use crate::load::objects::{check_free, declare, schema_of};
use crate::results::SqlError;

/// `FILTER | BLOCK PREDICATE fn(column, …) ON table`.
struct Predicate {
    filter: bool,
    definition: String,
    on: (Option<String>, String),
}

/// After CREATE SECURITY POLICY: `name ADD FILTER | BLOCK PREDICATE fn(column, …) ON table, … [WITH (STATE = ON | OFF)]`.
pub(crate) fn create(c: &mut Cursor<'_>, x: &Context<'_>) -> Result<(), SqlError> {
    let (schema, name) = c.object()?;
    let mut predicates = Vec::new();
    loop {
        c.expect("ADD")?;
        let filter = c.accept("FILTER");
        if !filter {
            c.expect("BLOCK")?;
        }
        c.expect("PREDICATE")?;
        let (of, function) = c.object()?;
        c.skip_group()?;
        c.expect("ON")?;
        let on = c.object()?;
        if !filter && (c.accept("AFTER") || c.accept("BEFORE")) {
            c.name()?;
        }
        let definition = format!("([{}].[{function}]())", of.as_deref().unwrap_or("dbo"));
        predicates.push(Predicate { filter, definition, on });
        if !c.accept(",") {
            break;
        }
    }
    let enabled = state(c)?.unwrap_or(true);
    declare(x, |k, _| {
        let schema = schema_of(k, schema.as_deref())?;
        check_free(k, &schema, &name)?;
        let mut declared = Vec::new();
        for predicate in &predicates {
            let (of, on) = &predicate.on;
            let table = k.table(of.as_deref(), on).ok_or_else(|| missing(on))?;
            declared.push(SecurityPredicateDef {
                filter: predicate.filter,
                definition: predicate.definition.clone(),
                table: table.object_id,
            });
        }
        let (object_id, created) = k.new_object();
        let policy = SecurityPolicyDef { object_id, schema, name, enabled, predicates: declared, created };
        k.security_policies.push(policy);
        Ok(())
    })
}

/// After ALTER SECURITY POLICY: `name WITH (STATE = ON | OFF)`.
pub(crate) fn alter(c: &mut Cursor<'_>, x: &Context<'_>) -> Result<(), SqlError> {
    let (schema, name) = c.object()?;
    let enabled = state(c)?.ok_or_else(|| c.wrong())?;
    declare(x, |k, _| {
        let schema = schema_of(k, schema.as_deref())?;
        let mut all = k.security_policies.iter_mut();
        let policy = all.find(|p| same(&p.name, &name) && same(&p.schema, &schema));
        policy.ok_or_else(|| missing(&name))?.enabled = enabled;
        Ok(())
    })
}

fn state(c: &mut Cursor<'_>) -> Result<Option<bool>, SqlError> {
    if !c.accept("WITH ( STATE =") {
        return Ok(None);
    }
    let on = c.accept("ON");
    if !on {
        c.expect("OFF")?;
    }
    c.expect(")")?;
    Ok(Some(on))
}

fn missing(name: &str) -> SqlError {
    error(
        15151,
        16,
        format!("Cannot find the object '{name}', because it does not exist or you do not have permission."),
    )
}
