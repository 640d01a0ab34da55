//! sluice: a validating gateway for event streams.
//!
//! The modules stand in the order of an event's path: the edge ([`http`]), the path itself ([`ingest`]), what events
//! are checked against ([`catalog`]) and where they go ([`channel`]). [`gateway`] puts them together.

pub mod catalog;
pub mod channel;
pub mod cli;
pub mod config;
pub mod gateway;
pub mod http;
pub mod ingest;
pub mod read;
mod serve;
pub mod telemetry;
