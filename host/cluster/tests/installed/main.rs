//! What is installed: the files as they are generated, and on a real API server what the definitions accept and what the admission
//! policies refuse. Without Go the latter is skipped, and said so.

mod chart;
mod files;
mod guard;
mod plane;
mod policies;
mod records;
