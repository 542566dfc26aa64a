//! Which tables of the plan a process works on.

use crate::schema::TableName;
use std::fmt;

/// The choice made on the command line; checked against the plan only once the plan is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Selection {
    /// Every table of the plan.
    All,
    /// Indexes `first..=last`, 1-based.
    Range { first: u32, last: u32 },
    /// The `number`-th (1-based) of `count` contiguous ranges balanced by bytes.
    Shard { number: u32, count: u32 },
    /// Tables by their source names.
    Tables(Vec<TableName>),
}

/// As a user would write it: `all tables`, `range 101-200`, `shard 3/10`, `tables dbo.A, dbo.B`.
impl fmt::Display for Selection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All => f.write_str("all tables"),
            Self::Range { first, last } => write!(f, "range {first}-{last}"),
            Self::Shard { number, count } => write!(f, "shard {number}/{count}"),
            Self::Tables(names) => {
                let names: Vec<_> = names.iter().map(ToString::to_string).collect();
                write!(f, "tables {}", names.join(", "))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_selection_reads_as_it_was_written() {
        for (selection, text) in [
            (Selection::All, "all tables"),
            (Selection::Range { first: 101, last: 200 }, "range 101-200"),
            (Selection::Shard { number: 3, count: 10 }, "shard 3/10"),
            (
                Selection::Tables(vec![TableName::new("dbo", "A"), TableName::new("my.x", "B")]),
                "tables dbo.A, [my.x].B",
            ),
        ] {
            assert_eq!(selection.to_string(), text);
        }
    }
}
