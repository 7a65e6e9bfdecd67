//! `cargo xtask vm`.

/// The arguments of `cargo xtask vm`.
#[derive(clap::Args)]
pub struct Args {}

/// Runs `cargo xtask vm`.
///
/// # Errors
/// What stopped it.
pub fn run(_args: &Args) -> anyhow::Result<()> {
    anyhow::bail!("not built yet")
}
