//! `domus run`: the main process of `domus-guest@NAME.service`.

use std::process::{Child, Command, ExitCode, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use reconcile::Programs;
use reconcile::domains::{self, Domain, State};
use reconcile::files::{self, Existing};
use reconcile::keepers::Keeping;
use reconcile::restoring::{Restore, finish};
use reconcile::secret::seal;
use sd_notify::NotifyState;
use uuid::Uuid;

use crate::cli::{Common, GuestArgs};
use crate::context::Context;
use crate::output;
use crate::said::Said;
use crate::verbs::begin::{Begin, begin};

/// How often xl is asked whether a guest that is watched still lives. xl takes Xen's lock, so not too often.
const WATCH: Duration = Duration::from_secs(2);
/// The same before xl has said that the guest's domain is complete: were its words others one day, and for what a start
/// waits for.
const ASK: Duration = Duration::from_secs(3);
/// How often it is looked whether xl has ended: one that ends is silent at once, unless it left a program that is not.
const LOOK_AGAIN: Duration = Duration::from_millis(250);
/// The same once it is silent.
const ENDS: Duration = Duration::from_millis(20);
/// How long a start may take before systemd is told what is waited for.
const QUIET: Duration = Duration::from_secs(2);

/// Creates or restores the guest, tells systemd when it runs, and stays until the guest is gone.
///
/// xl stays in the foreground (`-F`) and carries out `on_reboot` and `on_crash`; it and the guest's
/// qemu are in this unit's cgroup and in no other. It does not take the lock of all that changes something: whoever starts
/// the unit has it. But until its guest is gone, it is the guest's keeper: nobody takes the guest for one that is off.
pub fn run(common: &Common, args: &GuestArgs) -> anyhow::Result<ExitCode> {
    let context = Context::load(common)?;
    let name = args.name.as_str();
    context.guest(name)?;
    let layout = &context.layout;
    files::remove(&layout.failure(name))?;
    files::remove(&layout.started_domid(name))?;
    let began = Instant::now();
    let mut told = None;
    let _keeping = Keeping::begin(name, layout, &mut || {
        tell_waiting(began, &mut told, "waiting while its disk grows");
    })?;
    let result = start_and_watch(name, &context);
    // The guest is gone, or was never there.
    let _ = files::remove(&layout.started(name));
    let _ = files::remove(&layout.started_domid(name));
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

fn start_and_watch(name: &str, context: &Context) -> anyhow::Result<()> {
    let guest = context.guest(name)?;
    match begin(guest, context)? {
        Begin::Runs(domain) => bail!(
            "guest {name} runs already (domain {}), started by xendomains or by hand",
            domain.domid
        ),
        Begin::Create => {
            let config = files::read_text(&context.layout.config(name))?;
            note_started(
                name,
                config.and_then(|text| Some(seal(&text)?.into())),
                context,
            )?;
            create_and_watch(name, guest.uuid, context)
        }
        Begin::Restore(restore) => {
            // It is what it was when it was saved, whatever is declared since.
            note_started(name, restore.started_with.clone(), context)?;
            restore_and_watch(&restore, context)
        }
        Begin::Finish(domain) => {
            finish(name, &domain, &context.layout, &context.programs)?;
            tell_ready()?;
            watch(name, domain.uuid, None, &context.programs);
            Ok(())
        }
    }
}

/// Leaves word of what the guest is started with.
fn note_started(name: &str, sealed: Option<String>, context: &Context) -> anyhow::Result<()> {
    let path = context.layout.started(name);
    match sealed {
        Some(text) => files::write(&path, text.as_bytes(), 0o600, Existing::Replace)?,
        None => files::remove(&path)?,
    }
    Ok(())
}

fn create_and_watch(name: &str, uuid: Uuid, context: &Context) -> anyhow::Result<()> {
    let config = context.layout.config(name);
    let (mut xl, said) = foreground(
        &["create".as_ref(), "-F".as_ref(), config.as_os_str()],
        context,
    )?;
    if let Some(status) = wait_until_up(&mut xl, &said, uuid, &context.programs)? {
        bail!(
            "xl create ended ({status}) before the guest ran: {}",
            words(&said)
        );
    }
    note_domid(name, &said, context);
    tell_ready()?;
    let status = xl.wait()?;
    watch(name, uuid, Some(status), &context.programs);
    Ok(())
}

/// Leaves word of the domain's number, so that whoever starts many guests need not ask xl for each.
fn note_domid(name: &str, said: &Said, context: &Context) {
    let line = said.line(COMPLETE);
    if let Some(domid) = line.as_deref().and_then(domid_in) {
        let path = context.layout.started_domid(name);
        // Without it, xl is asked.
        let _ = files::write(
            &path,
            domid.to_string().as_bytes(),
            0o600,
            Existing::Replace,
        );
    }
}

/// `Waiting for domain web (domid 3) to die [pid 4321]`, in every version since 4.1.
fn domid_in(line: &str) -> Option<u32> {
    let (_, rest) = line.rsplit_once(" (domid ")?;
    rest.split_once(')')?.0.parse().ok()
}

fn restore_and_watch(restore: &Restore, context: &Context) -> anyhow::Result<()> {
    restore.announce(&context.programs)?;
    let file = restore.file.as_os_str();
    let args = ["restore".as_ref(), "-p".as_ref(), "-F".as_ref(), file];
    let (mut xl, said) = foreground(&args, context)?;
    let began = Instant::now();
    let mut told = None;
    // A domain that is being restored is paused too, so only xl can say that all of its memory is there.
    while !said.has_said(COMPLETE) {
        if let Some(status) = xl.try_wait()? {
            let cause = format!("xl restore ended ({status}): {}", words(&said));
            return Err(restore.failed(&cause, &context.programs).into());
        }
        tell_waiting(began, &mut told, "restoring its memory");
        wait_for_word(&said);
    }
    let domain = restore.release(&context.programs)?;
    tell_ready()?;
    let status = xl.wait()?;
    watch(&restore.name, domain.uuid, Some(status), &context.programs);
    Ok(())
}

/// How xl's words begin once a domain is complete and xl watches over it (`create_domain` in `xl_vmcontrol.c`, in every
/// version since 4.1). Were they others one day, the guest would stay paused, beside its whole save file.
const COMPLETE: &str = "Waiting for domain ";

/// xl in the foreground, and what it says.
fn foreground(args: &[&std::ffi::OsStr], context: &Context) -> anyhow::Result<(Child, Said)> {
    let mut xl = Command::new(&context.programs.xl)
        .args(args)
        .stdin(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .with_context(|| format!("cannot run {}", context.programs.xl.display()))?;
    let said = Said::of(&mut xl);
    Ok((xl, said))
}

/// Waits until xl says that the domain is complete, for a moment.
fn wait_for_word(said: &Said) {
    let began = Instant::now();
    if !said.wait_for(COMPLETE, LOOK_AGAIN) && began.elapsed() < ENDS {
        thread::sleep(ENDS);
    }
}

fn words(said: &Said) -> String {
    match said.text() {
        text if text.is_empty() => "xl said nothing".to_owned(),
        text => text,
    }
}

fn tell_ready() -> anyhow::Result<()> {
    Ok(sd_notify::notify(&[
        NotifyState::Ready,
        NotifyState::Status("running"),
    ])?)
}

/// Tells systemd, and whoever asks it, what is waited for; and, as long as it works, not to lose patience: the memory of
/// a large guest takes its time.
fn tell_waiting(began: Instant, told: &mut Option<Instant>, what: &str) {
    let due = told.map_or(began + QUIET, |told| told + Duration::from_secs(30));
    if Instant::now() < due {
        return;
    }
    *told = Some(Instant::now());
    let more = NotifyState::ExtendTimeoutUsec(120_000_000);
    let _ = sd_notify::notify(&[NotifyState::Status(what), more]);
}

/// Stays until the guest is gone. xl's watch ends with a guest that is suspended, which may be one that is being saved,
/// and it ends when it is killed. As long as the domain is there, this unit is, and systemd does not stop it.
fn watch(name: &str, uuid: Uuid, xl: Option<ExitStatus>, programs: &Programs) {
    let mut told = false;
    while !matches!(live(uuid, programs), Ok(None)) {
        if let Some(status) = xl
            && !told
            && !status.success()
        {
            let text = format!(
                "guest {name} runs on without its xl ({status}): on_reboot and on_crash are not carried out"
            );
            output::warning(&text);
        }
        told = true;
        thread::sleep(WATCH);
    }
}

fn live(uuid: Uuid, programs: &Programs) -> Result<Option<Domain>, domains::DomainsError> {
    let domains = domains::list_briefly(programs)?;
    Ok(domains.into_iter().find(|domain| domain.uuid == uuid))
}

/// Waits until the guest's domain is built and runs; gives xl's status if it ends first.
///
/// xl says so itself, after it let the domain run; what became of it since (it may reboot at once) is its watch's matter.
fn wait_until_up(
    xl: &mut Child,
    said: &Said,
    uuid: Uuid,
    programs: &Programs,
) -> anyhow::Result<Option<ExitStatus>> {
    let began = Instant::now();
    let mut told = false;
    let mut asked = began;
    loop {
        let ended = xl.try_wait()?;
        // One that ended already did not watch for long: then the domain says whether the guest runs.
        if ended.is_none() && said.has_said(COMPLETE) {
            return Ok(None);
        }
        // Before that it is seldom up: each question is a process, and where several guests start, those that build them
        // need the processors.
        if ended.is_none() && asked.elapsed() < ASK {
            wait_for_word(said);
            continue;
        }
        asked = Instant::now();
        // xl that does not answer now is not this guest's failure: its own `create` decides. A domain is
        // paused while it is built.
        let mine = |domain: &&Domain| domain.uuid == uuid && domain.state != State::Dying;
        let domains = domains::list_briefly(programs).unwrap_or_default();
        let domain = domains.iter().find(mine);
        // An xl that refused did not start what is there: somebody else did, a moment ago.
        let refused = ended
            .and_then(|status| status.code())
            .is_some_and(|code| code != 0);
        if refused && !said.has_said(COMPLETE) {
            return Ok(ended);
        }
        if domain.is_some_and(|domain| domain.state != State::Paused) {
            return Ok(None);
        }
        if ended.is_some() {
            return Ok(ended);
        }
        if !told && began.elapsed() > QUIET {
            told = true;
            let what = if domain.is_some() {
                "building its domain"
            } else {
                "waiting for xl, which waits for its turn, or reads the guest's disk"
            };
            let _ = sd_notify::notify(&[NotifyState::Status(what)]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_number_is_read_of_what_xl_says() {
        let says = "Waiting for domain web (domid 3) (domid 12) to die [pid 4321]";
        assert!(says.starts_with(COMPLETE));
        assert_eq!(domid_in(says), Some(12));
        assert_eq!(domid_in("Waiting for domain web"), None);
    }
}
