//! The tables of old servers that scripts still ask: sysobjects, sysindexes, syscolumns, sysusers, systypes, sysdatabases.
//! Those of their columns that scripts use.

use super::{Depends, Source, View, at, row};
use crate::catalog::IndexDef;
use crate::load::names::type_name;
use crate::load::principal::FIXED;
use crate::results::SqlError;
use crate::value::Value;
use crate::views::columns::{type_id, type_size};

type Rows = Result<Vec<Vec<Value>>, SqlError>;

pub(super) const VIEWS: &[View] = &[
    View {
        schema: "sys",
        name: "sysobjects",
        depends: Depends::Catalog,
        columns: "name sysname, id int, xtype char(2), uid smallint null, info smallint null, status int null, parent_obj int, \
            crdate datetime, type char(2) null, userstat smallint null, sysstat smallint null, category int null",
        rows: objects,
    },
    View {
        schema: "sys",
        name: "sysindexes",
        depends: Depends::Catalog,
        columns: "id int, status int null, indid smallint null, keycnt smallint null, name sysname null",
        rows: indexes,
    },
    View {
        schema: "sys",
        name: "syscolumns",
        depends: Depends::Catalog,
        columns: "name sysname null, id int, xtype tinyint, xusertype smallint null, length smallint, colid smallint null, \
            cdefault int, domain int, colorder smallint null, isnullable int null, iscomputed int null, collation sysname null",
        rows: columns,
    },
    View {
        schema: "sys",
        name: "sysusers",
        depends: Depends::Catalog,
        columns: "uid smallint null, status smallint, name sysname null, issqluser int null, issqlrole int null",
        rows: |s| {
            let own = s.catalog.more.principals.iter().map(|p| (p.id, p.name.as_str(), p.kind));
            let all = FIXED.iter().map(|(id, name, kind)| (*id, *name, *kind)).chain(own);
            Ok(all
                .map(|(id, name, kind)| row![id, 0, name, i32::from(kind == 'S'), i32::from(kind == 'R')])
                .collect())
        },
    },
    View {
        schema: "sys",
        name: "systypes",
        depends: Depends::Catalog,
        columns: "name sysname, xtype tinyint, xusertype smallint null, length smallint, uid smallint null, allownulls bit null",
        rows: |s| {
            Ok(super::types::types(s)?
                .into_iter()
                .map(|t| row![t[0].clone(), t[1].clone(), t[2].clone(), t[5].clone(), 1, t[9].clone()])
                .collect())
        },
    },
    View {
        schema: "sys",
        name: "sysaltfiles",
        depends: Depends::Data,
        columns: "fileid smallint null, groupid smallint null, size int, dbid smallint null, name sysname, filename nvarchar(260) null",
        rows: |s| {
            let file = |name: &str| format!("C:\\data\\{}.mdf", name.to_lowercase());
            Ok(s.engine.all().iter().map(|d| row![1, 1, 1024, d.id, &d.name, file(&d.name)]).collect())
        },
    },
    View {
        schema: "sys",
        name: "sysdatabases",
        depends: Depends::Data,
        columns: "name sysname, dbid smallint null, status int null, crdate datetime null, cmptlevel tinyint",
        rows: |s| Ok(s.engine.all().iter().map(|d| row![&d.name, d.id, 0, at(0), 160]).collect()),
    },
];

fn objects(s: &Source<'_>) -> Rows {
    let one = |o: &crate::catalog::Object| {
        let kind = o.kind.0.trim_end();
        let stat = match kind {
            "U" => 3,
            "V" => 2,
            "P" => 4,
            "D" => 6,
            "R" => 7,
            "TR" => 8,
            _ => 0,
        };
        // PRIMARY KEY and UNIQUE are constraints of type K.
        let old = if matches!(kind, "PK" | "UQ") { "K " } else { o.kind.0 };
        let schema = s.catalog.schema_id(&o.schema);
        row![&o.name, o.object_id, o.kind.0, schema, 0, 0, o.parent, at(o.created), old, 1, stat, 0]
    };
    Ok(s.catalog.objects().iter().map(one).collect())
}

fn indexes(s: &Source<'_>) -> Rows {
    let of = |id: i32, i: &IndexDef| {
        let unique = if i.unique { 2 } else { 0 };
        let status = unique + if i.kind == crate::catalog::IndexKind::PrimaryKey { 0x800 } else { 0 };
        let keys = i32::try_from(i.keys.len()).unwrap_or(0);
        // The ids of xml and spatial indexes are beyond a smallint.
        row![id, status, i.id.min(32_767), keys, &i.name]
    };
    let mut out = Vec::new();
    for t in &s.catalog.tables {
        if !t.indexes.iter().any(|i| i.clustered) {
            out.push(row![t.object_id, 0, 0, 0, &t.name]);
        }
        out.extend(t.indexes.iter().map(|i| of(t.object_id, i)));
    }
    Ok(out)
}

fn columns(s: &Source<'_>) -> Rows {
    let mut out = Vec::new();
    for t in &s.catalog.tables {
        for (n, c) in (1..).zip(&t.columns) {
            let (system, user) = type_id(&c.ty);
            let default = c.default.as_ref().map_or(c.bound_default, |d| d.object_id);
            debug_assert!(!type_name(&c.ty).is_empty());
            out.push(row![
                &c.name,
                t.object_id,
                system,
                c.alias.unwrap_or(user),
                type_size(&c.ty),
                c.id,
                default,
                c.bound_rule,
                n,
                i32::from(c.nullable),
                i32::from(c.computed.is_some()),
                c.collation.map(|k| k.name)
            ]);
        }
    }
    Ok(out)
}
