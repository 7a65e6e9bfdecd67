//! `cargo xtask demo`.

/// The arguments of `cargo xtask demo`.
#[derive(clap::Args)]
pub struct Args {}

/// Runs `cargo xtask demo`.
///
/// # Errors
/// What stopped it.
pub fn run(_args: &Args) -> anyhow::Result<()> {
    anyhow::bail!("not built yet")
}
