//! Who may do what: sys.database_principals, database_role_members, database_permissions; and sys.xml_schema_collections.
//! Nothing is loaded into them yet.

use super::{Depends, View};

pub(super) const VIEWS: &[View] = &[
    View {
        schema: "sys",
        name: "database_principals",
        depends: Depends::Catalog,
        columns: "name sysname, principal_id int, type char(1), type_desc nvarchar(60) null, default_schema_name sysname null, \
            create_date datetime null, modify_date datetime null, owning_principal_id int null, sid varbinary(85) null, \
            is_fixed_role bit null, authentication_type int null, authentication_type_desc nvarchar(60) null",
        rows: |_| Ok(Vec::new()),
    },
    View {
        schema: "sys",
        name: "database_role_members",
        depends: Depends::Catalog,
        columns: "role_principal_id int, member_principal_id int",
        rows: |_| Ok(Vec::new()),
    },
    View {
        schema: "sys",
        name: "database_permissions",
        depends: Depends::Catalog,
        columns: "class tinyint, class_desc nvarchar(60) null, major_id int, minor_id int, grantee_principal_id int, \
            grantor_principal_id int, type char(4), permission_name nvarchar(128) null, state char(1), state_desc nvarchar(60) null",
        rows: |_| Ok(Vec::new()),
    },
    View {
        schema: "sys",
        name: "xml_schema_collections",
        depends: Depends::Catalog,
        columns: "xml_collection_id int, schema_id int, principal_id int null, name sysname, create_date datetime null, \
            modify_date datetime null",
        rows: |_| Ok(Vec::new()),
    },
];
