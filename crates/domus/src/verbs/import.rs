//! `domus import`: the Nix that declares guests that exist already.

use std::path::Path;
use std::process::ExitCode;

use anyhow::Context as _;
use nix_config::import::{self, ImportError, Imported};
use reconcile::domains::{self, Domain};
use reconcile::libxl_json;
use serde_json::json;
use xl_cfg::{Document, ParseError, ParseErrorKind};

use crate::cli::{Common, ImportArgs};
use crate::context;
use crate::output;

/// The guests that were imported, and what kept others from it.
#[derive(Default)]
struct Import {
    guests: Vec<Imported>,
    errors: Vec<String>,
}

pub fn run(common: &Common, args: &ImportArgs) -> anyhow::Result<ExitCode> {
    let mut import = Import::default();
    if args.running {
        import.running(common, &args.what)?;
    } else {
        for path in &args.what {
            import.add(&path.display().to_string(), file(path));
        }
    }
    for error in &import.errors {
        output::error(error);
    }
    if !import.guests.is_empty() {
        print(common, &import.guests)?;
    }
    Ok(if import.errors.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

impl Import {
    fn add(&mut self, from: &str, result: Result<Imported, Vec<String>>) {
        match result {
            Ok(guest) if self.guests.iter().any(|other| other.name == guest.name) => {
                self.errors.push(format!(
                    "{from}: another has the name {} already; import one of them",
                    guest.name
                ));
            }
            Ok(guest) => self.guests.push(guest),
            Err(errors) => self.errors.extend(errors),
        }
    }

    /// The domains that run, or those of them that are named.
    fn running(&mut self, common: &Common, names: &[impl AsRef<Path>]) -> anyhow::Result<()> {
        let programs = context::programs(common);
        let domains = domains::list_briefly(&programs)?;
        let mut configs = domains::configurations(&programs)?;
        let names: Vec<String> = names
            .iter()
            .map(|name| name.as_ref().display().to_string())
            .collect();
        for name in &names {
            if !domains
                .iter()
                .any(|domain| domain.name == *name && domain.domid != 0)
            {
                self.errors
                    .push(format!("no domain {name} runs; `xl list` says which do"));
            }
        }
        let declared = declared(common);
        for domain in domains.iter().filter(|domain| domain.domid != 0) {
            let asked = names.contains(&domain.name);
            if !names.is_empty() && !asked {
                continue;
            }
            if !asked && declared.contains(&domain.uuid) {
                output::warning(&format!(
                    "guest {}: is declared already, and is left out; name it to see it all the same",
                    domain.name
                ));
                continue;
            }
            let config = configs.remove(&domain.domid);
            self.add(&domain.name, domain_of(domain, config));
        }
        if self.guests.is_empty() && self.errors.is_empty() {
            output::warning("there is no domain to import but the Dom0");
        }
        Ok(())
    }
}

/// The UUIDs of the guests that are declared; none where nothing can be read, which is no matter here.
fn declared(common: &Common) -> Vec<uuid::Uuid> {
    context::parse(common).map_or_else(
        |_| Vec::new(),
        |document| document.guests.iter().map(|guest| guest.uuid).collect(),
    )
}

fn domain_of(domain: &Domain, config: Option<serde_json::Value>) -> Result<Imported, Vec<String>> {
    let name = &domain.name;
    let Some(config) = config else {
        return Err(vec![format!(
            "guest {name}: `xl list -l` leaves it out, because libxl cannot read its configuration; import the file that it was made from"
        )]);
    };
    let read = libxl_json::config(&config);
    let mut guest = import::config(&read.config).map_err(|errors| {
        errors
            .iter()
            .map(|error| format!("guest {name}: {error}"))
            .collect::<Vec<_>>()
    })?;
    guest.notes.extend(read.unread.iter().map(|place| {
        format!(
            "libxl says something at {place} that no key is known for; look at `xl list -l {name}`"
        )
    }));
    Ok(guest)
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
        outln!("{}", json!({ "nix": text, "guests": notes }));
        return Ok(());
    }
    outln!("{}", text.strip_suffix('\n').unwrap_or(&text));
    for guest in guests {
        for note in &guest.notes {
            output::warning(&format!("guest {}: {note}", guest.name));
        }
    }
    Ok(())
}

fn file(path: &Path) -> Result<Imported, Vec<String>> {
    let shown = path.display();
    let text =
        super::lint::read(path).map_err(|error| vec![format!("cannot read {shown}: {error}")])?;
    let document = Document::parse(&text).map_err(|error| vec![unreadable(path, &text, &error)])?;
    import::document(&document)
        .map_err(|errors| errors.iter().map(|error| mistake(path, error)).collect())
}

/// A file that xl cannot read either; of Python, which lines it is.
fn unreadable(path: &Path, text: &[u8], error: &ParseError) -> String {
    let shown = path.display();
    if error.kind == ParseErrorKind::Python
        && let Some(lines) = import::python_lines(text).filter(|lines| !lines.is_empty())
    {
        let (which, them) = if lines.len() == 1 {
            ("line", "it")
        } else {
            ("lines", "them")
        };
        return format!(
            "{shown}: {which} {} would be Python, which xm ran and xl refuses: delete {them}, and write what they worked out as plain values",
            import::listed(&lines),
        );
    }
    format!("{shown}: {error}")
}

fn mistake(path: &Path, error: &ImportError) -> String {
    let shown = path.display();
    match &error.place {
        Some(place) if !place.hidden => {
            format!("{shown}: {error}\n{place}")
        }
        _ => format!("{shown}: {error}"),
    }
}
