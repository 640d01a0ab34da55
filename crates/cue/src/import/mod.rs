//! Descriptions in other languages as CUE.

pub mod json_schema;
pub mod open_api;
