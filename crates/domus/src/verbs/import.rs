//! `domus import`: the Nix that declares guests that exist already.

use std::fs;
use std::path::Path;
use std::process::ExitCode;

use anyhow::Context as _;
use nix_config::import::{self, ImportError, Imported};
use serde_json::json;
use xl_cfg::{Document, ParseError, ParseErrorKind};

use crate::cli::{Common, ImportArgs};
use crate::output;

pub fn run(common: &Common, args: &ImportArgs) -> anyhow::Result<ExitCode> {
    let mut guests: Vec<Imported> = Vec::new();
    let mut failed = 0;
    for path in &args.files {
        match file(path) {
            Ok(guest) => {
                if let Some(other) = guests.iter().find(|other| other.name == guest.name) {
                    output::error(&format!(
                        "{}: another file has a guest {} already; import one of them",
                        path.display(),
                        other.name
                    ));
                    failed += 1;
                } else {
                    guests.push(guest);
                }
            }
            Err(messages) => {
                failed += 1;
                for message in messages {
                    output::error(&message);
                }
            }
        }
    }
    if !guests.is_empty() {
        print(common, &guests)?;
    }
    Ok(if failed == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// The module on standard output, and what to know about it on standard error.
fn print(common: &Common, guests: &[Imported]) -> anyhow::Result<()> {
    let header =
        ["Written by `domus import`; read it, and import it in configuration.nix.".to_owned()];
    let text = import::file(&header, guests).context("the guests cannot be written as Nix")?;
    if common.json {
        let notes: Vec<_> = guests
            .iter()
            .map(|guest| json!({ "guest": guest.name, "notes": guest.notes }))
            .collect();
        anstream::println!("{}", json!({ "nix": text, "guests": notes }));
        return Ok(());
    }
    anstream::print!("{text}");
    for guest in guests {
        for note in &guest.notes {
            output::warning(&format!("guest {}: {note}", guest.name));
        }
    }
    Ok(())
}

fn file(path: &Path) -> Result<Imported, Vec<String>> {
    let shown = path.display();
    let text = fs::read(path).map_err(|error| vec![format!("cannot read {shown}: {error}")])?;
    let document = Document::parse(&text).map_err(|error| vec![unreadable(path, &text, &error)])?;
    import::document(&document).map_err(|errors| {
        errors
            .iter()
            .map(|error| mistake(path, &text, error))
            .collect()
    })
}

/// A file that xl cannot read either; of Python, which lines it is.
fn unreadable(path: &Path, text: &[u8], error: &ParseError) -> String {
    let shown = path.display();
    if error.kind == ParseErrorKind::Python
        && let Some(lines) = import::python_lines(text).filter(|lines| !lines.is_empty())
    {
        let which = if lines.len() == 1 { "line" } else { "lines" };
        return format!(
            "{shown}: {which} {} would be Python, which xm ran and xl refuses: delete {}, and write what they worked out as plain values",
            import::listed(&lines),
            if lines.len() == 1 { "it" } else { "them" },
        );
    }
    format!("{shown}: {error}")
}

fn mistake(path: &Path, text: &[u8], error: &ImportError) -> String {
    let shown = path.display();
    match &error.place {
        Some(place) if !super::lint::holds_password(text, place) => {
            format!("{shown}: {error}\n{place}")
        }
        _ => format!("{shown}: {error}"),
    }
}
