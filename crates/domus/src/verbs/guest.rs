//! `domus run` and `domus stop`: the two ends of `domus-guest@NAME.service`.

use std::collections::VecDeque;
use std::fs;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, ExitCode, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use guest_spec::Guest;
use reconcile::domains::{self, Domain, State};
use reconcile::files::{self, Existing};
use reconcile::observe::Domains;
use reconcile::program::{self, Programs, tail};
use reconcile::secret::seal;
use reconcile::{Layout, Records, Stages};
use sd_notify::NotifyState;
use uuid::Uuid;

use crate::cli::{Common, GuestArgs, StopArgs};
use crate::context::{Context, programs};
use crate::output;

/// How often xl is asked whether a guest is up, or gone. xl takes Xen's lock, so not too often.
const POLL: Duration = Duration::from_millis(500);
/// The same for a guest that is watched for as long as it lives.
const WATCH: Duration = Duration::from_secs(2);
/// How long a guest has to shut down. Its unit waits a little longer (`TimeoutStopSec`).
const SHUTDOWN_LIMIT: Duration = Duration::from_secs(300);

/// Creates the guest, tells systemd when it runs, and stays until the guest is gone.
///
/// xl stays in the foreground (`-F`) and carries out `on_reboot` and `on_crash`; it and the guest's
/// qemu are in this unit's cgroup and in no other.
pub fn run(common: &Common, args: &GuestArgs) -> anyhow::Result<ExitCode> {
    let context = Context::load(common)?;
    let guest = context.guest(&args.name)?;
    let name = guest.name.as_str();
    let layout = &context.layout;
    files::remove(&layout.failure(name))?;
    may_start(guest, &context)?;
    let config = files::read_text(&layout.config(name))?
        .with_context(|| format!("guest {name} has no xl configuration yet; run `domus apply`"))?;
    if let Some(sealed) = seal(&config) {
        files::write(
            &layout.started(name),
            sealed.as_bytes(),
            0o600,
            Existing::Replace,
        )?;
    }
    let result = create_and_watch(guest, &context);
    // The guest is gone, or was never there.
    let _ = files::remove(&layout.started(name));
    let Err(error) = &result else {
        return Ok(ExitCode::SUCCESS);
    };
    // For whoever asked systemd to start it; a full /run must not hide the cause from the journal.
    let _ = files::write(
        &layout.failure(name),
        format!("{error:#}").as_bytes(),
        0o600,
        Existing::Replace,
    );
    bail!("guest {name}: {error:#}");
}

/// Refuses a guest that is saved, that runs already, or whose disk another has.
fn may_start(guest: &Guest, context: &Context) -> anyhow::Result<()> {
    let name = &guest.name;
    let observed = context
        .now(Stages {
            guests: true,
            ..Stages::NONE
        })?
        .observed;
    match &observed.domains {
        Domains::Unknown(why) => bail!("{why}"),
        Domains::NotXen => bail!("this system is not booted under Xen"),
        Domains::NotAsked | Domains::Known(_) => {}
    }
    if let Some(domain) = observed
        .domains
        .of(guest.uuid)
        .or(observed.domains.foreign(name, guest.uuid))
    {
        bail!(
            "guest {name} runs already (domain {}), started by xendomains or by hand",
            domain.domid
        );
    }
    if observed.is_saved(name, guest.uuid) {
        let file = context.layout.save_dir().join(name);
        bail!(
            "guest {name} is saved: its memory holds its mounted file systems, and a fresh start would destroy them. Restore it with `xl restore {0}`, or move {0} away to give up what it holds",
            file.display()
        );
    }
    if let Some(why) = observed.in_use(guest) {
        bail!("guest {name}: {why}");
    }
    Ok(())
}

fn create_and_watch(guest: &Guest, context: &Context) -> anyhow::Result<()> {
    let mut xl = Command::new(&context.programs.xl)
        .args(["create", "-F"])
        .arg(context.layout.config(&guest.name))
        .stdin(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .with_context(|| format!("cannot run {}", context.programs.xl.display()))?;
    let said = Said::of(&mut xl);
    if let Some(status) = wait_until_up(&mut xl, guest.uuid, context)? {
        let said = said.text();
        let cause = if said.is_empty() {
            "xl said nothing".to_owned()
        } else {
            said
        };
        bail!("xl create ended ({status}) before the guest ran: {cause}");
    }
    sd_notify::notify(&[NotifyState::Ready, NotifyState::Status("running")])?;
    let status = xl.wait()?;
    // xl's watch ends with a guest that is suspended, which may be one that is being saved, and it ends
    // when it is killed. As long as the domain is there, this unit is, and systemd does not stop it.
    let mut told = false;
    while !matches!(live(guest.uuid, &context.programs), Ok(None)) {
        if !told && !status.success() {
            let text = format!(
                "guest {} runs on without its xl ({status}): on_reboot and on_crash are not carried out",
                guest.name
            );
            output::warning(&text);
        }
        told = true;
        thread::sleep(WATCH);
    }
    Ok(())
}

/// Waits until the guest's domain is built; gives xl's status if it ends first.
fn wait_until_up(
    xl: &mut Child,
    uuid: Uuid,
    context: &Context,
) -> anyhow::Result<Option<ExitStatus>> {
    loop {
        let ended = xl.try_wait()?;
        // xl that does not answer now is not this guest's failure: its own `create` decides. A domain is
        // paused while it is built.
        let up = |domain: &Domain| {
            domain.uuid == uuid && !matches!(domain.state, State::Paused | State::Dying)
        };
        if domains::list_briefly(&context.programs).is_ok_and(|domains| domains.iter().any(up)) {
            return Ok(None);
        }
        if ended.is_some() {
            return Ok(ended);
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
///
/// It needs no valid document: what was started must be stoppable whatever is declared now.
pub fn stop(common: &Common, args: &StopArgs) -> anyhow::Result<ExitCode> {
    if args.main_pid.as_ref().is_some_and(Vec::is_empty) {
        // The unit's main process is gone, so the guest is: nobody asked for a shutdown.
        return Ok(ExitCode::SUCCESS);
    }
    let name = args.name.as_str();
    let programs = programs(common);
    let uuids = uuids_of(name, common)?;
    if uuids.is_empty() {
        bail!("no guest {name} is declared, and Domus has started none");
    }
    let live = || -> Result<Option<Domain>, domains::DomainsError> {
        let domains = domains::list_briefly(&programs)?;
        Ok(domains
            .into_iter()
            .find(|domain| uuids.contains(&domain.uuid)))
    };
    let Some(domain) = live()? else {
        return not_running(name, &programs);
    };
    // -F: a guest without PV drivers gets the ACPI power button.
    let asked = program::run(
        &programs.xl,
        &["shutdown", "-F", &domain.domid.to_string()],
        programs.answer_limit,
    );
    if let Err(error) = asked
        && live()?.is_some()
    {
        return Err(error).with_context(|| format!("guest {name} is left running"));
    }
    let deadline = Instant::now() + SHUTDOWN_LIMIT;
    while Instant::now() < deadline {
        // An xl that does not answer once is no sign that the guest is gone, nor that it is not.
        if matches!(live(), Ok(None)) {
            return Ok(ExitCode::SUCCESS);
        }
        thread::sleep(POLL);
    }
    bail!(
        "guest {name} did not shut down within {} s, and is left running; `xl console {name}` shows what it waits for, `xl destroy {name}` ends it like a power cut",
        SHUTDOWN_LIMIT.as_secs()
    );
}

/// A guest that is not there is stopped; a domain of its name that is not Domus's is left, and said.
fn not_running(name: &str, programs: &Programs) -> anyhow::Result<ExitCode> {
    let domains = domains::list_briefly(programs)?;
    if let Some(other) = domains.iter().find(|domain| domain.name == name) {
        bail!(
            "the domain {name} ({}) is not Domus's own, and is left; `xl shutdown {}` ends it",
            other.domid,
            other.domid
        );
    }
    Ok(ExitCode::SUCCESS)
}

fn live(uuid: Uuid, programs: &Programs) -> Result<Option<Domain>, domains::DomainsError> {
    let domains = domains::list_briefly(programs)?;
    Ok(domains.into_iter().find(|domain| domain.uuid == uuid))
}

/// The UUIDs that a guest may run under: as remembered of its start, and as declared.
fn uuids_of(name: &str, common: &Common) -> anyhow::Result<Vec<Uuid>> {
    let layout = Layout::without_document(&common.root);
    let mut uuids = Vec::new();
    if let Some(record) = Records::load(&layout)?.remove(name) {
        uuids.push(record?.uuid);
    }
    let document = fs::read_to_string(crate::context::spec_path(common)).ok();
    let document = document.and_then(|text| guest_spec::Document::parse(&text).ok());
    let guests = document.into_iter().flat_map(|document| document.guests);
    uuids.extend(
        guests
            .filter(|guest| guest.name == name)
            .map(|guest| guest.uuid),
    );
    Ok(uuids)
}
