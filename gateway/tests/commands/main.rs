//! The commands as an admin types them: what they say, on which stream, with which exit code. The
//! real binary runs; no mail is taken.

mod admin;
mod closed_pipe;
mod office;
mod preview;
