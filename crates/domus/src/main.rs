//! `domus`: declared Xen guests on a NixOS Dom0.
//!
//! Exit status: 0 done; 1 some guest failed, or the host did not answer; 2 usage or an invalid document,
//! and nothing was changed.

#[macro_use]
mod output;
mod cli;
mod context;
mod describe;
mod known;
mod said;
mod text;
mod verbs;

use std::process::ExitCode;

use clap::Parser;

use crate::cli::{Cli, Verb};
use crate::context::InvalidDocument;

fn main() -> ExitCode {
    let cli = Cli::parse();
    let result = match &cli.verb {
        Verb::Check(args) if args.files.is_empty() => verbs::check::run(&cli.common),
        Verb::Check(args) => verbs::lint::run(&cli.common, args),
        Verb::Render(args) => verbs::render::run(&cli.common, args),
        Verb::Plan(args) => verbs::plan::run(&cli.common, args),
        Verb::Apply(args) => verbs::apply::run(&cli.common, args),
        Verb::Status(args) => verbs::status::run(&cli.common, args),
        Verb::Import(args) => verbs::import::run(&cli.common, args),
        Verb::Image(args) => verbs::image::run(&cli.common, args),
        Verb::Adopt(args) => verbs::adopt::run(&cli.common, args),
        Verb::Run(args) => verbs::run::run(&cli.common, args),
        Verb::HostShutdown(args) => verbs::host_shutdown::run(&cli.common, args),
        Verb::Start(args) => verbs::start::run(&cli.common, args),
        Verb::Stop(args) => verbs::stop::run(&cli.common, args),
        Verb::Restart(args) => verbs::restart::run(&cli.common, args),
        Verb::Console(args) => verbs::console::run(&cli.common, args),
        Verb::Logs(args) => verbs::logs::run(&cli.common, args),
    };
    match result {
        Ok(code) => match output::failed() {
            None => code,
            Some(error) => {
                output::error(&format!("cannot write to standard output: {error}"));
                ExitCode::FAILURE
            }
        },
        Err(error) => {
            output::error(&in_full(&error));
            if error.is::<InvalidDocument>() {
                ExitCode::from(2)
            } else {
                ExitCode::FAILURE
            }
        }
    }
}

/// An error with its causes, each said once: many a message has its cause in it already.
fn in_full(error: &anyhow::Error) -> String {
    error.chain().fold(String::new(), |text, cause| {
        let cause = cause.to_string();
        match text.as_str() {
            "" => cause,
            said if said.contains(&cause) => text,
            said => format!("{said}: {cause}"),
        }
    })
}
