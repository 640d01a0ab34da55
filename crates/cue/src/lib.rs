//! The CUE language: scanner and parser, evaluator, builtin packages and exports.
//!
//! The crate does no I/O of its own and starts no threads; files come in through a [`Source`](load::Source) or as
//! text. Verdicts, paths and error texts are those of the reference implementation, `cue` 0.17.1. No text and no
//! bytes make it panic, and every evaluation is bounded by [`Limits`](limits::Limits).

pub mod number;
pub mod syntax;
