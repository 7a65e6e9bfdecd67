//! The grammar of `viridian`.

use std::collections::BTreeSet;

use crate::SpecError;
use crate::grammar::Spelling;
use crate::number::any_base_switch;
use crate::words::words;

/// Which parts of Microsoft's hypervisor interface an HVM guest gets.
///
/// By xl.cfg(5), the branch for `viridian` in `parse_config_data` of `xl_parse.c` and `hvm_set_viridian_features` in
/// `libxl_x86.c`. A number switches the usual groups on or off; a list names groups.
///
/// # Stricter than xl
///
/// - What libxl refuses when the guest starts: `all` after `!x`, and groups without `base`.
/// - A negative number for a switch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Viridian {
    /// The usual groups, or none.
    Switch(bool),
    /// These groups.
    Groups(ViridianGroups),
}

/// A choice of groups. A group is off when it is named nowhere.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ViridianGroups {
    /// The usual ones: `base`, `freq`, `time_ref_count`, `apic_assist`, `crash_ctl`, `no_vp_limit` and `cpu_hotplug`.
    pub defaults: bool,
    /// All that Xen has.
    pub all: bool,
    /// These as well. Idle, and therefore not allowed, with `all`.
    pub enable: BTreeSet<ViridianGroup>,
    /// Not these.
    pub disable: BTreeSet<ViridianGroup>,
}

words! {
    /// A group of enlightenments.
    pub enum ViridianGroup: any_case "viridian" {
        /// Hypercalls, processor index and APIC registers; all others need it.
        Base = "base",
        /// The frequencies of TSC and APIC.
        Freq = "freq",
        /// The partition's reference counter.
        TimeRefCount = "time_ref_count",
        /// The partition's reference TSC.
        ReferenceTsc = "reference_tsc",
        /// Flushing remote TLBs by hypercall.
        HcallRemoteTlbFlush = "hcall_remote_tlb_flush",
        /// The APIC assist page.
        ApicAssist = "apic_assist",
        /// The crash registers, which Xen logs.
        CrashCtl = "crash_ctl",
        /// The synthetic interrupt controller.
        Synic = "synic",
        /// Synthetic timers.
        Stimer = "stimer",
        /// Interrupts between processors by hypercall.
        HcallIpi = "hcall_ipi",
        /// Hypercalls for more than 64 processors.
        ExProcessorMasks = "ex_processor_masks",
        /// No limit to the number of processors. Since Xen 4.15.
        NoVpLimit = "no_vp_limit",
        /// Processors that come and go. Since Xen 4.15.
        CpuHotplug = "cpu_hotplug",
    }
}

const KEY: &str = "viridian";

impl Viridian {
    /// Reads the switch.
    ///
    /// # Errors
    ///
    /// When it is no number.
    pub fn parse(text: &str) -> Result<Self, SpecError> {
        any_base_switch(KEY, text).map(Self::Switch)
    }

    /// Reads the list of groups. Of what contradicts each other the last holds, as in xl.
    ///
    /// # Errors
    ///
    /// When xl or libxl would refuse it.
    pub fn parse_list(items: &[&str]) -> Result<Self, SpecError> {
        let mut groups = ViridianGroups::default();
        for item in items {
            match (*item, item.strip_prefix('!')) {
                ("defaults", _) => groups.defaults = true,
                ("all", _) if groups.disable.is_empty() => {
                    groups.all = true;
                    groups.enable.clear();
                }
                ("all", _) => {
                    return Err(SpecError::value(
                        KEY,
                        item,
                        "put it before the groups that are left out; libxl refuses it after them",
                    ));
                }
                (_, Some(name)) => {
                    let group = name.parse()?;
                    groups.enable.remove(&group);
                    groups.disable.insert(group);
                }
                (name, None) => {
                    let group = name.parse()?;
                    groups.disable.remove(&group);
                    if !groups.all {
                        groups.enable.insert(group);
                    }
                }
            }
        }
        groups.check()?;
        Ok(Self::Groups(groups))
    }

    /// The number or the list for xl.
    ///
    /// # Errors
    ///
    /// When the groups contradict each other, or lack `base`.
    pub fn to_spec(&self) -> Result<Spelling, SpecError> {
        match self {
            Self::Switch(on) => Ok(Spelling::Text(u8::from(*on).to_string())),
            Self::Groups(groups) => groups.to_items().map(Spelling::List),
        }
    }
}

impl ViridianGroups {
    fn to_items(&self) -> Result<Vec<String>, SpecError> {
        self.check()?;
        let special = [(self.defaults, "defaults"), (self.all, "all")];
        let special = special.iter().filter(|(said, _)| *said);
        Ok(special
            .map(|(_, word)| (*word).to_owned())
            .chain(self.enable.iter().map(ToString::to_string))
            .chain(self.disable.iter().map(|group| format!("!{group}")))
            .collect())
    }

    fn check(&self) -> Result<(), SpecError> {
        let error = |word: &str, reason| Err(SpecError::value(KEY, word, reason));
        if let Some(both) = self.enable.intersection(&self.disable).next() {
            return error(both.as_str(), "it is both on and off");
        }
        if let (true, Some(idle)) = (self.all, self.enable.first()) {
            return error(idle.as_str(), "all has it already");
        }
        let base = ViridianGroup::Base;
        let has_base = (self.all || self.defaults || self.enable.contains(&base))
            && !self.disable.contains(&base);
        let some = self.all || self.defaults || !self.enable.is_empty();
        if some && !has_base {
            return error(
                base.as_str(),
                "every other group needs it; libxl refuses them without",
            );
        }
        Ok(())
    }
}
