//! Whether a guest is ready: what `autostart.ready` says holds, all of it.

mod console;
mod network;

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use guest_spec::{Guest, Network};
use uuid::Uuid;

use crate::layout::Layout;
use crate::program::{self, ProgramError, Programs};
use crate::xl::Xl;
use console::Console;

/// How often the console is read; the rest is asked every other time.
const POLL: Duration = Duration::from_millis(500);
/// How long a connection may take.
const CONNECT: Duration = Duration::from_secs(2);
/// How often xl is asked for the guest's number, which its own reboot changes.
const RENUMBER: Duration = Duration::from_secs(10);

/// A guest that is watched until it is ready. What it says is its own: nothing of it is shown, and no more of it is kept
/// than a part of a line.
#[derive(Debug)]
pub struct Watch {
    console: Option<Console>,
    xenstore: Option<Xenstore>,
    port: Option<Port>,
    timeout: Duration,
}

#[derive(Debug)]
struct Xenstore {
    path: String,
    uuid: Uuid,
    domid: Option<u32>,
    asked: Option<Instant>,
    is_there: bool,
    /// Why nobody can tell.
    unknown: Option<String>,
}

#[derive(Debug)]
struct Port {
    number: u16,
    networks: Vec<Network>,
    answered: bool,
    /// Whether an address of the guest was known at the last look.
    address: bool,
}

/// What is still missing when the time is over, or of a guest that nobody waits for any longer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It is ready.
    Ready,
    /// Its time is over, and this is missing.
    Late(String),
    /// Nobody waits for it any longer.
    Stopped,
}

impl Watch {
    /// Watches a guest that is about to be started: what its console said before does not count. Nothing where nothing is
    /// declared, and the guest is ready as soon as it is there.
    #[must_use]
    pub fn before_start(guest: &Guest, layout: &Layout) -> Option<Self> {
        let log = layout.console_log(&guest.name);
        let ready = &guest.startup.ready;
        let console = |pattern| Console::after_now(&log, pattern);
        let console = ready.console.as_deref().and_then(console);
        Self::new(guest, guest.uuid, console, ready.xenstore.as_deref())
    }

    /// Watches a guest that runs already, as the domain of this UUID. Whatever its console had to say it may have said long
    /// ago, in a log that was put away since: that is not waited for.
    #[must_use]
    pub fn running(guest: &Guest, uuid: Uuid) -> Option<Self> {
        Self::new(guest, uuid, None, guest.startup.ready.xenstore.as_deref())
    }

    /// The same for a guest that was restored. Its own folder in xenstore is not saved with it: libxl makes an empty one
    /// (`libxl__domain_make` in `libxl_create.c`), and what the guest wrote there when it was up it does not write again.
    #[must_use]
    pub fn restored(guest: &Guest, uuid: Uuid) -> Option<Self> {
        let path = guest.startup.ready.xenstore.as_deref();
        Self::new(guest, uuid, None, path.filter(|path| path.starts_with('/')))
    }

    fn new(
        guest: &Guest,
        uuid: Uuid,
        console: Option<Console>,
        xenstore: Option<&str>,
    ) -> Option<Self> {
        let ready = &guest.startup.ready;
        let watch = Self {
            console,
            xenstore: xenstore.map(|path| Xenstore {
                path: path.to_owned(),
                uuid,
                domid: None,
                asked: None,
                is_there: false,
                unknown: None,
            }),
            port: ready.port.map(|number| Port {
                number,
                networks: guest.networks.clone(),
                answered: false,
                address: false,
            }),
            timeout: Duration::from_secs(ready.timeout_seconds.into()),
        };
        let waits = watch.console.is_some() || watch.xenstore.is_some() || watch.port.is_some();
        waits.then_some(watch)
    }

    /// Looks until all holds, its time is over, or `stop` is set.
    pub fn wait(&mut self, programs: &Programs, stop: &AtomicBool) -> Outcome {
        let began = Instant::now();
        for count in 0_u64.. {
            self.look(programs, count % 2 == 0);
            let Some(missing) = self.missing() else {
                return Outcome::Ready;
            };
            if began.elapsed() >= self.timeout {
                return Outcome::Late(missing);
            }
            if stop.load(Ordering::Relaxed) {
                break;
            }
            thread::sleep(POLL.min(self.timeout.saturating_sub(began.elapsed())));
        }
        Outcome::Stopped
    }

    /// What does not hold yet, in words; nothing when all holds.
    #[must_use]
    pub fn missing(&self) -> Option<String> {
        let console = self.console.as_ref().filter(|console| !console.matched());
        let console = console.map(|console| format!("console /{}/", console.pattern()));
        let xenstore = self.xenstore.as_ref().filter(|node| !node.is_there);
        let xenstore = xenstore.map(|node| match &node.unknown {
            None => format!("xenstore {}", node.path),
            Some(why) => format!("xenstore {}, {why}", node.path),
        });
        let port = self.port.as_ref().filter(|port| !port.answered);
        let port = port.map(|port| {
            let known = if port.address {
                ""
            } else {
                ", no address of it is known yet"
            };
            format!("port {}{known}", port.number)
        });
        let all: Vec<String> = [console, xenstore, port].into_iter().flatten().collect();
        (!all.is_empty()).then(|| all.join("; "))
    }

    /// Looks once. What held once holds: a guest is ready when each has been seen.
    fn look(&mut self, programs: &Programs, all: bool) {
        if let Some(console) = &mut self.console {
            console.look();
        }
        if !all {
            return;
        }
        if let Some(node) = &mut self.xenstore {
            node.look(programs);
        }
        if let Some(port) = &mut self.port {
            port.look(programs);
        }
    }
}

impl Xenstore {
    fn look(&mut self, programs: &Programs) {
        if self.is_there {
            return;
        }
        let path = if self.path.starts_with('/') {
            self.path.clone()
        } else {
            if self.asked.is_none_or(|asked| asked.elapsed() >= RENUMBER) {
                self.asked = Some(Instant::now());
                let known = Xl(programs).live_domid(self.uuid);
                self.domid = known.ok().flatten().or(self.domid);
            }
            let Some(domid) = self.domid else { return };
            format!("/local/domain/{domid}/{}", self.path)
        };
        // It fails where nothing is there (`xenstore_client.c`).
        let read = program::run(&programs.xenstore_read, &[path], programs.answer_limit);
        self.is_there = read.is_ok();
        self.unknown = match read {
            Ok(_) | Err(ProgramError::Failed { .. }) => None,
            Err(error) => Some(error.to_string()),
        };
    }
}

impl Port {
    fn look(&mut self, programs: &Programs) {
        if self.answered {
            return;
        }
        let addresses = network::addresses(&self.networks, self.number, programs);
        self.address = !addresses.is_empty();
        self.answered = addresses
            .iter()
            .any(|address| std::net::TcpStream::connect_timeout(address, CONNECT).is_ok());
    }
}

/// The index of a network interface, for an address that is only valid on it.
fn interface_index(name: &str) -> Option<u32> {
    let path = Path::new("/sys/class/net").join(name).join("ifindex");
    std::fs::read_to_string(path).ok()?.trim().parse().ok()
}
