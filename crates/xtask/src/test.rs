//! `cargo xtask test`.

/// The arguments of `cargo xtask test`.
#[derive(clap::Args)]
pub struct Args {}

/// Runs `cargo xtask test`.
///
/// # Errors
/// What stopped it.
pub fn run(_args: &Args) -> anyhow::Result<()> {
    anyhow::bail!("not built yet")
}
