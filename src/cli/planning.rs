//! The flags that the plan is made of.

use clap::{Args, ValueEnum};

/// What the plan is made of.
#[derive(Debug, Clone, Default, Args)]
pub struct PlanChoiceArgs {
    /// Only tables matching this pattern of schema.table (* and ?); repeatable
    #[arg(long, value_name = "PATTERN", help_heading = "Planning")]
    pub include: Vec<String>,
    /// Not the tables matching this pattern; repeatable
    #[arg(long, value_name = "PATTERN", help_heading = "Planning")]
    pub exclude: Vec<String>,
    /// Put the tables of source schema A into target schema B; repeatable
    #[arg(long, value_name = "A=B", help_heading = "Planning")]
    pub schema_map: Vec<String>,
    /// Leave out columns of unsupported types instead of refusing the plan
    #[arg(long, help_heading = "Planning")]
    pub skip_unsupported: bool,
    /// Copy tables whose rows a security policy filters: this login sees all rows, or those it sees are wanted
    #[arg(long, help_heading = "Planning")]
    pub allow_row_filters: bool,
    /// How names are written in the target: OrderLine becomes orderline, order_line or, quoted, "OrderLine" [default:
    /// lower]
    #[arg(long, value_enum, value_name = "CASE", help_heading = "Planning")]
    pub name_case: Option<NameCaseChoice>,
    /// Turn this source type into another target type than by default, like datetimeoffset=text; repeatable
    #[arg(long, value_name = "TYPE=TARGET", help_heading = "Planning")]
    pub map: Vec<String>,
    /// What becomes of values that PostgreSQL cannot hold, like nul=strip or fraction=round; repeatable
    #[arg(long, value_name = "KIND=WHAT", help_heading = "Planning")]
    pub policy: Vec<String>,
    /// Collations that ignore case or accents become the database's own, ICU's, or citext [default: database]
    #[arg(long, value_enum, value_name = "HOW", help_heading = "Planning")]
    pub collations: Option<CollationsChoice>,
    /// Partitioned tables become plain ones, or partitioned ones [default: plain]
    #[arg(long, value_enum, value_name = "HOW", help_heading = "Planning")]
    pub partitions: Option<PartitionsChoice>,
    /// Extended property that becomes the comment of an object, the first of them that it has; repeatable [default: MS_Description]
    #[arg(long, value_name = "NAME", help_heading = "Planning")]
    pub comment_property: Vec<String>,
}

/// How names are written in the target.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum NameCaseChoice {
    Lower,
    Snake,
    Preserve,
}

/// What becomes of collations that ignore case or accents.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum CollationsChoice {
    Database,
    Icu,
    Citext,
}

/// What becomes of partitioned tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum PartitionsChoice {
    Plain,
    Declarative,
}
