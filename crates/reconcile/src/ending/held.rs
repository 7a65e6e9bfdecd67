//! An xl that is held while its guest shuts down.
//!
//! Where a guest's `on_poweroff` says so, the xl that watches over its domain makes it anew whenever it shuts down, also when
//! that was asked for: it knows what it read when it started, and nothing else (`xl_vmcontrol.c`, `handle_domain_death`). So it
//! is stopped (SIGSTOP) until the domain has shut down and is taken apart. When it goes on then, it finds the domain dying,
//! which it takes for a destruction, before it asks whether it had shut down (`libxl_domain.c`, `domain_death_xswatch_callback`);
//! and ends. A guest that does not shut down keeps its xl.

use std::collections::BTreeSet;
use std::fs;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};

use crate::domains;
use crate::keepers::Keeper;
use crate::layout::Layout;
use crate::program::Programs;

/// How long it may take until a process has stopped: the signal is seen at the end of a system call.
const STOPS: Duration = Duration::from_secs(2);

/// The domains that their xl makes anew when they shut down, by number; none where xl does not say.
pub(super) fn that_come_back(programs: &Programs) -> BTreeSet<u32> {
    let configs = domains::configurations(programs).unwrap_or_default();
    let comes_back = |config: &serde_json::Value| {
        let action = config["on_poweroff"].as_str();
        matches!(action, Some("restart" | "restart_rename"))
    };
    let all = configs.into_iter();
    all.filter(|(_, config)| comes_back(config))
        .map(|(domid, _)| domid)
        .collect()
}

/// An xl that does nothing until this is dropped. Were Domus killed meanwhile, it does nothing until the guest is asked to end
/// once more.
#[derive(Debug)]
pub(super) struct HeldXl(OwnedFd);

impl HeldXl {
    /// Holds an xl, where it is still the one that was seen.
    pub(super) fn begin(
        seen: &Keeper,
        layout: &Layout,
        is_still: impl Fn(&Keeper) -> bool,
    ) -> Option<Self> {
        let Keeper::Xl { pid, .. } = seen else {
            return None;
        };
        // What stands under /proc in another tree says nothing of this system's processes.
        let process = Path::new("/proc").join(pid.to_string());
        let shown = fs::canonicalize(layout.below(&process));
        if shown.ok()? != process {
            return None;
        }
        let id = Pid::from_raw(i32::try_from(*pid).ok()?)?;
        let xl = pidfd_open(id, PidfdFlags::empty()).ok()?;
        // Had it ended, and its number been given to another, it would not be a keeper any more.
        if !is_still(seen) {
            return None;
        }
        pidfd_send_signal(&xl, Signal::STOP).ok()?;
        let held = Self(xl);
        // What it was doing at that moment it has done by then.
        let deadline = Instant::now() + STOPS;
        while !is_stopped(&process) && Instant::now() < deadline {
            thread::sleep(Duration::from_millis(5));
        }
        Some(held)
    }
}

/// Whether the kernel shows a process as stopped (proc(5), the field `state`, behind the name).
fn is_stopped(process: &Path) -> bool {
    let stat = fs::read_to_string(process.join("stat")).unwrap_or_default();
    let state = stat.rsplit_once(") ").map(|(_, fields)| fields);
    state.is_some_and(|fields| fields.starts_with('T'))
}

impl Drop for HeldXl {
    fn drop(&mut self) {
        // It may be gone, which is as well.
        let _ = pidfd_send_signal(&self.0, Signal::CONT);
    }
}
