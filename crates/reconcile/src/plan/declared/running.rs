//! A declared guest that runs: what changes now, what waits for its next boot, and what somebody changed by hand.

use std::borrow::Cow;

use guest_spec::OnChange;
use xl_cfg::Config;
use xl_cfg::keys::{self, Change as How};

use super::Case;
use super::live;
use crate::compare::{self, Compared, Difference};
use crate::domains::{Domain, State};
use crate::files::digest;
use crate::observe::Configurations;
use crate::pins::{self, Pinned};
use crate::plan::{Change, Ending, Live, Note, Step, When};
use crate::plan::{GuestPlan, Host, saves};
use crate::seen::started_with;

impl Case<'_> {
    /// The changes of a guest that runs.
    pub(super) fn running(&self, plan: &mut GuestPlan, domain: &Domain, host: &mut Host) {
        // Paused beside its save file, or beside the mark, it is what a restore left that was killed: its unit ends that
        // restore, or says why not.
        let own_file = self.observed.saves.contains(&self.guest.name);
        let name = &self.guest.name;
        let others_file = saves::is_anothers(self.observed, name, &self.uuids());
        let own_save = own_file && !others_file && !self.xendomains;
        if domain.state == State::Paused && (own_save || self.files.restoring) {
            plan.steps.push(Step::Restore);
            return;
        }
        if !matches!(domain.state, State::Running | State::Paused) {
            plan.notes.push(Note::NotRunning(domain.state));
            return;
        }
        if self.observed.configurations == Configurations::Stored {
            return;
        }
        let started = started_with(self.record, self.files, self.observed, domain);
        let key = self.compared_by(domain, started.as_deref());
        let grows = self.guest.lifecycle.on_change == OnChange::Restart
            && plan.problems.is_empty()
            && self.growing_after(domain).next().is_some();
        if self.observed.compared.get(&self.guest.name) == Some(&key) && !grows {
            plan.compared = Some(key);
            return;
        }
        let mut compared = compare::compare(
            self.text.sealed(),
            domain.json.as_deref(),
            started.as_deref(),
            self.observed.xen_minor,
        );
        let renamed = |step: &Step| matches!(step, Step::RenameDomain { .. });
        if plan.steps.iter().any(renamed) {
            compared.keys.retain(|difference| difference.key != "name");
        }
        let repinned = self.drop_pins_of_the_start(&mut compared, domain);
        let moved = self.pins_of_now(&mut compared, domain);
        // libxl does not show processors that the host does not have, and those are no other start.
        let started_so = started
            .as_deref()
            .and_then(|text| Config::parse(text).ok())
            .is_some_and(|started| live::pins(&started) == live::pins(self.declared()));
        let repinned = repinned || (moved && !started_so);
        if compared.is_same() && !repinned && self.files.stored.is_none() && !grows {
            plan.compared = Some(key);
            return;
        }
        live::changes(self, &compared, domain, host, plan);
        if !compared.unknown.is_empty() {
            let keys = compared.unknown;
            plan.notes.push(Note::Unknown { keys });
        }
        let waits = |change: &Change| matches!(change.when, When::AtNextBoot | When::AtNextStart);
        if self.guest.lifecycle.on_change == OnChange::Restart
            && (grows || plan.changes.iter().any(waits))
            && plan.problems.is_empty()
        {
            return self.restart(plan, domain);
        }
        let at_boot = |change: &Change| change.when == When::AtNextBoot;
        // Of what is pinned now libxl remembers nothing either.
        let pins = |step: &Step| {
            matches!(
                step,
                Step::Live {
                    change: Live::Pin { .. },
                    ..
                }
            )
        };
        let repinned = repinned || plan.steps.iter().any(pins);
        let waits = repinned || plan.changes.iter().any(at_boot);
        self.store(plan, domain, waits);
    }

    /// Everything by a restart: what could change live comes with it.
    fn restart(&self, plan: &mut GuestPlan, domain: &Domain) {
        if !self.config_will_be_there(plan) {
            plan.problems.push(self.config_is_old());
            return;
        }
        for change in &mut plan.changes {
            if change.when != When::Never {
                change.when = When::AtRestart;
            }
        }
        plan.steps.retain(|step| !matches!(step, Step::Live { .. }));
        plan.steps.push(Step::ShutDown {
            domid: domain.domid,
            why: Ending::Restart,
        });
        let growing: Vec<Step> = self.growing_after(domain).collect();
        for step in growing {
            if let Step::GrowImage { disk, .. } = &step {
                let later = |note: &Note| matches!(note, Note::GrowsLater { disk: name, .. } if name == disk);
                plan.notes.retain(|note| !later(note));
            }
            plan.steps.push(step);
        }
        plan.steps.push(Step::Start);
    }

    /// Stores the declared configuration for the guest's own reboot, where something waits for that, or where an older
    /// one is stored.
    fn store(&self, plan: &mut GuestPlan, domain: &Domain, waits: bool) {
        let stored = self.files.stored.as_deref();
        let is_stored = stored == Some(self.text.reveal());
        if is_stored || (!waits && stored.is_none()) {
            return;
        }
        if self.config_will_be_there(plan) {
            plan.steps.push(Step::StoreConfig {
                domid: domain.domid,
            });
        } else if plan.problems.is_empty() {
            plan.problems.push(self.config_is_old());
        }
    }

    /// What decides whether the guest is as declared, in a digest.
    fn compared_by(&self, domain: &Domain, started: Option<&str>) -> String {
        let record = self.record.and_then(|record| record.running.as_ref());
        let pinned = record.and_then(|running| running.pinned.as_ref());
        let parts = [
            Cow::Borrowed(env!("CARGO_PKG_VERSION")),
            self.observed.xen_minor.to_string().into(),
            self.text.sealed().into(),
            domain.json.as_deref().unwrap_or_default().into(),
            started.unwrap_or_default().into(),
            self.files.stored.as_deref().unwrap_or_default().into(),
            format!("{pinned:?}").into(),
            format!("{:?}", self.observed.pins.of(domain.domid)).into(),
        ];
        digest(parts.join("\0").as_bytes())
    }

    /// libxl shows the processors that a guest was started on, not those that it was moved to. Says whether it was
    /// moved to those that are declared.
    fn drop_pins_of_the_start(&self, compared: &mut Compared, domain: &Domain) -> bool {
        let Some(pinned) = self.pinned(domain) else {
            return false;
        };
        if *pinned != live::pins(self.declared()) {
            return false;
        }
        let is_pin = |key: &str| key == "cpus" || key == "cpus_soft";
        let count = compared.keys.len();
        compared.keys.retain(|difference| !is_pin(&difference.key));
        count != compared.keys.len()
    }

    /// What Domus pinned in this very domain, as it was declared.
    fn pinned(&self, domain: &Domain) -> Option<&[String; 2]> {
        let running = self.record.and_then(|record| record.running.as_ref());
        let here = running.filter(|running| {
            running.boot_id == self.observed.boot_id && running.domid == Some(domain.domid)
        });
        here.and_then(|running| running.pinned.as_ref())
    }

    /// What xl shows of the processors counts more than what the guest was started on. Where nobody said where it runs,
    /// libxl's own placement decides, and that is no difference. Says whether it runs where it is declared to, and was
    /// started elsewhere.
    fn pins_of_now(&self, compared: &mut Compared, domain: &Domain) -> bool {
        let mut moved = false;
        for key in pins::KEYS {
            let declared = self.declared().get(key);
            let shown = compared.keys.iter().position(|found| found.key == key);
            if declared.is_none() && shown.is_none() && self.pinned(domain).is_none() {
                continue;
            }
            let pinned = self.observed.pins.against(domain.domid, key, declared);
            if let (Some(at), true) = (shown, pinned != Pinned::Unknown) {
                compared.keys.remove(at);
                moved |= pinned == Pinned::Same;
            }
            if let Pinned::Other(running) = pinned {
                compared.keys.push(Difference {
                    key: key.to_owned(),
                    running: running.to_string(),
                    declared: declared.map(ToString::to_string).unwrap_or_default(),
                });
            }
        }
        compared.keys.sort_by(|one, other| one.key.cmp(&other.key));
        moved
    }
}

/// When a change of a key reaches a guest that is not restarted, and is not changed live.
pub(super) fn later(key: &str) -> When {
    match keys::get(key).map(|info| info.change) {
        Some(How::Recreate(_)) => When::AtNextStart,
        _ => When::AtNextBoot,
    }
}
