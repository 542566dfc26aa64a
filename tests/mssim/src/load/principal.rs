//! Users, roles and permissions: declared only. Nobody is refused anything by them.

use crate::catalog::{Catalog, PermissionDef, PrincipalDef, same};
use crate::engine::{error, unknown};
use crate::load::Context;
use crate::load::lex::{Cursor, Kind};
use crate::load::objects::declare;
use crate::results::SqlError;

/// Those that every database has: id, name, type.
pub(crate) const FIXED: [(i32, &str, char); 14] = [
    (0, "public", 'R'),
    (1, "dbo", 'S'),
    (2, "guest", 'S'),
    (3, "INFORMATION_SCHEMA", 'S'),
    (4, "sys", 'S'),
    (16_384, "db_owner", 'R'),
    (16_385, "db_accessadmin", 'R'),
    (16_386, "db_securityadmin", 'R'),
    (16_387, "db_ddladmin", 'R'),
    (16_389, "db_backupoperator", 'R'),
    (16_390, "db_datareader", 'R'),
    (16_391, "db_datawriter", 'R'),
    (16_392, "db_denydatareader", 'R'),
    (16_393, "db_denydatawriter", 'R'),
];

pub(crate) fn id_of(k: &Catalog, name: &str) -> Option<i32> {
    let fixed = FIXED.iter().find(|(_, n, _)| same(n, name)).map(|(id, ..)| *id);
    fixed.or_else(|| k.more.principals.iter().find(|p| same(&p.name, name)).map(|p| p.id))
}

fn missing(name: &str) -> SqlError {
    error(
        15151,
        16,
        format!(
            "Cannot find the principal '{name}', because it does not exist or you do not have permission."
        ),
    )
}

pub(crate) fn add(
    x: &Context<'_>,
    name: String,
    kind: char,
    default_schema: Option<String>,
) -> Result<(), SqlError> {
    declare(x, |k, _| {
        if id_of(k, &name).is_some() {
            let message = format!("User, group, or role '{name}' already exists in the current database.");
            return Err(error(15023, 16, message));
        }
        let id = k.more.principals.iter().map(|p| p.id).max().unwrap_or(4) + 1;
        k.more.principals.push(PrincipalDef { id, name, kind, default_schema });
        Ok(())
    })
}

/// After CREATE USER, ROLE or APPLICATION ROLE.
pub(crate) fn create(c: &mut Cursor<'_>, x: &Context<'_>, kind: char) -> Result<(), SqlError> {
    let name = c.name()?;
    let mut schema = None;
    loop {
        if c.accept("WITHOUT LOGIN") || c.accept("FROM EXTERNAL PROVIDER") {
        } else if c.accept("FOR LOGIN") || c.accept("FROM LOGIN") || c.accept("AUTHORIZATION") {
            c.name()?;
        } else if c.accept("WITH") || c.accept(",") {
            let option = c.name()?.to_uppercase();
            c.expect("=")?;
            match option.as_str() {
                "DEFAULT_SCHEMA" => schema = Some(c.name()?),
                "PASSWORD" => {
                    c.string()?;
                }
                "DEFAULT_LANGUAGE" => {
                    c.name()?;
                }
                other => return Err(unknown(format_args!("the option {other} of a user"))),
            }
        } else {
            break;
        }
    }
    let schema = schema.or_else(|| (kind == 'S').then(|| "dbo".to_owned()));
    add(x, name, kind, schema)
}

/// DROP USER or ROLE; false where there is none.
pub(crate) fn drop(k: &mut Catalog, name: &str) -> bool {
    let Some(id) = k.more.principals.iter().find(|p| same(&p.name, name)).map(|p| p.id) else { return false };
    k.more.principals.retain(|p| p.id != id);
    k.more.permissions.retain(|p| p.grantee != id);
    k.more.members.retain(|(role, member)| *role != id && *member != id);
    true
}

/// Puts a member into a role, or takes it out.
pub(crate) fn member(x: &Context<'_>, role: &str, member: &str, add: bool) -> Result<(), SqlError> {
    declare(x, |k, _| {
        let pair =
            (id_of(k, role).ok_or_else(|| missing(role))?, id_of(k, member).ok_or_else(|| missing(member))?);
        k.more.members.retain(|m| *m != pair);
        if add {
            k.more.members.push(pair);
        }
        Ok(())
    })
}

/// After ALTER ROLE.
pub(crate) fn alter_role(c: &mut Cursor<'_>, x: &Context<'_>) -> Result<(), SqlError> {
    let role = c.name()?;
    let add = c.accept("ADD MEMBER");
    if !add {
        c.expect("DROP MEMBER")?;
    }
    let name = c.name()?;
    member(x, &role, &name, add)
}

/// What a permission is on.
struct On {
    class: u8,
    major_id: i32,
    minor_ids: Vec<i32>,
}

/// After GRANT, DENY or REVOKE; the state is G, D or R.
pub(crate) fn permit(c: &mut Cursor<'_>, x: &Context<'_>, state: char) -> Result<(), SqlError> {
    c.accept("GRANT OPTION FOR");
    let mut names = Vec::new();
    let mut columns = Vec::new();
    loop {
        let mut words = Vec::new();
        while c.peek().is_some_and(|t| t.kind == Kind::Word) && !c.is("ON") && !c.is("TO") && !c.is("FROM") {
            words.push(c.name()?.to_uppercase());
        }
        if c.is("(") {
            columns = c.names()?;
        }
        match words.join(" ").as_str() {
            "ALL" | "ALL PRIVILEGES" => {
                names.extend(["DELETE", "INSERT", "REFERENCES", "SELECT", "UPDATE"].map(str::to_owned));
            }
            "EXEC" => names.push("EXECUTE".to_owned()),
            "" => return Err(c.wrong()),
            other => names.push(other.to_owned()),
        }
        if !c.accept(",") {
            break;
        }
    }
    let catalog = x.engine.catalog(x.database)?;
    let on = on(c, &catalog, &mut columns)?;
    if !c.accept("TO") {
        c.expect("FROM")?;
    }
    let mut grantees = vec![c.name()?];
    while c.accept(",") {
        grantees.push(c.name()?);
    }
    let state = if c.accept("WITH GRANT OPTION") { 'W' } else { state };
    c.accept("CASCADE");
    if c.accept("AS") {
        c.name()?;
    }
    declare(x, |k, _| {
        for grantee in &grantees {
            let grantee = id_of(k, grantee).ok_or_else(|| missing(grantee))?;
            for (name, minor_id) in names.iter().flat_map(|n| on.minor_ids.iter().map(move |m| (n, *m))) {
                let (class, major_id) = (on.class, on.major_id);
                k.more.permissions.retain(|p| {
                    (p.class, p.major_id, p.minor_id, p.grantee) != (class, major_id, minor_id, grantee)
                        || p.name != *name
                });
                if state != 'R' {
                    let name = name.clone();
                    k.more.permissions.push(PermissionDef {
                        class,
                        major_id,
                        minor_id,
                        grantee,
                        name,
                        state,
                    });
                }
            }
        }
        Ok(())
    })
}

fn on(c: &mut Cursor<'_>, k: &Catalog, columns: &mut Vec<String>) -> Result<On, SqlError> {
    let at = |class, major_id| Ok(On { class, major_id, minor_ids: vec![0] });
    if !c.accept("ON") {
        return at(0, 0);
    }
    let not_there = |name: &str| {
        error(
            15151,
            16,
            format!(
                "Cannot find the object '{name}', because it does not exist or you do not have permission."
            ),
        )
    };
    if c.accept("SCHEMA ::") {
        let name = c.name()?;
        return at(3, k.schema_id(&name).ok_or_else(|| not_there(&name))?);
    }
    if c.accept("DATABASE ::") {
        c.name()?;
        return at(0, 0);
    }
    if c.accept("ROLE ::") || c.accept("USER ::") {
        let name = c.name()?;
        return at(4, id_of(k, &name).ok_or_else(|| not_there(&name))?);
    }
    if c.accept("TYPE ::") {
        let (schema, name) = c.object()?;
        let schema = schema.unwrap_or_else(|| "dbo".to_owned());
        let found = k.types.iter().find(|t| same(&t.name, &name) && same(&t.schema, &schema));
        return at(6, found.ok_or_else(|| not_there(&name))?.id);
    }
    if c.accept("XML SCHEMA COLLECTION ::") {
        let (schema, name) = c.object()?;
        let schema = schema.unwrap_or_else(|| "dbo".to_owned());
        let found = k.more.xml_collections.iter().find(|t| same(&t.name, &name) && same(&t.schema, &schema));
        return at(10, found.ok_or_else(|| not_there(&name))?.id);
    }
    c.accept("OBJECT ::");
    let (schema, name) = c.object()?;
    let id = k.object_id(schema.as_deref(), &name).ok_or_else(|| not_there(&name))?;
    if c.is("(") {
        *columns = c.names()?;
    }
    let mut minor_ids = Vec::new();
    for column in columns.iter() {
        let found = k.table_by_id(id).and_then(|t| t.column(column)).map(|c| c.id);
        minor_ids.push(found.ok_or_else(|| not_there(column))?);
    }
    if minor_ids.is_empty() {
        minor_ids.push(0);
    }
    Ok(On { class: 1, major_id: id, minor_ids })
}

/// `type` of sys.database_permissions.
pub(crate) fn code(name: &str) -> String {
    let known = [
        ("SELECT", "SL"),
        ("INSERT", "IN"),
        ("UPDATE", "UP"),
        ("DELETE", "DL"),
        ("EXECUTE", "EX"),
        ("REFERENCES", "RF"),
        ("CONTROL", "CL"),
        ("ALTER", "AL"),
        ("CONNECT", "CO"),
        ("VIEW DEFINITION", "VW"),
        ("VIEW DATABASE STATE", "VWDS"),
        ("VIEW CHANGE TRACKING", "VWCT"),
        ("TAKE OWNERSHIP", "TO"),
        ("CREATE TABLE", "CRTB"),
        ("CREATE VIEW", "CRVW"),
        ("CREATE PROCEDURE", "CRPR"),
        ("CREATE FUNCTION", "CRFN"),
        ("BACKUP DATABASE", "BADB"),
        ("UNMASK", "UMSK"),
    ];
    let found = known.iter().find(|(n, _)| *n == name).map(|(_, c)| (*c).to_owned());
    let code = found.unwrap_or_else(|| name.split(' ').filter_map(|w| w.chars().next()).collect());
    format!("{:<4}", code.chars().take(4).collect::<String>())
}
