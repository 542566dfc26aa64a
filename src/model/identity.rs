//! Who a source database is, whatever its server is called (docs/adr/0022-the-databases-own-identity.md).

use serde::{Deserialize, Serialize};

/// The marks by which a SQL Server database is known again. None: the server does not have it, or the login may not see
/// it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct DatabaseIdentity {
    /// `family_guid`: given by CREATE DATABASE, kept by backup, restore and failover: the same on every replica.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub family: Option<String>,
    /// `service_broker_guid`: kept in the same way, until somebody sets a new one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub broker: Option<String>,
    /// `create_date`: each server has its own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub created_at: Option<String>,
    /// `recovery_fork_guid`: the history of the log. It is for a warning: a restore and a forced failover begin a new
    /// one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recovery_fork: Option<String>,
}

/// A mark that two descriptions of a database have in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CommonMark<'a> {
    /// `family_guid`, `service_broker_guid` or `create_date`.
    pub name: &'static str,
    pub ours: &'a str,
    pub theirs: &'a str,
}

impl DatabaseIdentity {
    /// The strongest mark there is, with its name.
    #[must_use]
    pub fn strongest(&self) -> Option<(&'static str, &str)> {
        self.marks().into_iter().find_map(|(name, value)| Some((name, value?)))
    }

    /// The strongest mark that both have; None: they cannot be compared.
    #[must_use]
    pub fn in_common<'a>(&'a self, other: &'a Self) -> Option<CommonMark<'a>> {
        self.marks()
            .into_iter()
            .zip(other.marks())
            .find_map(|((name, ours), (_, theirs))| Some(CommonMark { name, ours: ours?, theirs: theirs? }))
    }

    /// Does the log of one of them have another history than that of the other? False if one of them is not known.
    #[must_use]
    pub fn has_another_history(&self, other: &Self) -> bool {
        self.recovery_fork
            .as_ref()
            .zip(other.recovery_fork.as_ref())
            .is_some_and(|(ours, theirs)| ours != theirs)
    }

    fn marks(&self) -> [(&'static str, Option<&str>); 3] {
        [
            ("family_guid", self.family.as_deref()),
            ("service_broker_guid", self.broker.as_deref()),
            ("create_date", self.created_at.as_deref()),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Option<String> {
        Some(text.to_owned())
    }

    #[test]
    fn databases_are_compared_by_the_strongest_mark_that_both_show() {
        let all = DatabaseIdentity {
            family: text("f1"),
            broker: text("b1"),
            created_at: text("2024"),
            recovery_fork: text("r1"),
        };
        // A replica: the same database, made on its server at another time.
        let replica = DatabaseIdentity { created_at: text("2025"), ..all.clone() };
        let mark = all.in_common(&replica).unwrap();
        assert_eq!((mark.name, mark.ours, mark.theirs), ("family_guid", "f1", "f1"));
        let without_rights = DatabaseIdentity { family: None, recovery_fork: None, ..replica };
        let mark = all.in_common(&without_rights).unwrap();
        assert_eq!((mark.name, mark.ours, mark.theirs), ("service_broker_guid", "b1", "b1"));
        assert_eq!(without_rights.strongest(), Some(("service_broker_guid", "b1")));
        assert_eq!(all.in_common(&DatabaseIdentity::default()), None);
        assert_eq!(DatabaseIdentity::default().strongest(), None);
    }

    #[test]
    fn a_restored_copy_has_another_history() {
        let source = DatabaseIdentity { recovery_fork: text("r1"), ..DatabaseIdentity::default() };
        let copy = DatabaseIdentity { recovery_fork: text("r2"), ..source.clone() };
        assert!(source.has_another_history(&copy));
        assert!(!source.has_another_history(&source));
        assert!(!source.has_another_history(&DatabaseIdentity::default()));
    }
}
