//! The command line as `host/probate` builds it, so that these tests always run the sources beside them.

use std::process::ExitCode;

fn main() -> ExitCode {
    probate_cli::run()
}
