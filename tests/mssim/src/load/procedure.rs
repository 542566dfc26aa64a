//! EXEC of the system procedures that are known here.

use crate::catalog::same;
use crate::engine::error;
use crate::load::lex::{Cursor, Kind};
use crate::load::property::Change;
use crate::load::{Context, bound, principal, property, rename};
use crate::results::SqlError;

/// After `EXEC name`.
pub(crate) fn run(c: &mut Cursor<'_>, x: &Context<'_>, name: &str) -> Result<(), SqlError> {
    let bare = name.to_lowercase();
    match bare.as_str() {
        "sp_addextendedproperty" => property::change(c, x, Change::Add),
        "sp_updateextendedproperty" => property::change(c, x, Change::Update),
        "sp_dropextendedproperty" => property::change(c, x, Change::Drop),
        "sp_addtype" => rename::add_type(c, x),
        "sp_rename" => rename::rename(c, x),
        "sp_addrole" => {
            let [name, _] = arguments(c, x, ["rolename", "ownername"])?;
            principal::add(x, name.unwrap_or_default(), 'R', None)
        }
        "sp_adduser" | "sp_grantdbaccess" => {
            let [login, name, _] = arguments(c, x, ["loginame", "name_in_db", "grpname"])?;
            let name = name.or(login).unwrap_or_default();
            principal::add(x, name, 'S', Some("dbo".to_owned()))
        }
        "sp_addrolemember" | "sp_droprolemember" => {
            let [role, member] = arguments(c, x, ["rolename", "membername"])?;
            let add = bare == "sp_addrolemember";
            principal::member(x, &role.unwrap_or_default(), &member.unwrap_or_default(), add)
        }
        // Options of a database and of the server that neither rows nor catalog show here.
        "sp_dboption" | "sp_fulltext_database" | "sp_changedbowner" | "sp_tableoption" | "sp_refreshview" => {
            arguments(c, x, ["1", "2", "3", "4"]).map(|_| ())
        }
        "sp_bindefault" | "sp_bindrule" => bound::bind(c, x, bare.ends_with("rule")),
        "sp_unbindefault" | "sp_unbindrule" => bound::unbind(c, x, bare.ends_with("rule")),
        _ => Err(error(2812, 16, format!("Could not find stored procedure '{name}' (in mssim)."))),
    }
}

/// The arguments of a procedure by the names of its parameters; those not given, and NULL, are None.
pub(crate) fn arguments<const N: usize>(
    c: &mut Cursor<'_>,
    x: &Context<'_>,
    names: [&str; N],
) -> Result<[Option<String>; N], SqlError> {
    let mut given = [const { None }; N];
    let mut position = 0;
    if c.done() || c.is(";") {
        return Ok(given);
    }
    loop {
        let mut at = position;
        let named = c.peek_at(1).is_some_and(|t| t.text == "=");
        if let Some(t) = c.peek().filter(|t| t.kind == Kind::Variable && named).cloned() {
            at = names.iter().position(|n| same(n, &t.text[1..])).ok_or_else(|| c.wrong())?;
            c.take();
            c.expect("=")?;
        }
        let slot = given.get_mut(at).ok_or_else(|| c.wrong())?;
        if !c.accept("NULL") {
            *slot = argument(c, x)?;
        }
        position = at + 1;
        if !c.accept(",") {
            return Ok(given);
        }
    }
}

fn argument(c: &mut Cursor<'_>, x: &Context<'_>) -> Result<Option<String>, SqlError> {
    Ok(Some(match c.peek() {
        Some(t) if matches!(t.kind, Kind::Text | Kind::National) => c.string()?,
        Some(t) if t.kind == Kind::Number || t.text == "-" => c.integer()?.to_string(),
        Some(t) if t.kind == Kind::Hex => {
            let text = format!("0x{}", t.text);
            c.take();
            text
        }
        Some(t) if t.kind == Kind::Variable => {
            let name = t.text.clone();
            let found = x.parameters.iter().find(|p| same(&p.name, &name));
            let found = found
                .ok_or_else(|| error(137, 15, format!("Must declare the scalar variable \"{name}\".")))?;
            c.take();
            return Ok(match &found.value {
                crate::value::Value::Text(t) => Some(String::from_utf8_lossy(t).into_owned()),
                crate::value::Value::Int(i) => Some(i.to_string()),
                crate::value::Value::Bit(b) => Some(u8::from(*b).to_string()),
                crate::value::Value::Null => None,
                _ => return Err(crate::engine::unknown("an argument of this type")),
            });
        }
        _ => {
            let mut name = c.name()?;
            while c.accept(".") {
                name = format!("{name}.{}", c.name()?);
            }
            name
        }
    }))
}
