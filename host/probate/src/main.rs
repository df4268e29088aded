//! The binary `probate`, also installed as `kubectl-probate`.

fn main() -> std::process::ExitCode {
    probate_cli::run()
}
