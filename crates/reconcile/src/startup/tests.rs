use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use proptest::prelude::*;

use super::{Decision, Late, Planned, Progress, Schedule, Why, waves};

fn guest(name: &str, order: u32, after: &[&str]) -> Planned {
    Planned {
        name: name.into(),
        order,
        after: after.iter().map(|&name| name.to_owned()).collect(),
        delay: Duration::ZERO,
        need_mib: 100,
    }
}

fn names(guests: &[Planned]) -> Vec<Vec<&str>> {
    let waves = waves(guests).into_iter();
    waves
        .map(|wave| wave.iter().map(|&at| guests[at].name.as_str()).collect())
        .collect()
}

#[test]
fn by_order_then_after_each_other() {
    let guests = [
        guest("web", 20, &["db"]),
        guest("db", 10, &[]),
        guest("dns", 0, &[]),
        guest("mail", 20, &[]),
        guest("proxy", 20, &["web"]),
    ];
    assert_eq!(
        names(&guests),
        [vec!["dns"], vec!["db"], vec!["web", "mail"], vec!["proxy"]]
    );
    // after is the stronger word: a comes after b, and so after all that b comes after.
    let guests = [
        guest("a", 10, &["b"]),
        guest("b", 20, &[]),
        guest("c", 15, &[]),
    ];
    assert_eq!(names(&guests), [["c"], ["b"], ["a"]]);
    assert_eq!(
        names(&[guest("a", 0, &["b"]), guest("b", 0, &["a"])]).len(),
        2
    );
}

#[test]
fn one_that_fails_or_is_not_there_is_not_waited_for() {
    let guests = vec![guest("db", 0, &[]), guest("web", 0, &["db", "gone"])];
    let mut schedule = Schedule::new(guests, BTreeMap::new(), None, 4);
    assert_eq!(schedule.decide(Duration::ZERO).len(), 1);
    assert_eq!(schedule.decide(Duration::from_secs(1)), []);
    schedule.failed(0);
    let late = |name: &str, why| Late {
        name: name.into(),
        why,
    };
    assert_eq!(
        schedule.decide(Duration::from_secs(2)),
        [Decision::Begin {
            guest: 1,
            late: vec![late("db", Why::Failed), late("gone", Why::Absent)]
        }]
    );
}

#[test]
fn one_that_runs_already_is_waited_for_until_it_is_ready() {
    let others = BTreeMap::from([("db".to_owned(), Progress::Started)]);
    let mut schedule = Schedule::new(vec![guest("web", 0, &["db"])], others, None, 4);
    assert_eq!(schedule.decide(Duration::ZERO), []);
    assert!(schedule.is_awaited("db"));
    schedule.settle("db", true);
    let begins = schedule.decide(Duration::ZERO);
    assert_eq!(
        begins,
        [Decision::Begin {
            guest: 0,
            late: vec![]
        }]
    );
}

#[test]
fn a_delay_begins_when_its_turn_has_come_and_holds_up_nobody() {
    let mut late = guest("late", 0, &[]);
    late.delay = Duration::from_secs(30);
    let mut schedule = Schedule::new(vec![late, guest("web", 0, &[])], BTreeMap::new(), None, 4);
    let begins = |schedule: &mut Schedule, second| {
        let decisions = schedule.decide(Duration::from_secs(second));
        decisions.len()
    };
    assert_eq!(begins(&mut schedule, 5), 1);
    let end = Duration::from_secs(35);
    assert_eq!(schedule.next_turn(Duration::from_secs(5)), Some(end));
    assert_eq!(begins(&mut schedule, 34), 0);
    assert_eq!(begins(&mut schedule, 35), 1);
}

#[test]
fn who_waits_for_a_place_waits_for_no_time() {
    let guests = vec![guest("a", 0, &[]), guest("b", 0, &[])];
    let mut schedule = Schedule::new(guests, BTreeMap::new(), None, 1);
    let now = Duration::from_secs(5);
    assert_eq!(schedule.decide(now).len(), 1);
    assert_eq!(schedule.next_turn(now), None);
    schedule.started(0);
    assert_eq!(schedule.decide(now).len(), 1);
}

#[test]
fn what_does_not_fit_waits_for_a_start_that_may_fail_and_is_refused_then() {
    let guests = vec![
        guest("a", 0, &[]),
        guest("b", 0, &[]),
        guest("c", 0, &["b"]),
    ];
    let mut schedule = Schedule::new(guests, BTreeMap::new(), Some(150), 4);
    assert_eq!(schedule.decide(Duration::ZERO).len(), 1);
    schedule.started(0);
    schedule.settle("a", true);
    // c comes after b, and is not refused with it: nor is there room for it.
    let refused = |guest| Decision::NoRoom {
        guest,
        need_mib: 100,
        free_mib: 50,
    };
    assert_eq!(schedule.decide(Duration::ZERO), [refused(1), refused(2)]);
    assert!(schedule.is_done());
}

/// What becomes of a guest, and how long each part takes.
#[derive(Clone, Debug)]
struct Fate {
    fails: bool,
    never_ready: bool,
    build: u64,
    until_ready: u64,
}

fn fates() -> impl Strategy<Value = Vec<(Planned, Fate)>> {
    let one = (
        0_u32..4,
        prop::collection::vec(0_usize..14, 0..3),
        0_u64..4,
        1_u64..200,
        (any::<bool>(), any::<bool>(), 0_u64..5, 0_u64..9),
    );
    prop::collection::vec(one, 1..12).prop_map(|guests| {
        let guests = guests.into_iter().enumerate();
        guests
            .map(|(at, (order, after, delay, need_mib, fate))| {
                let planned = Planned {
                    name: format!("g{at}"),
                    order,
                    // Some are not there, some make circles, some are the guest itself.
                    after: after.iter().map(|other| format!("g{other}")).collect(),
                    delay: Duration::from_secs(delay),
                    need_mib,
                };
                let (fails, never_ready, build, until_ready) = fate;
                (
                    planned,
                    Fate {
                        fails,
                        never_ready,
                        build,
                        until_ready,
                    },
                )
            })
            .collect()
    })
}

proptest! {
    #[test]
    fn laws(guests in fates(), free in prop::option::of(0_u64..900), at_once in 1_usize..5) {
        let (planned, fates): (Vec<Planned>, Vec<Fate>) = guests.into_iter().unzip();
        let mut schedule = Schedule::new(planned.clone(), BTreeMap::new(), free, at_once);
        let mut begun = BTreeSet::new();
        let mut refused = BTreeSet::new();
        let mut taken = 0;
        // When something happens: to whom, and whether it is the end of the build.
        let mut events: BTreeSet<(u64, usize, bool)> = BTreeSet::new();
        let mut now = 0;
        loop {
            for decision in schedule.decide(Duration::from_secs(now)) {
                match decision {
                    Decision::Begin { guest, late } => {
                        prop_assert!(begun.insert(guest), "begins twice");
                        taken += planned[guest].need_mib;
                        prop_assert!(free.is_none_or(|free| taken <= free), "more memory than there is");
                        for (at, other) in planned.iter().enumerate() {
                            let lower = schedule.rank[at] < schedule.rank[guest];
                            let before = planned[guest].after.contains(&other.name);
                            let settled = schedule.progress(at).is_settled();
                            let said = late.iter().any(|late| late.name == other.name);
                            prop_assert!(!lower || settled, "order");
                            prop_assert!(!before || settled || said, "after");
                            prop_assert!(!before || schedule.progress(at) == Progress::Ready || said, "a word");
                        }
                        let building = (0..planned.len()).filter(|&at| schedule.progress(at) == Progress::Starting);
                        prop_assert!(building.count() <= at_once);
                        events.insert((now + fates[guest].build, guest, true));
                    }
                    Decision::NoRoom { guest, need_mib, free_mib } => {
                        prop_assert!(refused.insert(guest) && need_mib > free_mib);
                        prop_assert!(free.is_some_and(|free| taken + planned[guest].need_mib > free));
                    }
                }
            }
            let turn = schedule.next_turn(Duration::from_secs(now)).map(|turn| turn.as_secs());
            prop_assert!(turn.is_none_or(|turn| turn > now), "it would be decided again at once, and again");
            let event = events.first().map(|event| event.0);
            let Some(next) = turn.into_iter().chain(event).min() else { break };
            now = next.max(now);
            if let Some(&(at, guest, built)) = events.first()
                && at <= now
            {
                events.pop_first();
                let fate = &fates[guest];
                match (built, fate.fails) {
                    (true, true) => {
                        taken -= planned[guest].need_mib;
                        schedule.failed(guest);
                    }
                    (true, false) => {
                        schedule.started(guest);
                        events.insert((now + fate.until_ready, guest, false));
                    }
                    (false, _) => schedule.settle(&planned[guest].name, !fate.never_ready),
                }
            }
        }
        prop_assert!(schedule.is_done(), "{schedule:?} stands still");
        prop_assert_eq!(begun.len() + refused.len(), planned.len());
        prop_assert!(begun.is_disjoint(&refused));
    }
}
