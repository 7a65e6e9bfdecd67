//! One step.

use std::path::{Path, PathBuf};
use std::time::Duration;

use guest_spec::Guest;
use xl_cfg::Config;

use super::{Executor, Kept, Starter, StepError, rename};
use crate::files::{self, Existing, FileError, digest};
use crate::layout::Layout;
use crate::observe::Observed;
use crate::plan::{Live, Step, live};
use crate::program;
use crate::record::Running;
use crate::secret::seal;
use crate::units::Unit;
use crate::xl::Xl;

/// How long a unit may stay active after its guest is gone: it asks xl now and then only.
const STILL_ACTIVE: Duration = Duration::from_secs(30);

impl Executor<'_> {
    pub(super) fn step(
        &self,
        step: &Step,
        declared: Option<&Guest>,
        kept: &mut Kept,
        observed: &Observed,
    ) -> Result<(), StepError> {
        let layout = self.layout;
        let name = kept.now.name.clone();
        match step {
            Step::MakeImage { disk, size, .. } => self.make_image(disk, *size, declared, kept)?,
            Step::GrowImage { disk, to, .. } => {
                self.grow_image(disk, *to, declared, kept, observed)?;
            }
            Step::UndoGrowth { disk, path } => {
                disk_image::undo_growth(Path::new(path)).map_err(|source| StepError::Image {
                    disk: disk.clone(),
                    source,
                })?;
            }
            Step::Rename { from } => rename::rename(from, kept, layout)?,
            Step::RenameSave { from } => rename::save_file(from, &name, layout)?,
            Step::RenameDomain { .. } => {
                let domid = self.live_domid(kept)?;
                Xl(self.programs).rename(domid, &name)?;
                kept.now.domain_name = None;
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
            Step::Live { change, .. } => {
                let domid = self.live_domid(kept)?;
                Xl(self.programs).change(domid, change)?;
                applied(kept, change, declared_config(layout, &name)?.as_ref());
                kept.save(layout)?;
            }
            Step::StoreConfig { .. } => {
                let domid = self.live_domid(kept)?;
                Xl(self.programs).store_config(domid, &layout.config(&name))?;
                let config = sealed_config(layout, &name)?;
                if let Some(running) = &mut kept.now.running {
                    running.next_boot = config;
                }
                kept.save(layout)?;
            }
            // Carried out together, by `Executor::end`.
            Step::ShutDown { .. } | Step::Destroy { .. } => {}
            Step::Start => {
                let Some(guest) = declared else { return Ok(()) };
                self.start(&name)?;
                let config = sealed_config(layout, &name)?;
                if let Some(config) = config.as_deref().and_then(|text| Config::parse(text).ok()) {
                    kept.now.live = live::applied(&config);
                }
                kept.now.uuid = guest.uuid;
                kept.now.restored_in_boot = None;
                kept.now.restarting = false;
                let domid = Xl(self.programs).live_domid(guest.uuid)?;
                let running = Running::new(observed.boot_id.clone(), domid, config);
                kept.now.running = Some(running);
            }
            Step::Forget => kept.now.forget(layout)?,
        }
        Ok(())
    }

    fn live_domid(&self, kept: &Kept) -> Result<u32, StepError> {
        let domid = Xl(self.programs).live_domid(kept.now.uuid)?;
        domid.ok_or(StepError::Ended)
    }

    fn start(&self, name: &str) -> Result<(), StepError> {
        let limit = self.programs.start_limit;
        let result = match self.starter {
            Starter::Unit => {
                let unit = Unit::of_guest(name, self.programs);
                // Of a guest that was just shut down it may still be active, and a start of it would do nothing.
                unit.wait_until_over(STILL_ACTIVE)?;
                let args = ["start", unit.name()];
                program::run(&self.programs.systemctl, &args, limit)
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

/// The xl configuration that stands there, sealed; nothing where there is none.
fn sealed_config(layout: &Layout, name: &str) -> Result<Option<String>, FileError> {
    let text = files::read_text(&layout.config(name))?;
    Ok(text.and_then(|text| Some(seal(&text)?.into_owned())))
}

fn declared_config(layout: &Layout, name: &str) -> Result<Option<Config>, FileError> {
    let text = sealed_config(layout, name)?;
    Ok(text.and_then(|text| Config::parse(&text).ok()))
}

/// Remembers what was made true, as it is declared.
fn applied(kept: &mut Kept, change: &Live, declared: Option<&Config>) {
    let declared_now = declared.map(live::applied).unwrap_or_default();
    let keys: Vec<String> = match change {
        Live::Memory { .. } => vec!["memory".into()],
        Live::Vcpus { .. } => vec!["vcpus".into()],
        Live::Schedule { .. } => vec!["cpu_weight".into(), "cap".into()],
        Live::Pin { .. } => {
            if let (Some(running), Some(declared)) = (&mut kept.now.running, declared) {
                running.pinned = Some(live::pins(declared));
            }
            vec!["cpus".into(), "cpus_soft".into()]
        }
        Live::AttachDisk { vdev, .. }
        | Live::DetachDisk { vdev }
        | Live::InsertDisc { vdev, .. }
        | Live::EjectDisc { vdev } => vec![format!("disk {vdev}")],
        Live::AttachNetwork { mac, .. } | Live::DetachNetwork { mac, .. } => {
            vec![format!("vif {mac}")]
        }
    };
    for key in keys {
        match declared_now.get(&key) {
            Some(value) => kept.now.live.insert(key, value.clone()),
            None => kept.now.live.remove(&key),
        };
    }
}
