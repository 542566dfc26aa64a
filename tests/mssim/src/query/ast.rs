//! The T-SQL that is understood, as a tree.

/// A value expression or a predicate; `bind` knows which may stand where.
#[derive(Debug, Clone, PartialEq)]
pub enum Expr {
    Null,
    /// As written: `12`, `1.50`, `1e3`, `$4.2`.
    Number(String),
    /// Text, and whether it is an `N'…'`.
    Text(String, bool),
    Hex(Vec<u8>),
    /// With its `@` or `@@`.
    Variable(String),
    /// One to four parts.
    Column(Vec<String>),
    Minus(Box<Expr>),
    BitNot(Box<Expr>),
    /// `+ - * / % & | ^`
    Binary(&'static str, Box<Expr>, Box<Expr>),
    Call(Box<Call>),
    Cast(Box<Cast>),
    Case {
        operand: Option<Box<Expr>>,
        whens: Vec<(Expr, Expr)>,
        otherwise: Option<Box<Expr>>,
    },
    Collate(Box<Expr>, String),
    Subquery(Box<Query>),
    /// `= <> < <= > >=`
    Compare(&'static str, Box<Expr>, Box<Expr>),
    And(Box<Expr>, Box<Expr>),
    Or(Box<Expr>, Box<Expr>),
    Not(Box<Expr>),
    Between(Box<Expr>, Box<Expr>, Box<Expr>),
    InList(Box<Expr>, Vec<Expr>),
    InQuery(Box<Expr>, Box<Query>),
    Like {
        text: Box<Expr>,
        pattern: Box<Expr>,
        escape: Option<Box<Expr>>,
    },
    IsNull(Box<Expr>),
    Exists(Box<Query>),
}

/// `name(args)`, with what may follow it.
#[derive(Debug, Clone, PartialEq)]
pub struct Call {
    pub name: Vec<String>,
    pub args: Vec<Expr>,
    /// `COUNT(*)`.
    pub star: bool,
    pub distinct: bool,
    /// `OVER (PARTITION BY … ORDER BY …)`.
    pub over: Option<(Vec<Expr>, Vec<Order>)>,
    /// `WITHIN GROUP (ORDER BY …)`.
    pub within: Vec<Order>,
}

/// CAST, CONVERT and their TRY_ forms.
#[derive(Debug, Clone, PartialEq)]
pub struct Cast {
    pub value: Expr,
    pub ty: TypeName,
    pub style: Option<Expr>,
    pub attempt: bool,
}

/// A type as written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TypeName {
    /// Without a schema, as written.
    pub name: String,
    /// `10`, `2`, `max`.
    pub args: Vec<String>,
}

/// One ORDER BY item.
#[derive(Debug, Clone, PartialEq)]
pub struct Order {
    pub by: Expr,
    pub descending: bool,
}

/// A query expression: CTEs, a body, an order.
#[derive(Debug, Clone, PartialEq)]
pub struct Query {
    pub with: Vec<Cte>,
    pub body: Body,
    pub order: Vec<Order>,
    pub offset: Option<Expr>,
    pub fetch: Option<Expr>,
}

/// `name (columns) AS (query)`.
#[derive(Debug, Clone, PartialEq)]
pub struct Cte {
    pub name: String,
    pub columns: Vec<String>,
    pub query: Query,
}

/// What stands between WITH and ORDER BY.
#[derive(Debug, Clone, PartialEq)]
pub enum Body {
    Select(Box<Select>),
    /// UNION, UNION ALL, EXCEPT, INTERSECT.
    Set(&'static str, Box<Body>, Box<Body>),
    /// In parentheses.
    Query(Box<Query>),
    /// `VALUES (…), (…)`.
    Values(Vec<Vec<Expr>>),
}

/// One SELECT.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Select {
    pub distinct: bool,
    pub top: Option<Expr>,
    pub items: Vec<Item>,
    pub from: Vec<Source>,
    pub filter: Option<Expr>,
    pub group: Vec<Expr>,
    pub having: Option<Expr>,
}

/// One item of the select list.
#[derive(Debug, Clone, PartialEq)]
pub enum Item {
    /// `*`, or `t.*` with the parts of `t`.
    All(Vec<String>),
    Expr(Expr, Option<String>),
    /// `@v = expr`.
    Assign(String, Expr),
}

/// One table source.
#[derive(Debug, Clone, PartialEq)]
pub enum Source {
    Table { name: Vec<String>, alias: Option<String>, sample: Option<Sample>, hints: Vec<String> },
    Function { name: Vec<String>, args: Vec<Expr>, alias: Option<String> },
    Derived { query: Query, alias: String, columns: Vec<String> },
    Join { kind: Join, left: Box<Source>, right: Box<Source>, on: Option<Expr> },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Join {
    Inner,
    Left,
    Right,
    Full,
    Cross,
    CrossApply,
    OuterApply,
}

/// `TABLESAMPLE (n PERCENT | ROWS) [REPEATABLE (seed)]`.
#[derive(Debug, Clone, PartialEq)]
pub struct Sample {
    pub amount: Expr,
    pub percent: bool,
    pub seed: Option<Expr>,
}

/// One statement of a batch.
#[derive(Debug, Clone, PartialEq)]
pub enum Statement {
    Select(Query),
    /// `SET NAME …`: the words after SET, upper case.
    SetOption(Vec<String>),
    /// `SET @v = …`.
    SetVariable(String, Expr),
    Declare(Vec<(String, TypeName, Option<Expr>)>),
    Use(String),
    Print(Expr),
    Begin,
    Commit,
    /// Name of a savepoint or transaction, where given.
    Rollback(Option<String>),
    Save(String),
    If(Expr, Vec<Line>, Vec<Line>),
    /// BEGIN … END.
    Block(Vec<Line>),
    While(Expr, Vec<Line>),
    Break,
    Continue,
    Return,
    /// BEGIN TRY … END TRY BEGIN CATCH … END CATCH.
    Try(Vec<Line>, Vec<Line>),
    /// Message or number, severity, state, arguments.
    RaiseError(Vec<Expr>),
    /// Number, message, state; nothing raises the caught error again.
    Throw(Vec<Expr>),
    /// `EXEC (text)`.
    Execute(Expr),
    /// INSERT of what a query gives.
    Insert(Box<Insert>),
    /// DDL, DML, EXEC: the text goes to the loader.
    Other(String),
}

/// `INSERT INTO target (columns) query`.
#[derive(Debug, Clone, PartialEq)]
pub struct Insert {
    pub target: Vec<String>,
    pub columns: Option<Vec<String>>,
    pub query: Query,
}

/// A statement and the line it starts at.
#[derive(Debug, Clone, PartialEq)]
pub struct Line {
    pub line: i32,
    pub statement: Statement,
}
