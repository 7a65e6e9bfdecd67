//! Units are started side by side, a few at a time.

#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::{Duration, Instant};

use disk_image::Tools;
use guest_spec::Document;
use reconcile::observe::{Configurations, observe};
use reconcile::plan::plan;
use reconcile::{Event, Executor, Failure, Layout, Programs, Records, Stages, Starter};
use serde_json::json;

/// What systemctl does: it takes half a second to build a domain, and notes how many are being built. The guest g3 never is,
/// and g5's unit leaves word of its domain's number.
const SYSTEMCTL: &str = "#!/bin/sh
[ $1 = start ] || exit 0
unit=${2#domus-guest@}
name=${unit%.service}
mkdir -p ROOT/building ROOT/domains
: > ROOT/building/$name
ls ROOT/building | wc -l >> ROOT/at-once
sleep 0.5
rm ROOT/building/$name
[ $name != g3 ] || exit 1
number=${name#g}
echo \"$name $((number + 1)) 64 1 -b---- 1.0 6d7e3a0c-3b0f-4a55-9d0e-$(printf %012d $number) - -\" > ROOT/domains/$name
[ $name != g5 ] || { mkdir -p ROOT/run/domus; printf 55 > ROOT/run/domus/g5.domid; }
";
const XL: &str = "#!/bin/sh
case $2 in
-v) echo 'Name ID Mem VCPUs State Time(s) UUID Reason-Code Security-Label'; cat ROOT/domains/* 2>/dev/null ;;
-l) echo '[]' ;;
esac
exit 0
";

fn program(root: &Path, name: &str, script: &str) -> std::ffi::OsString {
    let path = root.join(name);
    fs::write(&path, script.replace("ROOT", root.to_str().unwrap())).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    path.into()
}

fn write(root: &Path, path: &str, text: &str) {
    let path = root.join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

#[test]
fn a_few_at_a_time_and_one_that_fails_stops_no_other() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    write(root, "proc/xen/capabilities", "control_d\n");
    write(root, "proc/sys/kernel/random/boot_id", "first");
    let guests: Vec<_> = (0..12)
        .map(|number| {
            json!({
                "name": format!("g{number}"), "type": "pvh", "autostart": true,
                "uuid": format!("6d7e3a0c-3b0f-4a55-9d0e-{number:012}"), "memoryMib": 64, "vcpus": 1,
                "boot": { "bootloader": "direct", "kernel": "/boot/bzImage" },
                "onPoweroff": "destroy", "onReboot": "restart", "onCrash": "destroy"
            })
        })
        .collect();
    let document =
        json!({ "version": 1, "autostartManager": "domus", "bridges": [], "guests": guests });
    let document = Document::parse(&document.to_string()).unwrap();
    let layout = Layout::new(root, &document);
    let programs = Programs {
        xl: program(root, "xl", XL),
        systemctl: program(root, "systemctl", SYSTEMCTL),
        ..Programs::default()
    };
    let records = Records::load(&layout).unwrap();
    let observed = observe(
        &document,
        &records,
        &layout,
        &programs,
        Stages::ALL,
        Configurations::Told,
    )
    .unwrap();
    let plan = plan(&document, &records, &observed, &layout, Stages::ALL);
    assert_eq!(plan.problems, [""; 0]);
    let executor = Executor {
        document: &document,
        layout: &layout,
        programs: &programs,
        tools: &Tools::default(),
        starter: Starter::Unit,
    };
    let mut begun = Vec::new();
    let start = Instant::now();
    let failures: Vec<Failure> =
        executor.apply(&plan, records, &observed, Stages::ALL, &mut |event| {
            if let Event::Begin(guest, reconcile::plan::Step::Start) = event {
                begun.push(guest.to_owned());
            }
        });
    let took = start.elapsed();
    assert_eq!(failures.len(), 1, "{failures:?}");
    assert_eq!(failures[0].guest.as_deref(), Some("g3"));
    assert_eq!(begun.len(), 12);
    let records = Records::load(&layout).unwrap();
    let domid = |name: &str| {
        let record = records.get(name).unwrap().as_ref().unwrap();
        record.running.as_ref().unwrap().domid
    };
    assert_eq!((domid("g4"), domid("g5")), (Some(5), Some(55)));
    // One after the other takes 6 s.
    assert!(took < Duration::from_secs(5), "{took:?}");
    let at_once = fs::read_to_string(root.join("at-once")).unwrap();
    let most = at_once
        .lines()
        .map(|line| line.trim().parse::<u32>().unwrap())
        .max();
    assert!(
        most.is_some_and(|most| (2..=4).contains(&most)),
        "{at_once}"
    );
}
