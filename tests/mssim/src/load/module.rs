//! Procedures, functions and triggers: declared and kept as text, never run.

use crate::catalog::{DatabaseTriggerDef, ModuleDef, ModuleKind, TriggerDef, same};
use crate::engine::{error, unknown};
use crate::load::Context;
use crate::load::lex::{Cursor, Kind};
use crate::load::names::column_type;
use crate::load::objects::{self, check_free, declare, schema_of};
use crate::results::SqlError;
use crate::types::SqlType;

const EVENTS: [&str; 3] = ["INSERT", "UPDATE", "DELETE"];

/// What stands between the name and the body of a trigger.
struct Head {
    on: (Option<String>, String),
    instead_of: bool,
    events: Vec<u8>,
    /// The events of a trigger on the database.
    database: Option<Vec<String>>,
}

/// After CREATE, where PROCEDURE, FUNCTION or TRIGGER (or OR ALTER before them) is next; `start` is CREATE's offset.
pub(crate) fn create(
    c: &mut Cursor<'_>,
    x: &Context<'_>,
    start: usize,
    altered: bool,
) -> Result<(), SqlError> {
    let replace = c.accept("OR ALTER") || altered;
    let word = c.name()?.to_uppercase();
    let (schema, name) = c.object()?;
    let mut returns = None;
    let mut head = None;
    let kind = match word.as_str() {
        "PROC" | "PROCEDURE" => ModuleKind::Procedure,
        "FUNCTION" => {
            c.skip_group()?;
            c.expect("RETURNS")?;
            function(c, x, &mut returns)?
        }
        _ => {
            head = Some(trigger(c)?);
            ModuleKind::Trigger
        }
    };
    let text = objects::as_create(c.rest(start));
    if let Some(Head { database: Some(events), .. }) = head {
        return on_database(x, name, text, events, replace);
    }
    let schema_bound = Cursor::new(&text)?.contains("SCHEMABINDING");
    declare(x, |k, _| {
        // A trigger lies in the schema of what it is on.
        let of = head.as_ref().map_or(schema.as_deref(), |h| h.on.0.as_deref());
        let schema = schema_of(k, of)?;
        if replace {
            let of = |m: &&mut ModuleDef| same(&m.name, &name) && same(&m.schema, &schema) && m.kind == kind;
            if let Some(old) = k.modules.iter_mut().find(of) {
                (old.definition, old.returns, old.schema_bound) = (text, returns, schema_bound);
                if let (Some(old), Some(h)) = (&mut old.trigger, &head) {
                    (old.instead_of, old.events) = (h.instead_of, h.events.clone());
                }
                return Ok(());
            }
        }
        check_free(k, &schema, &name)?;
        let trigger = match &head {
            None => None,
            Some(h) => {
                let parent = k.object_id(h.on.0.as_deref(), &h.on.1).filter(|id| *id > 0);
                let parent = parent.ok_or_else(|| {
                    error(
                        8197,
                        16,
                        format!("The object '{}' does not exist or is invalid for this operation.", h.on.1),
                    )
                })?;
                Some(TriggerDef {
                    parent,
                    instead_of: h.instead_of,
                    disabled: false,
                    events: h.events.clone(),
                })
            }
        };
        let (object_id, created) = k.new_object();
        k.modules.push(ModuleDef {
            object_id,
            schema,
            name,
            kind,
            definition: text,
            returns,
            schema_bound,
            trigger,
            created,
        });
        Ok(())
    })
}

fn function(
    c: &mut Cursor<'_>,
    x: &Context<'_>,
    returns: &mut Option<SqlType>,
) -> Result<ModuleKind, SqlError> {
    if c.accept("TABLE") {
        return Ok(ModuleKind::InlineFunction);
    }
    if c.peek().is_some_and(|t| t.kind == Kind::Variable) {
        c.take();
        c.expect("TABLE")?;
        return Ok(ModuleKind::TableFunction);
    }
    *returns = Some(column_type(c, Some(&*x.engine.catalog(x.database)?))?.0);
    Ok(ModuleKind::ScalarFunction)
}

/// `WITH ENCRYPTION`, `WITH EXECUTE AS 'dbo'`: nothing that is shown.
fn options(c: &mut Cursor<'_>) {
    if c.accept("WITH") {
        while !c.done() && !["FOR", "AFTER", "INSTEAD"].iter().any(|w| c.is(w)) {
            c.take();
        }
    }
}

/// A trigger on the database.
fn on_database(
    x: &Context<'_>,
    name: String,
    definition: String,
    events: Vec<String>,
    replace: bool,
) -> Result<(), SqlError> {
    declare(x, |k, _| {
        if replace {
            k.more.triggers.retain(|t| !same(&t.name, &name));
        }
        if k.more.triggers.iter().any(|t| same(&t.name, &name)) {
            return Err(error(
                2714,
                16,
                format!("There is already an object named '{name}' in the database."),
            ));
        }
        let (object_id, created) = k.new_object();
        let disabled = false;
        k.more.triggers.push(DatabaseTriggerDef { object_id, name, definition, events, disabled, created });
        Ok(())
    })
}

/// DROP TRIGGER … ON DATABASE.
pub(crate) fn drop_of_database(x: &Context<'_>, name: &str) -> Result<(), SqlError> {
    declare(x, |k, _| {
        let count = k.more.triggers.len();
        k.more.triggers.retain(|t| !same(&t.name, name));
        let missing = || {
            error(
                3701,
                11,
                format!(
                    "Cannot drop the trigger '{name}', because it does not exist or you do not have permission."
                ),
            )
        };
        if count == k.more.triggers.len() { Err(missing()) } else { Ok(()) }
    })
}

fn trigger(c: &mut Cursor<'_>) -> Result<Head, SqlError> {
    c.expect("ON")?;
    if c.is("ALL SERVER") {
        return Err(unknown("a trigger on a server"));
    }
    if c.accept("DATABASE") {
        options(c);
        if !c.accept("AFTER") {
            c.expect("FOR")?;
        }
        let mut events = vec![c.name()?.to_uppercase()];
        while c.accept(",") {
            events.push(c.name()?.to_uppercase());
        }
        let on = (None, String::new());
        return Ok(Head { on, instead_of: false, events: Vec::new(), database: Some(events) });
    }
    let on = c.object()?;
    options(c);
    let instead_of = c.accept("INSTEAD OF");
    if !instead_of && !c.accept("AFTER") {
        c.expect("FOR")?;
    }
    let mut events = Vec::new();
    loop {
        let word = c.name()?;
        let at = EVENTS.iter().position(|e| e.eq_ignore_ascii_case(&word)).ok_or_else(|| c.wrong())?;
        events.push(u8::try_from(at).unwrap_or(0) + 1);
        if !c.accept(",") {
            return Ok(Head { on, instead_of, events, database: None });
        }
    }
}

/// After DISABLE TRIGGER or ENABLE TRIGGER: `name, … ON table`; in ALTER TABLE the table is known.
pub(crate) fn switch(
    c: &mut Cursor<'_>,
    x: &Context<'_>,
    on: Option<(Option<&str>, &str)>,
    disabled: bool,
) -> Result<(), SqlError> {
    let all = c.accept("ALL");
    let mut names = Vec::new();
    if !all {
        names.push(c.object()?.1);
        while c.accept(",") {
            names.push(c.object()?.1);
        }
    }
    let (schema, name) = match on {
        Some((schema, name)) => (schema.map(str::to_owned), name.to_owned()),
        None => {
            c.expect("ON")?;
            if c.accept("DATABASE") {
                return declare(x, |k, _| {
                    let hit = |n: &str| all || names.iter().any(|w| same(w, n));
                    k.more.triggers.iter_mut().filter(|t| hit(&t.name)).for_each(|t| t.disabled = disabled);
                    Ok(())
                });
            }
            c.object()?
        }
    };
    declare(x, |k, _| {
        let missing = || error(4902, 16, format!("Cannot find the object \"{name}\"."));
        let parent = k.object_id(schema.as_deref(), &name).ok_or_else(missing)?;
        let mut found = all;
        for m in &mut k.modules {
            let named = all || names.iter().any(|n| same(n, &m.name));
            if let Some(t) = m.trigger.as_mut().filter(|t| t.parent == parent && named) {
                (t.disabled, found) = (disabled, true);
            }
        }
        if found { Ok(()) } else { Err(missing()) }
    })
}
