//! `domus run` and `domus stop`: the two ends of `domus-guest@NAME.service`.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader};
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command, ExitCode, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use reconcile::domains::{self, Domain, State};
use reconcile::files::{self, Existing};
use reconcile::program::{self, tail};
use reconcile::{Layout, Records};
use sd_notify::NotifyState;
use uuid::Uuid;

use crate::cli::{Common, GuestArgs};
use crate::context::Context;
use crate::output;

/// How often xl is asked whether a guest is up, or gone. xl takes Xen's lock, so not too often.
const POLL: Duration = Duration::from_millis(500);
/// How long a guest has to shut down. Its unit waits a little longer (`TimeoutStopSec`).
const SHUTDOWN_LIMIT: Duration = Duration::from_secs(300);

/// Creates the guest, tells systemd when it runs, and stays until xl has no more to do for it.
///
/// xl stays in the foreground (`-F`) and carries out `on_reboot` and `on_crash`; it and the guest's
/// qemu are in this unit's cgroup and in no other.
pub fn run(common: &Common, args: &GuestArgs) -> anyhow::Result<ExitCode> {
    let context = Context::load(common)?;
    let guest = context.guest(&args.name)?;
    let name = guest.name.as_str();
    if context.layout.save_dir().join(name).exists() {
        bail!(
            "guest {name} is saved: its memory holds its mounted file systems, and a fresh start would destroy them. Restore it with `xl restore {0}`, or move {0} away to give up what it holds",
            context.layout.save_dir().join(name).display()
        );
    }
    let failure = context.layout.below(format!("/run/domus/{name}.failure"));
    files::remove(&failure)?;
    let mut xl = Command::new(&context.programs.xl)
        .args(["create", "-F"])
        .arg(context.layout.config(name))
        .stdin(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .with_context(|| format!("cannot run {}", context.programs.xl.display()))?;
    let said = Said::of(&mut xl);
    let status = match wait_until_up(&mut xl, guest.uuid, &context)? {
        None => {
            sd_notify::notify(&[NotifyState::Ready, NotifyState::Status("running")])?;
            xl.wait()?
        }
        Some(status) => status,
    };
    let said = said.text();
    if ended_well(status) {
        return Ok(ExitCode::SUCCESS);
    }
    let cause = if said.is_empty() {
        format!("xl create: {status}")
    } else {
        said
    };
    files::write(&failure, cause.as_bytes(), 0o600, Existing::Replace)?;
    bail!("guest {name}: {cause}");
}

/// xl ends with 0, or is ended by systemd after the guest is gone.
fn ended_well(status: ExitStatus) -> bool {
    status.success() || status.signal() == Some(15)
}

/// Waits until the guest's domain runs; gives xl's status if it ends first.
fn wait_until_up(
    xl: &mut Child,
    uuid: Uuid,
    context: &Context,
) -> anyhow::Result<Option<ExitStatus>> {
    loop {
        if let Some(status) = xl.try_wait()? {
            return Ok(Some(status));
        }
        // xl that does not answer now is not this guest's failure: its own `create` decides.
        if let Ok(domains) = domains::list_briefly(&context.programs)
            && domains
                .iter()
                .any(|domain| domain.uuid == uuid && domain.state == State::Running)
        {
            return Ok(None);
        }
        thread::sleep(POLL);
    }
}

/// The last lines that xl says; they go to the journal as they come.
struct Said {
    lines: Arc<Mutex<VecDeque<String>>>,
    reader: Option<JoinHandle<()>>,
}

impl Said {
    fn of(xl: &mut Child) -> Self {
        let lines = Arc::new(Mutex::new(VecDeque::new()));
        let kept = Arc::clone(&lines);
        let reader = xl.stderr.take().map(|pipe| {
            thread::spawn(move || {
                for line in BufReader::new(pipe).split(b'\n').map_while(Result::ok) {
                    let line = tail(&String::from_utf8_lossy(&line));
                    anstream::eprintln!("{line}");
                    if let Ok(mut lines) = kept.lock() {
                        lines.push_back(line);
                        if lines.len() > 20 {
                            lines.pop_front();
                        }
                    }
                }
            })
        });
        Self { lines, reader }
    }

    fn text(self) -> String {
        // Whatever still holds the pipe (a qemu that xl left) must not keep us.
        if let Some(reader) = self.reader {
            let patience = Instant::now() + Duration::from_secs(2);
            while !reader.is_finished() && Instant::now() < patience {
                thread::sleep(Duration::from_millis(20));
            }
        }
        let lines = self
            .lines
            .lock()
            .map(|lines| lines.iter().cloned().collect::<Vec<_>>());
        tail(&lines.unwrap_or_default().join("\n"))
    }
}

/// Shuts a guest down and waits until it is gone; one that is not there is stopped already.
pub fn stop(common: &Common, args: &GuestArgs) -> anyhow::Result<ExitCode> {
    let context = Context::load(common)?;
    let name = args.name.as_str();
    let Some(uuid) = uuid_of(name, &context)? else {
        bail!("no guest {name} is declared, and Domus has started none");
    };
    let Some(domain) = live(uuid, &context)? else {
        return Ok(ExitCode::SUCCESS);
    };
    let limit = context.programs.answer_limit;
    // -F: a guest without PV drivers gets the ACPI power button.
    program::run(
        &context.programs.xl,
        &["shutdown", "-F", &domain.domid.to_string()],
        limit,
    )?;
    let deadline = Instant::now() + SHUTDOWN_LIMIT;
    while Instant::now() < deadline {
        if live(uuid, &context)?.is_none() {
            return Ok(ExitCode::SUCCESS);
        }
        thread::sleep(POLL);
    }
    output::error(&format!(
        "guest {name} did not shut down within {} s, and is left running; `xl console {name}` shows what it waits for, `xl destroy {name}` ends it like a power cut",
        SHUTDOWN_LIMIT.as_secs()
    ));
    Ok(ExitCode::FAILURE)
}

fn live(uuid: Uuid, context: &Context) -> anyhow::Result<Option<Domain>> {
    let domains = domains::list_briefly(&context.programs)?;
    Ok(domains.into_iter().find(|domain| domain.uuid == uuid))
}

/// A guest's UUID: as declared, or as remembered of one that is declared no longer.
fn uuid_of(name: &str, context: &Context) -> anyhow::Result<Option<Uuid>> {
    if let Some(guest) = context
        .document
        .guests
        .iter()
        .find(|guest| guest.name == name)
    {
        return Ok(Some(guest.uuid));
    }
    remembered(name, &context.layout)
}

fn remembered(name: &str, layout: &Layout) -> anyhow::Result<Option<Uuid>> {
    match Records::load(layout)?.remove(name) {
        Some(record) => Ok(Some(record?.uuid)),
        None => Ok(None),
    }
}
