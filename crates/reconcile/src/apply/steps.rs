//! One step.

use std::path::Path;

use guest_spec::Guest;
use xl_cfg::Config;

use super::{Executor, Kept, StepError, rename};
use crate::files::{self, Existing, FileError, digest};
use crate::layout::Layout;
use crate::observe::Observed;
use crate::plan::{Live, Step, live};
use crate::program::ProgramError;
use crate::saves;
use crate::secret::seal;
use crate::xl::Xl;

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
                let _off = self.hold_off(Path::new(path), declared, kept, observed)?;
                disk_image::undo_growth(Path::new(path)).map_err(|source| StepError::Image {
                    disk: disk.clone(),
                    source,
                })?;
            }
            Step::Rename { from } => rename::rename(from, kept, layout)?,
            Step::RenameSave { from } => rename::save_file(from, &name, kept.now.uuid, layout)?,
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
                let changed = Xl(self.programs).change(domid, change);
                changed.map_err(|error| refused(change, error))?;
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
            // Carried out side by side, by `Executor::end` and `Executor::start_all`, before it is their turn here.
            Step::ShutDown { .. } | Step::Destroy { .. } | Step::Start | Step::Restore => {
                return Err(StepError::OutOfTurn);
            }
            Step::Forget => kept.now.forget(layout)?,
            Step::SetAsideSave { file, reason, .. } => {
                saves::set_aside(&name, file, *reason, layout)?;
            }
        }
        Ok(())
    }

    fn live_domid(&self, kept: &Kept) -> Result<u32, StepError> {
        let domid = Xl(self.programs).live_domid(kept.now.uuid)?;
        domid.ok_or(StepError::Ended)
    }
}

/// What QEMU says of a drive that the guest has locked (`block/qapi-sysemu.c`, `do_open_tray`).
const LOCKED: &str = " is locked and force was not specified";

/// Why xl did not change a domain.
fn refused(change: &Live, error: ProgramError) -> StepError {
    match (change, &error) {
        (
            Live::InsertDisc { vdev, .. } | Live::EjectDisc { vdev },
            ProgramError::Failed { stderr, .. },
        ) if stderr.contains(LOCKED) => StepError::DriveLocked {
            vdev: vdev.clone(),
            source: error,
        },
        _ => error.into(),
    }
}

/// The xl configuration that stands there, sealed; nothing where there is none.
pub(super) fn sealed_config(layout: &Layout, name: &str) -> Result<Option<String>, FileError> {
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
