//! A guest's processors, clocks and NUMA nodes.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Mib;
use crate::words::words;

/// One string for all, or one each.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged, expecting = "a string, or a list of strings, is wanted")]
pub enum OneOrMany {
    /// One for all.
    One(String),
    /// One each.
    Many(Vec<String>),
}

impl OneOrMany {
    /// The strings.
    #[must_use]
    pub fn as_slice(&self) -> &[String] {
        match self {
            Self::One(text) => std::slice::from_ref(text),
            Self::Many(texts) => texts,
        }
    }

    /// The strings, as they are read.
    pub(crate) fn as_strs(&self) -> Vec<&str> {
        self.as_slice().iter().map(String::as_str).collect()
    }
}

/// Where a guest's vCPUs run, how much they get, and what they look like.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Cpu {
    /// The host's processors that the vCPUs may run on: for all, or one string a vCPU.
    pub cpus: Option<OneOrMany>,
    /// The processors that the vCPUs prefer.
    pub cpus_soft: Option<OneOrMany>,
    /// The cpupool.
    pub pool: Option<String>,
    /// The share of processor time, 1 to 65535; 256 when null.
    pub weight: Option<u32>,
    /// The most processor time, in percent of one processor; no limit when 0 or null.
    pub cap: Option<u32>,
    /// Features of the processor: xl's string for all, or one string a leaf.
    pub cpuid: Option<OneOrMany>,
    /// Whether the guest may run virtual machines itself.
    pub nested_hvm: Option<bool>,
}

/// A guest's clocks.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Time {
    /// How the time stamp counter is read.
    pub tsc_mode: Option<TscMode>,
    /// What becomes of missed ticks.
    pub timer_mode: Option<TimerMode>,
    /// Whether there is a High Precision Event Timer.
    pub hpet: Option<bool>,
    /// Whether periodic timers are aligned.
    pub vpt_align: Option<bool>,
    /// Seconds by which the guest's clock is ahead of the host's UTC.
    pub rtc_offset: Option<i32>,
    /// Whether the clock starts at local time.
    pub localtime: Option<bool>,
}

words! {
    /// How a guest reads the time stamp counter; xl.cfg's `tsc_mode`.
    TscMode {
        /// Natively where that is safe.
        Default = "default",
        /// Emulated at 1 GHz.
        AlwaysEmulate = "always_emulate",
        /// Natively.
        Native = "native",
    }
}

words! {
    /// What becomes of ticks that a guest missed; xl.cfg's `timer_mode`.
    TimerMode {
        /// They are delivered late, and the guest's time with them.
        DelayForMissedTicks = "delay_for_missed_ticks",
        /// They are delivered late, and the guest's time is the real one.
        NoDelayForMissedTicks = "no_delay_for_missed_ticks",
        /// They are lost.
        NoMissedTicksPending = "no_missed_ticks_pending",
        /// They become one.
        OneMissedTickPending = "one_missed_tick_pending",
    }
}

/// Microsoft's Hyper-V interfaces; xl.cfg's `viridian`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(
    untagged,
    expecting = "true, false, or a list of viridian groups is wanted"
)]
pub enum Viridian {
    /// Xen's own choice of groups, or none.
    All(bool),
    /// These groups; `!` takes one out.
    Groups(Vec<String>),
}

/// A NUMA node that the guest sees.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Vnode {
    /// The host's node that it is on.
    pub pnode: u32,
    /// Its memory, in MiB.
    pub memory_mib: Mib,
    /// Its vCPUs: `0-3,5`.
    pub vcpus: String,
    /// The distances to each node, itself included; 10 to itself and 20 to others when null.
    #[serde(default)]
    pub distances: Option<Vec<u32>>,
}
