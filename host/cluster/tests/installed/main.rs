//! What is installed: the files as they are generated.

mod files;
