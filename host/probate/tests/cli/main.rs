//! The command line as its users see it: every output format of a fixed plan, and the real binary's exit codes on small dumps.

mod binary;
mod exits;
mod formats;
mod made;
mod slips;
mod unheard;
mod views;
