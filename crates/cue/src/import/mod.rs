//! Descriptions in other languages as CUE.

pub mod json_schema;
