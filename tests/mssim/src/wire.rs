//! TDS on the server's side: packets, login, requests, replies.

pub(crate) mod connection;
pub(crate) mod login;
pub(crate) mod output;
pub(crate) mod packet;
pub(crate) mod prelogin;
pub(crate) mod read;
pub(crate) mod reply;
pub(crate) mod rpc;
pub(crate) mod session;
pub(crate) mod tokens;
mod transaction;
pub(crate) mod type_info;
pub(crate) mod value;
