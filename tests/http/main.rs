//! The gateway over a real socket: bytes in, answers and records out.

mod answers;
mod app;
