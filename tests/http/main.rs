//! The gateway over a real socket: bytes in, answers and records out.

mod answers;
mod app;
mod cloudevents;
mod connections;
mod limits;
mod lines;
mod outcomes;
mod round_trip;
