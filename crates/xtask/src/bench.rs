//! `cargo xtask bench`.

/// The arguments of `cargo xtask bench`.
#[derive(clap::Args)]
pub struct Args {}

/// Runs `cargo xtask bench`.
///
/// # Errors
/// What stopped it.
pub fn run(_args: &Args) -> anyhow::Result<()> {
    anyhow::bail!("not built yet")
}
