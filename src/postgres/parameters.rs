//! Parameters of statements, with their types: so that a statement needs no preparation.
//!
//! A prepared statement has a name, which lives in one server session. Behind a pooler in transaction mode the next
//! message may reach another session, which does not know the name. A statement whose parameter types are said by the
//! client is parsed, bound and run without a name, in one round trip (PostgreSQL documentation, "Extended Query").

use tokio_postgres::types::{ToSql, Type};

/// A value that can stand for `$n`.
pub trait Argument: ToSql + Sync {
    /// The PostgreSQL type that it is sent as.
    fn kind(&self) -> Type;
}

/// What a parameter of a statement is.
pub type Parameter<'a> = &'a (dyn Argument + Sync);

macro_rules! arguments {
    ($($rust:ty => $type:ident),* $(,)?) => {
        $(impl Argument for $rust {
            fn kind(&self) -> Type {
                Type::$type
            }
        })*
    };
}
arguments! {
    i32 => INT4,
    i64 => INT8,
    u32 => OID,
    &str => TEXT,
    String => TEXT,
    Option<i32> => INT4,
    Option<String> => TEXT,
    serde_json::Value => JSONB,
    Vec<i32> => INT4_ARRAY,
    Vec<&str> => TEXT_ARRAY,
    &[String] => TEXT_ARRAY,
}

/// As the driver takes them.
pub(super) fn typed<'a>(parameters: &[Parameter<'a>]) -> Vec<(&'a (dyn ToSql + Sync), Type)> {
    parameters.iter().map(|parameter| (*parameter as &(dyn ToSql + Sync), parameter.kind())).collect()
}
