//! The command `twinguard`.

fn main() -> std::process::ExitCode {
    twinguard::cli::run()
}
