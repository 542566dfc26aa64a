//! What a database declares beside its objects: principals and permissions, statistics, filegroups, collections of XML
//! schemas, keys of encryption, triggers on the database.

/// All of it.
#[derive(Debug, Clone, Default)]
pub struct Declared {
    pub principals: Vec<PrincipalDef>,
    pub permissions: Vec<PermissionDef>,
    /// Role and member.
    pub members: Vec<(i32, i32)>,
    pub statistics: Vec<StatisticsDef>,
    /// Name and type (`FG`, `FD`, `FX`); the first has `data_space_id` 2.
    pub filegroups: Vec<(String, &'static str)>,
    pub xml_collections: Vec<XmlCollectionDef>,
    pub master_keys: Vec<MasterKeyDef>,
    /// Name and the id of its master key.
    pub encryption_keys: Vec<(String, i32)>,
    pub triggers: Vec<DatabaseTriggerDef>,
}

/// A user or a role.
#[derive(Debug, Clone)]
pub struct PrincipalDef {
    /// 5 and up; below and from 16384 are those that every database has.
    pub id: i32,
    pub name: String,
    /// S, R or A.
    pub kind: char,
    pub default_schema: Option<String>,
}

/// GRANT or DENY.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PermissionDef {
    pub class: u8,
    pub major_id: i32,
    pub minor_id: i32,
    pub grantee: i32,
    /// In capitals.
    pub name: String,
    /// G, W (WITH GRANT OPTION) or D.
    pub state: char,
}

/// CREATE STATISTICS.
#[derive(Debug, Clone)]
pub struct StatisticsDef {
    pub object_id: i32,
    pub name: String,
    pub columns: Vec<i32>,
    pub filter: Option<String>,
    pub no_recompute: bool,
}

/// CREATE XML SCHEMA COLLECTION; the first has the id 65536.
#[derive(Debug, Clone)]
pub struct XmlCollectionDef {
    pub id: i32,
    pub schema: String,
    pub name: String,
}

/// CREATE COLUMN MASTER KEY.
#[derive(Debug, Clone)]
pub struct MasterKeyDef {
    pub name: String,
    pub provider: String,
    pub path: String,
}

/// A trigger on the database: no object of a schema.
#[derive(Debug, Clone)]
pub struct DatabaseTriggerDef {
    pub object_id: i32,
    pub name: String,
    pub definition: String,
    pub events: Vec<String>,
    pub disabled: bool,
    pub created: i64,
}
