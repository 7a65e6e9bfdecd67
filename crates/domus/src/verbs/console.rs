//! `domus console`: the console of a guest, on the person's own terminal.

use std::ffi::OsStr;
use std::io::{self, IsTerminal};
use std::os::unix::process::CommandExt as _;
use std::process::{Command, ExitCode};

use anyhow::{Context as _, bail};
use reconcile::domains::{self, State};
use serde_json::json;

use crate::cli::{Common, ConsoleArgs};
use crate::known::{Found, Known};
use crate::output::{self, BOLD, DIM, styled};
use crate::verbs::begin::cannot_run;

pub fn run(common: &Common, args: &ConsoleArgs) -> anyhow::Result<ExitCode> {
    let known = Known::load(common)?;
    let name = args.name.as_str();
    let named = known.named(name)?;
    let domains = domains::list_briefly(&known.programs)?;
    let domain = match named.find(&domains) {
        Found::Own(domain) => domain,
        Found::Foreign(other) => bail!(
            "the domain {name} ({}) is not Domus's own; `xl console {0}` shows its console",
            other.domid
        ),
        Found::Nothing => bail!(
            "guest {name} does not run; `domus start {name}` starts it, and `domus logs {name}` shows what it wrote last"
        ),
    };
    match domain.state {
        State::Running => {}
        State::Paused => output::warning(&format!("guest {name}: {}", cannot_run(domain))),
        _ => bail!(
            "guest {name}: {}. `domus logs {name}` shows what it wrote last",
            cannot_run(domain)
        ),
    }
    let domid = domain.domid.to_string();
    // Without a type xl takes a PV or PVH guest's PV console, an HVM guest's first serial port, and where that is not
    // there, or in a stub domain, its PV console.
    let kind = args.kind.map(|kind| ["-t", kind.as_str()]);
    let mut words: Vec<&OsStr> = vec!["console".as_ref()];
    words.extend(kind.iter().flatten().map(AsRef::<OsStr>::as_ref));
    words.push(domid.as_ref());
    let xl = &known.programs.xl;
    if common.json {
        let all = std::iter::once(xl.as_os_str()).chain(words.iter().copied());
        let command: Vec<_> = all.map(OsStr::to_string_lossy).collect();
        outln!(
            "{}",
            json!({ "guest": name, "domid": domain.domid, "command": command })
        );
        return Ok(ExitCode::SUCCESS);
    }
    if io::stdin().is_terminal() {
        errln!(
            "{}{}",
            styled(BOLD, format_args!("{name} (domain {domid})")),
            styled(
                DIM,
                ": leave its console with Ctrl-] (Ctrl-5 on many keyboards)"
            )
        );
    }
    let error = Command::new(xl).args(words).exec();
    Err(error).with_context(|| format!("cannot run {}", xl.display()))
}
