//! The objects around the tables: read from an engine that holds them, and what a refusal leaves of them.

use mssim::engine::{Denial, Engine, EngineOptions, Oddities};
use mssim::session::EngineBackend;
use mssim::{Options, Server};
use shardferry::model::objects::{PropertyOf, SourceObjects};
use shardferry::settings::source::SourceSettings;
use shardferry::sqlserver::catalog;
use shardferry::sqlserver::client::Client;
use std::fmt::Write as _;
use std::sync::Arc;

const MORE: &str = "
CREATE SEQUENCE [select].counter AS decimal(20, 0) START WITH 7 INCREMENT BY -3 MINVALUE -100 MAXVALUE 50 CYCLE CACHE 20
GO
CREATE SEQUENCE dbo.taken AS int START WITH 1
GO
CREATE FUNCTION dbo.of_tenant (@who int) RETURNS TABLE WITH SCHEMABINDING AS RETURN SELECT 1 AS fits WHERE @who = 1
GO
CREATE SECURITY POLICY dbo.tenants ADD FILTER PREDICATE dbo.of_tenant(id) ON dbo.product, ADD BLOCK PREDICATE dbo.of_tenant(id) ON dbo.product AFTER INSERT
GO
CREATE SECURITY POLICY [select].[no writes] ADD BLOCK PREDICATE dbo.of_tenant(id) ON dbo.product
GO
CREATE SYNONYM dbo.things FOR [other].[dbo].[things]
GO
ALTER TABLE dbo.product ADD CONSTRAINT CK_price CHECK (price > 0)
GO
ALTER TABLE dbo.product WITH NOCHECK ADD CONSTRAINT CK_name CHECK (name <> '')
GO
ALTER TABLE dbo.product NOCHECK CONSTRAINT CK_name
GO
EXEC sp_addextendedproperty 'MS_Description', N'Größe', 'SCHEMA', 'dbo'
GO
EXEC sp_addextendedproperty 'MS_Description', N'things', 'SCHEMA', 'dbo', 'TABLE', 'product'
GO
EXEC sp_addextendedproperty 'ms_description', N'a name', 'SCHEMA', 'dbo', 'TABLE', 'product', 'COLUMN', 'name'
GO
EXEC sp_addextendedproperty 'Unit', N'EUR', 'SCHEMA', 'dbo', 'TABLE', 'product', 'COLUMN', 'price'
GO
EXEC sp_addextendedproperty 'MS_Description', N'old', 'SCHEMA', 'dbo', 'TABLE', 'product', 'INDEX', 'IX_old'
GO
EXEC sp_addextendedproperty 'MS_Description', N'positive', 'SCHEMA', 'dbo', 'TABLE', 'product', 'CONSTRAINT', 'CK_price'
GO
";

/// A table with a period, and a trigger that is off: what [`MORE`] does not have.
const TIMES: &str = "
CREATE TABLE dbo.wage (id int NOT NULL PRIMARY KEY, since datetime2(0) GENERATED ALWAYS AS ROW START NOT NULL,
    until datetime2(0) GENERATED ALWAYS AS ROW END NOT NULL, PERIOD FOR SYSTEM_TIME (since, until)
) WITH (SYSTEM_VERSIONING = ON (HISTORY_TABLE = dbo.wages))
GO
CREATE TRIGGER dbo.off ON dbo.product FOR DELETE AS RETURN
GO
DISABLE TRIGGER dbo.off ON dbo.product
GO
";

struct Source {
    engine: Arc<Engine>,
    client: Client,
    _server: Server,
}

async fn source() -> Source {
    source_of(Oddities::default()).await
}

async fn source_of(oddities: Oddities) -> Source {
    let options = EngineOptions { database: "shop".to_owned(), oddities, ..EngineOptions::default() };
    let engine = Engine::new(options).unwrap();
    engine.load_script(include_str!("source_catalog_engine.sql")).unwrap();
    engine.load_script(MORE).unwrap();
    let server = Server::start(Options::new(Arc::new(EngineBackend::new(Arc::clone(&engine))))).unwrap();
    let url = format!("mssql://sa:Passw0rd!@127.0.0.1:{}/shop?encrypt=off", server.port());
    let client = Client::connect(&SourceSettings::parse(&url).unwrap()).await.unwrap();
    Source { engine, client, _server: server }
}

fn shown(objects: &SourceObjects) -> String {
    let mut out = String::new();
    for default in &objects.defaults {
        let named = default
            .name
            .as_ref()
            .map_or("nameless", |name| if name.starts_with("DF__") { "DF__" } else { name });
        writeln!(
            out,
            "default {named} {}.{} {}",
            default.table,
            default.column,
            default.expression.as_deref().unwrap_or("?")
        )
        .unwrap();
    }
    for check in &objects.checks {
        let column = check.column.as_ref().map_or(String::new(), |column| format!(" of {column}"));
        let flags = (check.disabled, check.not_trusted);
        writeln!(
            out,
            "check {}{column} {} {} {flags:?}",
            check.name,
            check.table,
            check.expression.as_deref().unwrap_or("?")
        )
        .unwrap();
    }
    for s in &objects.sequences {
        let numbers =
            [&s.start, &s.increment, &s.minimum, &s.maximum, &s.current].map(String::as_str).join(" ");
        writeln!(
            out,
            "sequence {} {}({}) {numbers} {} {:?} {:?}",
            s.name, s.ty, s.precision, s.cycle, s.cache, s.used
        )
        .unwrap();
    }
    for property in &objects.properties {
        writeln!(
            out,
            "property {:?} {}={} {}",
            property.of,
            property.name,
            property.value.as_deref().unwrap_or("?"),
            property.name.eq_ignore_ascii_case("MS_Description")
        )
        .unwrap();
    }
    for policy in &objects.security_policies {
        writeln!(out, "security policy {} of {} {}", policy.name, policy.table, policy.enabled).unwrap();
    }
    for synonym in &objects.synonyms {
        writeln!(out, "synonym {} {}", synonym.name, synonym.stands_for).unwrap();
    }
    for ty in &objects.types {
        writeln!(out, "type {} {}", ty.name, ty.base.as_ref().map_or("?", |base| base.as_str())).unwrap();
    }
    for ((table, column), identity) in &objects.identities {
        writeln!(out, "identity {table}.{column} {} {:?}", identity.seed, identity.last_value).unwrap();
    }
    out
}

#[tokio::test]
async fn every_kind_of_object_is_read() {
    let mut source = source().await;
    let objects = catalog::objects(&mut source.client).await.unwrap();
    assert_eq!(objects.primary_keys.len(), 4);
    assert_eq!((objects.indexes.len(), objects.foreign_keys.len()), (5, 3));
    insta::assert_snapshot!(shown(&objects));
}

/// Views, what is then said not to be read, and what of it is not known.
#[tokio::test]
async fn a_denied_or_missing_view_costs_its_objects_and_is_said() {
    let mut source = source().await;
    source.engine.load_script(TIMES).unwrap();
    let all = catalog::objects(&mut source.client).await.unwrap();
    type Emptied = fn(&SourceObjects) -> bool;
    let cases: &[(&str, &str, Emptied)] = &[
        ("sys.default_constraints", "defaults", |o| o.defaults.is_empty()),
        ("sys.check_constraints", "check constraints", |o| o.checks.is_empty()),
        ("sys.sequences", "sequences", |o| o.sequences.is_empty()),
        ("sys.extended_properties", "extended properties", |o| o.properties.is_empty()),
        ("sys.synonyms", "synonyms", |o| o.synonyms.is_empty()),
        ("sys.foreign_keys", "foreign keys", |o| o.foreign_keys.is_empty()),
        ("sys.identity_columns", "identities", |o| o.identities.is_empty()),
        ("sys.index_columns", "indexes", |o| o.indexes.is_empty()),
        ("sys.periods", "periods of temporal tables", |o| {
            o.temporal.iter().all(|table| table.period.is_none())
        }),
        ("sys.security_policies", "security policies", |o| o.security_policies.is_empty()),
        ("sys.security_predicates", "security policies", |o| o.security_policies.is_empty()),
        ("sys.triggers", "triggers", |o| !o.modules.iter().any(|module| module.disabled)),
        ("sys.objects", "views, procedures, functions and triggers", |o| o.modules.is_empty()),
        ("sys.types", "types", |o| o.types.is_empty()),
    ];
    for (_, what, emptied) in cases {
        assert!(!emptied(&all), "there are no {what} to be lost");
        assert!(all.unread.iter().all(|unread| unread.what != *what), "{what} cannot be read anyway");
    }
    for denial in [Denial::Denied, Denial::Missing] {
        for (view, what, emptied) in cases {
            source.engine.deny_view(view, Some(denial));
            let objects = catalog::objects(&mut source.client).await.unwrap();
            assert!(emptied(&objects), "{view} {denial:?}");
            let number = if denial == Denial::Denied { "229" } else { "208" };
            let said = objects.unread.iter().find(|unread| unread.what == *what);
            let said = said.unwrap_or_else(|| panic!("{view} {denial:?}: {:?}", objects.unread));
            assert!(said.why.contains(number), "{view} {denial:?}: {}", said.why);
            source.engine.deny_view(view, None);
        }
    }
    let again = catalog::objects(&mut source.client).await.unwrap();
    assert_eq!(again, all);
    // A plan can be made whatever is denied of these.
    for view in ["sys.identity_columns", "sys.computed_columns", "sys.external_tables"] {
        source.engine.deny_view(view, Some(Denial::Denied));
    }
    let tables = catalog::read(&mut source.client).await.unwrap().tables;
    assert_eq!(tables.len(), 7);
    assert!(
        tables.iter().flat_map(|table| &table.columns).any(|column| column.computed.as_deref() == Some(""))
    );
}

/// Only an enabled policy with a predicate that filters hides rows; which there are is hidden from a login without the
/// right.
#[tokio::test]
async fn a_table_is_filtered_by_an_enabled_policy() {
    async fn filtered(source: &mut Source) -> Vec<(String, String)> {
        let tables = catalog::read(&mut source.client).await.unwrap().tables;
        tables.into_iter().filter_map(|table| Some((table.name.to_string(), table.filtered_by?))).collect()
    }
    let mut source = source().await;
    let product = || vec![("dbo.product".to_owned(), "dbo.tenants".to_owned())];
    assert_eq!(filtered(&mut source).await, product());
    source.engine.load_script("ALTER SECURITY POLICY dbo.tenants WITH (STATE = OFF)").unwrap();
    assert_eq!(filtered(&mut source).await, []);
    source.engine.load_script("ALTER SECURITY POLICY dbo.tenants WITH (STATE = ON)").unwrap();
    for (view, denial) in
        [("sys.security_policies", Denial::Missing), ("sys.security_predicates", Denial::Denied)]
    {
        source.engine.deny_view(view, Some(denial));
        assert_eq!(filtered(&mut source).await, [], "a plan can be made");
        source.engine.deny_view(view, None);
    }
    let unread = |objects: SourceObjects| -> Vec<String> {
        let security =
            |unread: &shardferry::model::objects::UnreadObjects| unread.what == "security policies";
        objects.unread.into_iter().filter(security).map(|unread| unread.why).collect()
    };
    assert_eq!(unread(catalog::objects(&mut source.client).await.unwrap()), Vec::<String>::new());
    let mut blind = source_of(Oddities { no_view_definition: true, ..Oddities::default() }).await;
    assert_eq!(filtered(&mut blind).await, []);
    let said = unread(catalog::objects(&mut blind.client).await.unwrap());
    assert!(said.len() == 1 && said[0].contains("VIEW DEFINITION"), "{said:?}");
}

#[tokio::test]
async fn what_a_property_is_about_is_known() {
    let mut source = source().await;
    let objects = catalog::objects(&mut source.client).await.unwrap();
    let of: Vec<&PropertyOf> = objects.properties.iter().map(|property| &property.of).collect();
    assert!(of.contains(&&PropertyOf::Schema("dbo".to_owned())), "{of:?}");
    let product = "dbo.product".parse().unwrap();
    assert!(of.contains(&&PropertyOf::Table(product)), "{of:?}");
}
