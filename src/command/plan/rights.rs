//! What `schema` will need in the target, tried while it costs nothing.

use crate::command::connect;
use crate::error::Result;
use crate::model::plan::Plan;
use crate::plan::naming::in_sql;
use crate::postgres::catalog::{self, ClosedSchema};
use crate::settings::Settings;
use crate::stop::Stop;
use std::collections::BTreeSet;
use std::time::Duration;

/// The schema of the ledger.
const LEDGER: &str = "shardferry";

/// A target that answers later is asked by `schema`.
const LOOK_FOR: Duration = Duration::from_secs(5);

/// Warns of schemas in which the role may create nothing: `schema` would fail where a table is not there yet. The plan
/// is made, so a target that cannot be asked is a warning too.
pub(super) async fn warn(settings: &Settings, stop: &Stop, plan: &Plan) {
    match tokio::time::timeout(LOOK_FOR, closed(settings, stop, plan)).await {
        Ok(Ok(closed)) => {
            if let [first, ..] = closed.as_slice() {
                tracing::warn!(role = first.role, schemas = closed.len(), "{}", told(&closed));
            }
        }
        Ok(Err(error)) => {
            tracing::warn!(error = error.detail(), "the target's permissions were not looked at")
        }
        Err(_) => tracing::warn!("the target does not answer, so its permissions were not looked at"),
    }
}

async fn closed(settings: &Settings, stop: &Stop, plan: &Plan) -> Result<Vec<ClosedSchema>> {
    let client = connect::target(settings, stop).await?;
    let schemas: BTreeSet<&str> = plan.tables.iter().map(|table| table.target.schema.as_str()).collect();
    let schemas: Vec<String> = schemas.into_iter().chain([LEDGER]).map(str::to_owned).collect();
    let closed = catalog::closed_schemas(&client, &schemas).await?;
    client.close().await;
    Ok(closed)
}

fn told(closed: &[ClosedSchema]) -> String {
    let names = |exists: bool| {
        let named = closed.iter().filter(|schema| schema.exists == exists);
        named.map(|schema| in_sql(&schema.name)).collect::<Vec<_>>().join(", ")
    };
    let (there, missing) = (names(true), names(false));
    let Some(ClosedSchema { role, database, .. }) = closed.first() else { return String::new() };
    let (role, database) = (in_sql(role), in_sql(database));
    let mut parts = Vec::new();
    if !there.is_empty() {
        parts.push(format!("create tables in {there} (GRANT USAGE, CREATE ON SCHEMA {there} TO {role})"));
    }
    if !missing.is_empty() {
        parts.push(format!(
            "create the schemas {missing} (GRANT CREATE ON DATABASE {database} TO {role}, or let somebody else create them)"
        ));
    }
    format!("the target's role {role} may not {}; `schema` fails without that", parts.join(", nor "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_to_grant_is_said() {
        let schema = |name: &str, exists| ClosedSchema {
            name: name.to_owned(),
            exists,
            role: "loader".to_owned(),
            database: "shop".to_owned(),
        };
        assert_eq!(
            told(&[schema("dbo", true), schema("sales", true), schema("shardferry", false)]),
            "the target's role loader may not create tables in dbo, sales (GRANT USAGE, CREATE ON SCHEMA dbo, sales TO \
             loader), nor create the schemas shardferry (GRANT CREATE ON DATABASE shop TO loader, or let somebody else \
             create them); `schema` fails without that"
        );
    }
}
