//! When a guest starts, and what becomes of it when its declaration, or its host, changes.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::words::words;

words! {
    /// Who starts guests when the Dom0 boots, and saves them when it goes down.
    #[derive(Default)]
    AutostartManager {
        /// Xen's own script: by name, one after the other.
        #[default]
        Xendomains = "xendomains",
        /// Domus: by order and readiness, as many at once as there is memory for.
        Domus = "domus",
    }
}

/// When a guest that starts with the Dom0 does; the options `autostart.order` and its like.
///
/// It is for Domus's own manager: xendomains knows the order of names only.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Startup {
    /// Guests of a lower order are ready before those of a higher one are started.
    pub order: u32,
    /// Guests that are ready before this one is started.
    pub after: Vec<String>,
    /// How long to wait before it is started once its turn has come, in seconds.
    pub delay_seconds: u32,
    /// What tells that it is ready; with nothing, it is as soon as it is created.
    pub ready: Ready,
}

/// What tells that a guest is ready: all of what is set.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Ready {
    /// A regular expression that a line of its console matches.
    pub console: Option<String>,
    /// A path of xenstore that is there; one that does not begin with a slash is below the guest's own folder.
    pub xenstore: Option<String>,
    /// A TCP port that answers at the first address of the guest's networks that is known.
    pub port: Option<u16>,
    /// How long to wait for all of it, in seconds. Then those that come after it are started all the same.
    pub timeout_seconds: u32,
}

impl Default for Ready {
    fn default() -> Self {
        Self {
            console: None,
            xenstore: None,
            port: None,
            timeout_seconds: 300,
        }
    }
}

impl Ready {
    /// Whether anything is waited for.
    #[must_use]
    pub const fn waits(&self) -> bool {
        self.console.is_some() || self.xenstore.is_some() || self.port.is_some()
    }
}

/// What becomes of a guest when its declaration, or its host, changes. Domus remembers it as it was last applied: it is
/// needed when the declaration is gone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Lifecycle {
    /// How a change reaches the guest while it runs.
    pub on_change: OnChange,
    /// How long the guest may take to shut down, in seconds.
    pub shutdown_timeout_seconds: u32,
    /// What is done with a guest that did not shut down in that time.
    pub on_timeout: OnTimeout,
    /// What is done with the guest when it is no longer declared.
    pub on_remove: OnRemove,
    /// What is done with a save file that is older than the declaration.
    pub on_stale_save: OnStaleSave,
    /// What is done with the guest when the Dom0 goes down.
    pub on_host_shutdown: OnHostShutdown,
    /// What the guest was called before; the newest last.
    pub previous_names: Vec<String>,
}

impl Default for Lifecycle {
    fn default() -> Self {
        Self {
            on_change: OnChange::Live,
            shutdown_timeout_seconds: 300,
            on_timeout: OnTimeout::Keep,
            on_remove: OnRemove::Shutdown,
            on_stale_save: OnStaleSave::Restore,
            on_host_shutdown: OnHostShutdown::Save,
            previous_names: Vec::new(),
        }
    }
}

impl Lifecycle {
    /// How long the guest may take to shut down.
    #[must_use]
    pub const fn shutdown_timeout(&self) -> Duration {
        Duration::from_secs(self.shutdown_timeout_seconds as u64)
    }
}

words! {
    /// How a change reaches a guest that runs.
    OnChange {
        /// What Xen can change while it runs is changed at once, the rest at its next boot.
        Live = "live",
        /// Everything at its next boot.
        NextBoot = "next-boot",
        /// It is shut down and started again.
        Restart = "restart",
    }
}

words! {
    /// What is done with a guest that did not shut down in time.
    OnTimeout {
        /// It runs on, and its change or removal has failed.
        Keep = "keep",
        /// It is ended as by a power cut.
        Destroy = "destroy",
    }
}

words! {
    /// What is done with a guest that is no longer declared.
    OnRemove {
        /// It is shut down.
        Shutdown = "shutdown",
        /// It runs on.
        Keep = "keep",
        /// It is ended as by a power cut.
        Destroy = "destroy",
    }
}

words! {
    /// What is done with a save file whose guest's declaration changed since.
    OnStaleSave {
        /// It is restored as it was saved; the change waits for the guest's next boot.
        Restore = "restore",
        /// It is moved aside, and the guest starts as declared.
        Discard = "discard",
    }
}

words! {
    /// What is done with a guest when the Dom0 goes down.
    OnHostShutdown {
        /// Its memory is saved, and restored at the next boot.
        Save = "save",
        /// It is shut down, and started at the next boot.
        Shutdown = "shutdown",
    }
}

words! {
    /// When a disk that is no longer declared is taken from a guest that runs.
    #[derive(Default)]
    Detach {
        /// At its next boot: Linux does not refuse to lose a disk that it has mounted.
        #[default]
        NextBoot = "next-boot",
        /// At once.
        Live = "live",
    }
}
