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
    bool => BOOL,
    i16 => INT2,
    i32 => INT4,
    i64 => INT8,
    u32 => OID,
    f64 => FLOAT8,
    &str => TEXT,
    String => TEXT,
    &String => TEXT,
    Option<&str> => TEXT,
    Option<String> => TEXT,
    Option<i32> => INT4,
    Option<i64> => INT8,
    Vec<i32> => INT4_ARRAY,
    Vec<i64> => INT8_ARRAY,
    Vec<&str> => TEXT_ARRAY,
    Vec<String> => TEXT_ARRAY,
    Vec<Option<String>> => TEXT_ARRAY,
    Vec<Option<&str>> => TEXT_ARRAY,
    &[i32] => INT4_ARRAY,
    &[i64] => INT8_ARRAY,
    &[&str] => TEXT_ARRAY,
    &[String] => TEXT_ARRAY,
}

/// As the driver takes them.
pub(super) fn typed<'a>(parameters: &[Parameter<'a>]) -> Vec<(&'a (dyn ToSql + Sync), Type)> {
    parameters.iter().map(|parameter| (*parameter as &(dyn ToSql + Sync), parameter.kind())).collect()
}
