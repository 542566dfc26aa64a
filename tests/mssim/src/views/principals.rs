//! sys.database_principals, database_permissions, database_role_members; xml_schema_collections; column_master_keys,
//! column_encryption_keys and their values.

use super::{Depends, NULL, Source, View, at, row};
use crate::load::principal::{FIXED, code};
use crate::results::SqlError;
use crate::value::Value;

type Rows = Result<Vec<Vec<Value>>, SqlError>;

pub(super) const VIEWS: &[View] = &[
    View {
        schema: "sys",
        name: "database_principals",
        depends: Depends::Catalog,
        columns: "name sysname, principal_id int, type char(1), type_desc nvarchar(60) null, default_schema_name sysname null, \
            create_date datetime, modify_date datetime, owning_principal_id int null, sid varbinary(85) null, is_fixed_role bit, \
            authentication_type int, authentication_type_desc nvarchar(60) null",
        rows: principals,
    },
    View {
        schema: "sys",
        name: "database_permissions",
        depends: Depends::Catalog,
        columns: "class tinyint, class_desc nvarchar(60) null, major_id int, minor_id int, grantee_principal_id int, grantor_principal_id int, \
            type char(4), permission_name nvarchar(128) null, state char(1), state_desc nvarchar(60) null",
        rows: permissions,
    },
    View {
        schema: "sys",
        name: "database_role_members",
        depends: Depends::Catalog,
        columns: "role_principal_id int, member_principal_id int",
        rows: |s| {
            let dbo = [(16_384, 1)];
            Ok(dbo.iter().chain(&s.catalog.more.members).map(|(role, member)| row![*role, *member]).collect())
        },
    },
    View {
        schema: "sys",
        name: "xml_schema_collections",
        depends: Depends::Catalog,
        columns: "xml_collection_id int, schema_id int, principal_id int null, name sysname, create_date datetime, modify_date datetime",
        rows: |s| {
            let own = s
                .catalog
                .more
                .xml_collections
                .iter()
                .map(|c| row![c.id, s.catalog.schema_id(&c.schema), NULL, &c.name, at(0), at(0)]);
            Ok([row![1, 4, NULL, "sys", at(0), at(0)]].into_iter().chain(own).collect())
        },
    },
    View {
        schema: "sys",
        name: "column_master_keys",
        depends: Depends::Catalog,
        columns: "name sysname, column_master_key_id int, create_date datetime, modify_date datetime, key_store_provider_name sysname null, \
            key_path nvarchar(4000) null, allow_enclave_computations bit",
        rows: |s| {
            let keys = (1..).zip(&s.catalog.more.master_keys);
            Ok(keys.map(|(id, k)| row![&k.name, id, at(0), at(0), &k.provider, &k.path, false]).collect())
        },
    },
    View {
        schema: "sys",
        name: "column_encryption_keys",
        depends: Depends::Catalog,
        columns: "name sysname, column_encryption_key_id int, create_date datetime, modify_date datetime",
        rows: |s| {
            let keys = (1..).zip(&s.catalog.more.encryption_keys);
            Ok(keys.map(|(id, k)| row![&k.0, id, at(0), at(0)]).collect())
        },
    },
    View {
        schema: "sys",
        name: "column_encryption_key_values",
        depends: Depends::Catalog,
        columns: "column_encryption_key_id int, column_master_key_id int, encryption_algorithm_name sysname null",
        rows: |s| {
            let keys = (1..).zip(&s.catalog.more.encryption_keys);
            Ok(keys.map(|(id, k)| row![id, k.1, "RSA_OAEP"]).collect())
        },
    },
];

fn principals(s: &Source<'_>) -> Rows {
    let desc = |kind: char| match kind {
        'R' => "DATABASE_ROLE",
        'A' => "APPLICATION_ROLE",
        _ => "SQL_USER",
    };
    let one = |id: i32, name: &str, kind: char, schema: Option<&str>| {
        let owner = (kind == 'R').then_some(1);
        let fixed = id >= 16_384;
        let (login, login_desc) = if kind == 'S' && id == 1 { (1, "INSTANCE") } else { (0, "NONE") };
        row![
            name,
            id,
            kind.to_string(),
            desc(kind),
            schema,
            at(0),
            at(0),
            owner,
            NULL,
            fixed,
            login,
            login_desc
        ]
    };
    let fixed = FIXED.iter().map(|(id, name, kind)| {
        let schema = match id {
            1 => Some("dbo"),
            2 => Some("guest"),
            _ => None,
        };
        one(*id, name, *kind, schema)
    });
    let own = s.catalog.more.principals.iter();
    Ok(fixed.chain(own.map(|p| one(p.id, &p.name, p.kind, p.default_schema.as_deref()))).collect())
}

fn permissions(s: &Source<'_>) -> Rows {
    let class = |n: u8| match n {
        0 => "DATABASE",
        3 => "SCHEMA",
        4 => "DATABASE_PRINCIPAL",
        6 => "TYPE",
        10 => "XML_SCHEMA_COLLECTION",
        _ => "OBJECT_OR_COLUMN",
    };
    let state = |c: char| match c {
        'D' => "DENY",
        'W' => "GRANT_WITH_GRANT_OPTION",
        _ => "GRANT",
    };
    let connect = row![0, "DATABASE", 0, 0, 1, 1, "CO  ", "CONNECT", "G", "GRANT"];
    let own = s.catalog.more.permissions.iter().map(|p| {
        row![
            p.class,
            class(p.class),
            p.major_id,
            p.minor_id,
            p.grantee,
            1,
            code(&p.name),
            &p.name,
            p.state.to_string(),
            state(p.state)
        ]
    });
    Ok([connect].into_iter().chain(own).collect())
}
