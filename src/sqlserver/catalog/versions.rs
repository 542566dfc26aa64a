//! Which server this is, by its own word, and what it may be asked for.

use super::reader::allowed;
use super::row::Record;
use crate::error::Result;
use crate::sqlserver::client::Client;

/// Major versions of SQL Server, as `SERVERPROPERTY('ProductVersion')` begins. What came with which is in `docs/reference/source-versions.md`.
pub(super) const SQL_SERVER_2012: u32 = 11;
pub(super) const SQL_SERVER_2014: u32 = 12;
pub(super) const SQL_SERVER_2016: u32 = 13;
pub(super) const SQL_SERVER_2017: u32 = 14;
pub(super) const SQL_SERVER_2022: u32 = 16;

/// Of `SERVERPROPERTY('EngineEdition')` (Microsoft Learn, SERVERPROPERTY).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Engine {
    /// SQL Server on a machine, in a container, or of Amazon RDS: what it has, its version says.
    Boxed,
    /// Azure SQL Database (5), Managed Instance (8), SQL database in Fabric (12): version 12 whatever they have, which is all
    /// of the newest version.
    Evergreen,
    /// Synapse (6, 11), the warehouse of Fabric (11), SQL Edge (9), and what is not known: it is asked, and may refuse.
    Other,
}

/// A server by its own word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Product {
    /// 0: not known.
    major: u32,
    engine: Engine,
}

impl Product {
    /// # Errors
    /// Transient ones.
    pub(super) async fn read(client: &mut Client) -> Result<Self> {
        let rows = allowed(client, include_str!("../sql/product.sql")).await?.unwrap_or_default();
        let row = rows.first().map(Record);
        let version = row.as_ref().and_then(|row| row.text_or_null("product_version").ok().flatten());
        let edition = row.as_ref().and_then(|row| row.int_or_null("engine_edition").ok().flatten());
        Ok(Self::new(version.as_deref(), edition))
    }

    fn new(version: Option<&str>, engine_edition: Option<i32>) -> Self {
        let major = version.and_then(|text| text.split('.').next()?.parse().ok()).unwrap_or(0);
        let engine = match engine_edition {
            Some(1..=4) => Engine::Boxed,
            Some(5 | 8 | 12) => Engine::Evergreen,
            _ => Engine::Other,
        };
        Self { major, engine }
    }

    /// May it be asked for what came with version `since`?
    pub(super) const fn has(self, since: u32) -> bool {
        match self.engine {
            Engine::Boxed => self.major == 0 || self.major >= since,
            Engine::Evergreen | Engine::Other => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_old_server_is_not_asked_for_what_came_later() {
        let boxed = |version| Product::new(Some(version), Some(3));
        assert!(!boxed("11.0.7001.0").has(SQL_SERVER_2014) && !boxed("12.0.2000.8").has(SQL_SERVER_2016));
        assert!(boxed("13.0.1601.5").has(SQL_SERVER_2016) && !boxed("13.0.1601.5").has(SQL_SERVER_2017));
        assert!(boxed("17.0.1000.7").has(SQL_SERVER_2017));
    }

    #[test]
    fn azure_has_everything_under_an_old_number() {
        for edition in [5, 8, 12] {
            assert!(Product::new(Some("12.0.2000.8"), Some(edition)).has(SQL_SERVER_2017));
        }
    }

    #[test]
    fn what_is_not_known_is_asked() {
        assert!(Product::new(None, None).has(SQL_SERVER_2017));
        assert!(Product::new(Some("12.0.2000.8"), None).has(SQL_SERVER_2017));
        assert!(Product::new(Some("10.0.9999.0"), Some(6)).has(SQL_SERVER_2017));
        assert!(Product::new(Some("?"), Some(3)).has(SQL_SERVER_2017));
    }

    /// The page names what queries look for, and only that.
    #[test]
    fn the_page_names_what_is_asked() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
        let files = std::fs::read_dir(folder.join("src/sqlserver/sql")).unwrap();
        let all: String = files.map(|file| std::fs::read_to_string(file.unwrap().path()).unwrap()).collect();
        let page = std::fs::read_to_string(folder.join("docs/reference/source-versions.md")).unwrap();
        let rows: Vec<&str> =
            page.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next()).collect();
        assert!(rows.len() >= 9);
        for what in rows {
            let (_, last) = what.rsplit_once('.').unwrap();
            assert!(all.contains(last), "{what}");
        }
    }
}
