//! `cargo xtask eval`.

/// The arguments of `cargo xtask eval`.
#[derive(clap::Args)]
pub struct Args {}

/// Runs `cargo xtask eval`.
///
/// # Errors
/// What stopped it.
pub fn run(_args: &Args) -> anyhow::Result<()> {
    anyhow::bail!("not built yet")
}
