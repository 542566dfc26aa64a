//! Which tables of the plan the command line chose.

use crate::model::names::TableName;
use std::fmt;

/// What the command line chose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Selection {
    All,
    /// 1-based and inclusive.
    Range {
        first: u32,
        last: u32,
    },
    /// The `number`-th (1-based) of `count` contiguous ranges balanced by bytes.
    Shard {
        number: u32,
        count: u32,
    },
    Tables(Vec<TableName>),
}

impl fmt::Display for Selection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All => f.write_str("all tables"),
            Self::Range { first, last } => write!(f, "range {first}-{last}"),
            Self::Shard { number, count } => write!(f, "shard {number}/{count}"),
            Self::Tables(tables) => {
                let names: Vec<_> = tables.iter().map(ToString::to_string).collect();
                write!(f, "tables {}", names.join(", "))
            }
        }
    }
}
