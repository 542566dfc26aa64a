//! How much memory all workers together may take ([`budget`]), and how fast they may be ([`throttle`], [`replicas`]).

pub mod budget;
pub mod replicas;
pub mod throttle;
