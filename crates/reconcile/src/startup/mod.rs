//! In which order guests start. [`Schedule`] is pure: it is told what happened and what time it is, and says what may
//! begin now.
//!
//! The laws, which `tests.rs` holds it to:
//!
//! - Guests of a lower order are settled before one of a higher order begins; so are those that it comes `after`. A guest
//!   is settled when it is ready, when its start failed, or when it was not ready in time: then those that come after it are
//!   started all the same, and are said to be. Guests that wait for ever help nobody.
//! - A guest that comes after one of a higher order has that one's order: `after` is the stronger word.
//! - The memory of what is started is never more than what is free. A guest that does not fit waits for as long as
//!   another's start may fail, and is refused then.
//! - Each guest begins once, or is refused; whatever fails, and if guests wait for each other, no start is waited for
//!   for ever.

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

/// A guest that is to start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Planned {
    /// Its name.
    pub name: String,
    /// Guests of a lower order are ready before it begins.
    pub order: u32,
    /// These guests are ready before it begins.
    pub after: Vec<String>,
    /// How long it waits once its turn has come.
    pub delay: Duration,
    /// The memory that its start takes, in MiB.
    pub need_mib: u64,
}

/// How far a guest is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// Its turn has not come.
    Waiting,
    /// Its turn came at this time, and its delay runs.
    Turn(Duration),
    /// It is being built.
    Starting,
    /// It runs, and is not known to be ready.
    Started,
    /// It runs, and is ready.
    Ready,
    /// It runs, and was not ready in time.
    NotReady,
    /// It does not run.
    Failed,
}

impl Progress {
    const fn is_settled(self) -> bool {
        matches!(self, Self::Ready | Self::NotReady | Self::Failed)
    }
}

/// Why a guest begins although one that it comes after is not ready.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// That one does not run, and nobody starts it now.
    Absent,
    /// That one's start failed.
    Failed,
    /// That one was not ready in time.
    NotReady,
    /// That one waits for this one.
    Circle,
}

/// A guest that is not ready, and is not waited for any longer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Late {
    /// Its name.
    pub name: String,
    /// Why it is not.
    pub why: Why,
}

/// What is decided of a guest; guests are known by their place in the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// It begins now.
    Begin {
        /// The guest.
        guest: usize,
        /// Those of its `after` that are not ready.
        late: Vec<Late>,
    },
    /// There is no memory for it, and there will be none.
    NoRoom {
        /// The guest.
        guest: usize,
        /// What it needs, in MiB.
        need_mib: u64,
        /// What is left, in MiB.
        free_mib: u64,
    },
}

/// Who may begin, given who did, and what became of them.
#[derive(Clone, Debug)]
pub struct Schedule {
    guests: Vec<Planned>,
    places: HashMap<String, usize>,
    /// Places in `guests`, by rank, then as they came.
    by_rank: Vec<usize>,
    rank: Vec<u32>,
    progress: Vec<Progress>,
    /// How far the guests are that are not started here.
    others: BTreeMap<String, Progress>,
    free_mib: Option<u64>,
    at_once: usize,
}

impl Schedule {
    /// For these guests. `others` are guests that run already, or failed before; `free_mib` is the memory for all of them,
    /// nothing where that is not known; `at_once` is how many may be built at a time, at least one.
    #[must_use]
    pub fn new(
        guests: Vec<Planned>,
        others: BTreeMap<String, Progress>,
        free_mib: Option<u64>,
        at_once: usize,
    ) -> Self {
        let rank = ranks(&guests);
        let mut by_rank: Vec<usize> = (0..guests.len()).collect();
        by_rank.sort_by_key(|&at| (rank[at], at));
        Self {
            progress: vec![Progress::Waiting; guests.len()],
            places: guests
                .iter()
                .enumerate()
                .map(|(at, guest)| (guest.name.clone(), at))
                .collect(),
            guests,
            by_rank,
            rank,
            others,
            free_mib,
            at_once: at_once.max(1),
        }
    }

    /// How far a guest is.
    #[must_use]
    pub fn progress(&self, guest: usize) -> Progress {
        self.progress[guest]
    }

    /// The guest is built, and is not known to be ready.
    pub fn started(&mut self, guest: usize) {
        self.progress[guest] = Progress::Started;
    }

    /// The guest's start failed, and its memory is free again.
    pub fn failed(&mut self, guest: usize) {
        self.progress[guest] = Progress::Failed;
        if let Some(free) = &mut self.free_mib {
            *free = free.saturating_add(self.guests[guest].need_mib);
        }
    }

    /// A guest, of this list or not, is ready now; or not, and is not waited for any longer.
    pub fn settle(&mut self, name: &str, is_ready: bool) {
        let progress = if is_ready {
            Progress::Ready
        } else {
            Progress::NotReady
        };
        match self.place(name) {
            Some(at) => self.progress[at] = progress,
            None => {
                self.others.insert(name.to_owned(), progress);
            }
        }
    }

    /// Whether every guest has begun, or was refused, and none is being built.
    #[must_use]
    pub fn is_done(&self) -> bool {
        let open = |progress: &Progress| {
            matches!(
                progress,
                Progress::Waiting | Progress::Turn(_) | Progress::Starting
            )
        };
        !self.progress.iter().any(open)
    }

    /// Whether a guest that has not begun waits until this one is ready.
    #[must_use]
    pub fn is_awaited(&self, name: &str) -> bool {
        let own = self.place(name);
        let waits = |at: usize| {
            self.progress[at] == Progress::Waiting
                && (self.guests[at].after.iter().any(|other| other == name)
                    || own.is_some_and(|own| self.rank[own] < self.rank[at]))
        };
        (0..self.guests.len()).any(waits)
    }

    /// When the next delay is over that is not over at `now`, the time of the last decision; nothing where none runs. A guest whose
    /// delay is over and that has not begun waits for another's start to end, and no time brings that about.
    #[must_use]
    pub fn next_turn(&self, now: Duration) -> Option<Duration> {
        let ends = self.progress.iter().zip(&self.guests);
        ends.filter_map(|(progress, guest)| match progress {
            Progress::Turn(since) => Some(since.saturating_add(guest.delay)),
            _ => None,
        })
        .filter(|end| *end > now)
        .min()
    }

    /// Decides what begins at this time. Each guest that it gives is being started from then on, or has failed.
    pub fn decide(&mut self, now: Duration) -> Vec<Decision> {
        let mut decisions = Vec::new();
        // A refusal settles a guest, and others may come after it.
        loop {
            let before = decisions.len();
            self.give_turns(now);
            let mut building = self.count(|progress| progress == Progress::Starting);
            for at in self.by_rank.clone() {
                let Progress::Turn(since) = self.progress[at] else {
                    continue;
                };
                if building >= self.at_once || since.saturating_add(self.guests[at].delay) > now {
                    continue;
                }
                let need_mib = self.guests[at].need_mib;
                if let Some(free_mib) = self.free_mib.filter(|free| *free < need_mib) {
                    if building > 0 {
                        // Those behind it do not take what it may get.
                        break;
                    }
                    self.progress[at] = Progress::Failed;
                    decisions.push(Decision::NoRoom {
                        guest: at,
                        need_mib,
                        free_mib,
                    });
                    continue;
                }
                self.free_mib = self.free_mib.map(|free| free - need_mib);
                self.progress[at] = Progress::Starting;
                building += 1;
                decisions.push(Decision::Begin {
                    guest: at,
                    late: self.late(at),
                });
            }
            let refused = decisions[before..]
                .iter()
                .any(|decision| matches!(decision, Decision::NoRoom { .. }));
            if !refused {
                return decisions;
            }
        }
    }

    /// Gives their turn to those for whom nobody is to be waited for.
    fn give_turns(&mut self, now: Duration) {
        // Who has a higher rank than one that is not settled waits.
        let mut by_rank = self.by_rank.iter();
        let Some(&lowest) = by_rank.find(|&&at| !self.progress[at].is_settled()) else {
            return;
        };
        for at in self.by_rank.clone() {
            if self.rank[at] > self.rank[lowest] {
                break;
            }
            let mut after = self.guests[at].after.iter();
            if self.progress[at] == Progress::Waiting && after.all(|name| self.is_settled(name)) {
                self.progress[at] = Progress::Turn(now);
            }
        }
        let moving = |progress: Progress| {
            matches!(
                progress,
                Progress::Turn(_) | Progress::Starting | Progress::Started
            )
        };
        let others = self.others.values().any(|progress| moving(*progress));
        if others || self.count(moving) > 0 {
            return;
        }
        // They wait for each other. The document's rules refuse that; should it come to it, the first begins.
        let mut left = self.by_rank.iter();
        if let Some(&at) = left.find(|&&at| self.progress[at] == Progress::Waiting) {
            self.progress[at] = Progress::Turn(now);
        }
    }

    fn is_settled(&self, name: &str) -> bool {
        self.of(name).is_none_or(Progress::is_settled)
    }

    fn of(&self, name: &str) -> Option<Progress> {
        match self.place(name) {
            Some(at) => Some(self.progress[at]),
            None => self.others.get(name).copied(),
        }
    }

    fn late(&self, at: usize) -> Vec<Late> {
        let why = |name: &String| match self.of(name) {
            Some(Progress::Ready) => None,
            None => Some(Why::Absent),
            Some(Progress::Failed) => Some(Why::Failed),
            Some(Progress::NotReady) => Some(Why::NotReady),
            Some(_) => Some(Why::Circle),
        };
        let late = self.guests[at].after.iter().filter_map(|name| {
            Some(Late {
                why: why(name)?,
                name: name.clone(),
            })
        });
        late.collect()
    }

    fn place(&self, name: &str) -> Option<usize> {
        self.places.get(name).copied()
    }

    fn count(&self, of: impl Fn(Progress) -> bool) -> usize {
        self.progress
            .iter()
            .filter(|&&progress| of(progress))
            .count()
    }
}

/// The guests in the order in which this module starts them, by their place in the list: those of one wave at once, the next
/// when they are ready. What ends together ends in the reverse of it.
#[must_use]
pub fn waves(guests: &[Planned]) -> Vec<Vec<usize>> {
    let at_once = guests
        .iter()
        .map(|guest| Planned {
            delay: Duration::ZERO,
            ..guest.clone()
        })
        .collect();
    let mut schedule = Schedule::new(at_once, BTreeMap::new(), None, guests.len());
    let mut waves = Vec::new();
    while !schedule.is_done() {
        let begins = schedule.decide(Duration::ZERO);
        let wave: Vec<usize> = begins
            .iter()
            .map(|(Decision::Begin { guest, .. } | Decision::NoRoom { guest, .. })| *guest)
            .collect();
        for &guest in &wave {
            schedule.settle(&guests[guest].name, true);
        }
        waves.push(wave);
    }
    waves
}

/// The places of guests in the order of their ranks, and as they came within one.
#[must_use]
pub fn in_order(guests: &[Planned]) -> Vec<usize> {
    waves(guests).into_iter().flatten().collect()
}

/// Each guest's order, or that of a guest that it comes after, directly or not, where that is higher.
fn ranks(guests: &[Planned]) -> Vec<u32> {
    let places: BTreeMap<&str, usize> = guests
        .iter()
        .enumerate()
        .map(|(at, guest)| (guest.name.as_str(), at))
        .collect();
    let mut ranks: Vec<u32> = guests.iter().map(|guest| guest.order).collect();
    // As often as a chain can be long; in a circle all come to have the highest of them.
    for _ in guests {
        let mut raised = false;
        for (at, guest) in guests.iter().enumerate() {
            let before = guest
                .after
                .iter()
                .filter_map(|name| places.get(name.as_str()));
            let highest = before.map(|&other| ranks[other]).max().unwrap_or(0);
            if highest > ranks[at] {
                ranks[at] = highest;
                raised = true;
            }
        }
        if !raised {
            break;
        }
    }
    ranks
}
