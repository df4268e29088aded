//! The binary `probate`, also installed as `kubectl-probate`.

/// It gives memory back once a turn of the controller is over, and is quicker than the system's about a million small objects.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    probate_cli::run()
}
