//! Carrying a plan out, one guest after another.
//!
//! Before each change to a file the record says that it is coming, so that after a kill at any point
//! the next apply knows its own work.

use std::collections::HashMap;
use std::path::PathBuf;

use disk_image::{ImageError, Tools};
use guest_spec::{Document, Guest};
use uuid::Uuid;

use crate::bridges;
use crate::domains::{self, DomainsError, State};
use crate::files::{self, Entry, Existing, FileError, digest};
use crate::layout::Layout;
use crate::observe::{GuestFiles, Observed};
use crate::plan::{GuestPlan, Plan, Step};
use crate::program::{self, ProgramError, Programs};
use crate::record::{Record, RecordError, Records, Running};
use crate::secret::{ConfigText, seal};
use crate::seen::note_seen;
use crate::{Stages, images, roots};

/// How guests are started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Starter {
    /// By `domus-guest@NAME.service`, so that the guest's processes have a unit of their own.
    Unit,
    /// By xl, where systemd does not run: in tests, and in a `--root` other than the system's.
    Xl,
}

/// What a plan is carried out with.
#[derive(Clone, Debug)]
pub struct Executor<'a> {
    /// What is declared.
    pub document: &'a Document,
    /// Where things are.
    pub layout: &'a Layout,
    /// The programs to call.
    pub programs: &'a Programs,
    /// The programs that make images.
    pub tools: &'a Tools,
    /// How guests are started.
    pub starter: Starter,
}

/// What happened.
#[derive(Debug)]
pub enum Event<'a> {
    /// A step of a guest is about to be carried out.
    Begin(&'a str, &'a Step),
    /// A step of a guest is done.
    Done(&'a str, &'a Step),
    /// A step of a bridge is done.
    BridgeDone(&'a str, &'a bridges::BridgeStep),
}

/// What could not be done.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Failure {
    /// The guest; nothing where it is about a bridge, or about all.
    pub guest: Option<String>,
    /// Why.
    pub message: String,
}

/// Why a step failed.
#[derive(Debug, thiserror::Error)]
enum StepError {
    #[error(transparent)]
    File(#[from] FileError),
    #[error(transparent)]
    Program(#[from] ProgramError),
    #[error(transparent)]
    Domains(#[from] DomainsError),
    #[error(transparent)]
    Record(#[from] RecordError),
    #[error("option disks.{disk}: {source}")]
    Image { disk: String, source: ImageError },
    #[error("it ended while its memory was to be changed; run `domus apply` again")]
    Ended,
    #[error(
        "it did not start: {cause}. `journalctl -u domus-guest@{guest}` and /var/log/xen say more"
    )]
    Start { guest: String, cause: String },
}

impl Executor<'_> {
    /// Carries a plan out and gives what failed: the plan's own problems first.
    pub fn apply(
        &self,
        plan: &Plan,
        mut records: Records,
        observed: &Observed,
        stages: Stages,
        report: &mut dyn FnMut(Event),
    ) -> Vec<Failure> {
        let mut failures: Vec<Failure> = plan
            .problems
            .iter()
            .map(|message| Failure {
                guest: None,
                message: message.clone(),
            })
            .collect();
        let mut fail = |guest: Option<&str>, message: String| {
            failures.push(Failure {
                guest: guest.map(str::to_owned),
                message,
            });
        };
        for error in self.remove_temporaries(stages) {
            fail(None, error);
        }
        for bridge in &plan.bridges {
            if let Some(why) = &bridge.problem {
                fail(None, format!("bridge {}: {why}", bridge.name));
            }
            for step in &bridge.steps {
                if let Err(error) = bridges::carry_out(step, self.programs) {
                    fail(None, format!("bridge {}: {error}", bridge.name));
                    break;
                }
                report(Event::BridgeDone(&bridge.name, step));
            }
        }
        let declared: HashMap<&str, &Guest> = self
            .document
            .guests
            .iter()
            .map(|guest| (guest.name.as_str(), guest))
            .collect();
        for guest in &plan.guests {
            for problem in &guest.problems {
                fail(Some(&guest.name), problem.clone());
            }
            let record = match records.remove(&guest.name) {
                Some(Err(_)) => continue, // said by the plan
                Some(Ok(record)) => Some(record),
                None => None,
            };
            if let Err(error) = self.guest(
                guest,
                declared.get(guest.name.as_str()).copied(),
                record,
                observed,
                stages,
                report,
            ) {
                fail(Some(&guest.name), error.to_string());
            }
        }
        failures
    }

    /// Removes what a killed apply left half-written.
    fn remove_temporaries(&self, stages: Stages) -> Vec<String> {
        let mut errors = Vec::new();
        if stages.files {
            let folders = [
                self.layout.config_dir(),
                self.layout.auto_dir(),
                self.layout.records_dir(),
            ];
            let results = folders
                .iter()
                .map(|folder| files::remove_temporaries(folder));
            errors.extend(
                results
                    .filter_map(Result::err)
                    .map(|error| error.to_string()),
            );
        }
        if stages.images {
            // A folder that cannot be read is said of the disk in it.
            for folder in self.layout.image_dirs(&self.document.guests) {
                let _ = disk_image::remove_leftovers(&folder);
            }
        }
        errors
    }

    fn guest(
        &self,
        plan: &GuestPlan,
        declared: Option<&Guest>,
        record: Option<Record>,
        observed: &Observed,
        stages: Stages,
        report: &mut dyn FnMut(Event),
    ) -> Result<(), StepError> {
        let Some(uuid) = declared
            .map(|guest| guest.uuid)
            .or(record.as_ref().map(|record| record.uuid))
        else {
            return Ok(());
        };
        let mut kept = Kept {
            known: record.clone(),
            now: record.unwrap_or_else(|| Record::new(&plan.name, uuid)),
        };
        if declared.is_none()
            && observed.knows_domains()
            && observed.domains.of(kept.now.uuid).is_none()
        {
            // Declared again, it is a new guest, not one that was stopped.
            kept.now.running = None;
        }
        if let Some(guest) = declared {
            note_seen(&mut kept.now, guest, plan.config.as_ref(), observed, stages);
        }
        if observed
            .guests
            .get(&plan.name)
            .is_some_and(|files| matches!(files.auto, Ok(Entry::Absent)))
        {
            // Whatever comes to stand there is not ours, unless a step of this plan makes it.
            kept.now.linked = false;
        }
        let mut result = Ok(());
        for step in &plan.steps {
            report(Event::Begin(&plan.name, step));
            result = self.step(step, declared, &mut kept, observed);
            if result.is_err() {
                break;
            }
            report(Event::Done(&plan.name, step));
        }
        if plan.steps.contains(&Step::Forget) && result.is_ok() {
            return Ok(roots::keep(&plan.name, &[], self.layout)?);
        }
        let saved = kept.save(self.layout).map_err(StepError::from);
        let rooted = self
            .keep_roots(plan, &kept.now, observed)
            .map_err(StepError::from);
        result.and(saved).and(rooted)
    }

    /// Roots what the guest may be created from: the declared configuration, and the one that it was
    /// started with for as long as it runs, has a save file, or may.
    fn keep_roots(
        &self,
        plan: &GuestPlan,
        record: &Record,
        observed: &Observed,
    ) -> Result<(), FileError> {
        let gone = observed.knows_domains()
            && observed.domains.of(record.uuid).is_none()
            && !observed.is_saved(&record.name, record.uuid);
        let started = record
            .running
            .as_ref()
            .and_then(|running| running.config.as_deref());
        let started_now = plan.steps.contains(&Step::Start);
        let started = started.filter(|_| !gone || started_now);
        // What could not be written leaves what stands there, and that is what would be started.
        let left = observed
            .guests
            .get(&plan.name)
            .filter(|_| !plan.problems.is_empty())
            .and_then(GuestFiles::config_text);
        let declared = plan.config.as_ref().map(ConfigText::sealed);
        let configs: Vec<&str> = declared.into_iter().chain(started).chain(left).collect();
        roots::keep(&plan.name, &configs, self.layout)
    }

    fn step(
        &self,
        step: &Step,
        declared: Option<&Guest>,
        kept: &mut Kept,
        observed: &Observed,
    ) -> Result<(), StepError> {
        let layout = self.layout;
        let name = kept.now.name.clone();
        match step {
            Step::MakeImage { disk, size, .. } => {
                let Some(disk) =
                    declared.and_then(|guest| guest.disks.iter().find(|known| known.name == *disk))
                else {
                    return Ok(());
                };
                // What is no file, or in a format that Domus does not make, is never planned to be made.
                let (Some(path), Some(file)) = (layout.disk(disk), disk.file()) else {
                    return Ok(());
                };
                let Some(image) = images::new_image(disk, &path, *size) else {
                    return Ok(());
                };
                disk_image::create(&image, self.tools).map_err(|source| StepError::Image {
                    disk: disk.name.clone(),
                    source,
                })?;
                kept.now.images.insert(file.to_owned());
                kept.save(layout)?;
            }
            Step::WriteConfig { text, old } => {
                let new = digest(text.reveal().as_bytes());
                kept.now.config_digests = old
                    .iter()
                    .map(|old| digest(old.reveal().as_bytes()))
                    .chain([new.clone()])
                    .collect();
                kept.save(layout)?;
                let existing = if old.is_some() {
                    Existing::Replace
                } else {
                    Existing::Refuse
                };
                let bytes = text.reveal().as_bytes();
                files::write(&layout.config(&name), bytes, text.mode(), existing)?;
                kept.now.config_digests = vec![new];
            }
            Step::LinkAuto => {
                kept.now.linked = true;
                kept.save(layout)?;
                files::link(&layout.auto(&name), &Layout::auto_target(&name))?;
            }
            Step::UnlinkAuto => {
                files::remove(&layout.auto(&name))?;
                kept.now.linked = false;
            }
            Step::RemoveConfig => files::remove(&layout.config(&name))?,
            Step::SetMemory { to, .. } => {
                let domid = self.live_domid(kept.now.uuid)?.ok_or(StepError::Ended)?;
                let args = ["mem-set", &domid.to_string(), &format!("{}m", to.get())];
                program::run(&self.programs.xl, &args, self.programs.answer_limit)?;
                kept.now.memory_mib = Some(to.get());
            }
            Step::Start => {
                let Some(guest) = declared else { return Ok(()) };
                self.start(&name)?;
                kept.now.memory_mib = Some(guest.memory_mib.get());
                let config = files::read_text(&layout.config(&name))?;
                let config = config.and_then(|text| Some(seal(&text)?.into_owned()));
                kept.now.uuid = guest.uuid;
                kept.now.restored_in_boot = None;
                let domid = self.live_domid(guest.uuid)?;
                kept.now.running = Some(Running {
                    boot_id: observed.boot_id.clone(),
                    domid,
                    config,
                });
            }
            Step::Forget => kept.now.forget(layout)?,
        }
        Ok(())
    }

    /// The number of the live domain of this UUID, resolved now.
    fn live_domid(&self, uuid: Uuid) -> Result<Option<u32>, DomainsError> {
        let live = |state| matches!(state, State::Running | State::Paused);
        let domains = domains::list_briefly(self.programs)?;
        Ok(domains
            .into_iter()
            .find(|domain| domain.uuid == uuid && live(domain.state))
            .map(|domain| domain.domid))
    }

    fn start(&self, name: &str) -> Result<(), StepError> {
        let limit = self.programs.start_limit;
        let result = match self.starter {
            Starter::Unit => {
                let unit = format!("domus-guest@{name}.service");
                program::run(&self.programs.systemctl, &["start", &unit], limit)
            }
            Starter::Xl => {
                let config: PathBuf = self.layout.config(name);
                program::run(
                    &self.programs.xl,
                    &["create".as_ref(), config.as_os_str()],
                    limit,
                )
            }
        };
        result.map(drop).map_err(|error| {
            let said = files::read_text(&self.layout.failure(name)).ok().flatten();
            let cause = match self.starter {
                Starter::Unit => said.unwrap_or_else(|| error.to_string()),
                Starter::Xl => error.to_string(),
            };
            StepError::Start {
                guest: name.to_owned(),
                cause: cause.trim().to_owned(),
            }
        })
    }
}

/// A record, with what of it is on the disk already.
struct Kept {
    known: Option<Record>,
    now: Record,
}

impl Kept {
    /// Writes the record if it changed since it was last read or written.
    fn save(&mut self, layout: &Layout) -> Result<(), FileError> {
        if self.known.as_ref() != Some(&self.now) {
            self.now.save(layout)?;
            self.known = Some(self.now.clone());
        }
        Ok(())
    }
}
