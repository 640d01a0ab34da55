//! A compiled check of JSON documents, run in one pass over the bytes.
//!
//! The crate knows no schema language: a front end builds a program, the checker runs it. On accept it allocates
//! nothing; on reject it says where the first violation stands.
