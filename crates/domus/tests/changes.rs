//! Changes of guests that run: what Xen changes live, what waits for the guest's reboot, what a restart brings, and what
//! somebody changed by hand.

#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod support;

use serde_json::{Value, json};
use support::{Dom0, applied, guest};

const MAC: &str = "00:16:3e:00:00:01";

/// web, with room for changes.
fn web(change: impl FnOnce(&mut Value)) -> Value {
    let mut web = guest("web", 1);
    web["vcpus"] = json!(2);
    web["maxVcpus"] = json!(4);
    change(&mut web);
    web
}

/// A Dom0 in which web runs as it is declared, with this beside what [`web`] has.
fn running(change: impl FnOnce(&mut Value)) -> Dom0 {
    let dom0 = Dom0::new();
    dom0.declare(&[web(change)]);
    applied(&dom0, &["apply"]);
    nothing_to_do(&dom0);
    dom0
}

fn nothing_to_do(dom0: &Dom0) {
    let plan = dom0.run(&["plan"]);
    assert_eq!(
        (plan.stdout.as_str(), plan.status),
        ("nothing to do\n", 0),
        "{}",
        plan.stderr
    );
}

/// Declares web with a change, and gives what the plan says of it and what an apply does.
fn change(dom0: &Dom0, change: impl FnOnce(&mut Value)) -> String {
    dom0.declare(&[web(change)]);
    let plan = dom0.run(&["plan"]);
    assert_eq!(plan.status, 0, "{}", plan.stderr);
    format!("{}---\n{}", plan.stdout, applied(dom0, &["apply"]))
}

/// What xl says of web, under libxl's names.
fn config(dom0: &Dom0) -> Value {
    let domains: Value = serde_json::from_str(&dom0.xl(&["list", "-l"])).unwrap();
    domains[0]["config"].clone()
}

fn domid(dom0: &Dom0) -> u64 {
    let domains: Value = serde_json::from_str(&dom0.xl(&["list", "-l"])).unwrap();
    domains[0]["domid"].as_u64().unwrap()
}

fn add_disk(web: &mut Value, detach: &str) {
    let disk = json!({ "name": "data", "path": "/vmdisks/data.img", "size": "16MiB", "format": "raw", "vdev": "xvdb", "detach": detach });
    web["disks"].as_array_mut().unwrap().push(disk);
}

#[test]
fn vcpus_weight_and_cap_change_live() {
    let dom0 = running(|_| {});
    let said = change(&dom0, |web| {
        web["vcpus"] = json!(3);
        web["cpu"] = json!({ "weight": 512, "cap": 50 });
    });
    insta::assert_snapshot!("live", said);
    let build = &config(&dom0)["b_info"];
    assert_eq!(build["avail_vcpus"], json!([0, 1, 2]));
    assert_eq!(
        (
            &build["sched_params"]["weight"],
            &build["sched_params"]["cap"]
        ),
        (&json!(512), &json!(50))
    );
    nothing_to_do(&dom0);
    // What is no longer declared goes back to what Xen gives by itself.
    change(&dom0, |_| {});
    assert_eq!(config(&dom0)["b_info"]["sched_params"]["weight"], 256);
    nothing_to_do(&dom0);
    assert_eq!(domid(&dom0), 1);
}

#[test]
fn a_disk_comes_and_goes_where_it_may() {
    let dom0 = running(|_| {});
    let said = change(&dom0, |web| add_disk(web, "live"));
    insta::assert_snapshot!("disk_comes", said);
    assert_eq!(config(&dom0)["disks"][1]["pdev_path"], "/vmdisks/data.img");
    nothing_to_do(&dom0);
    let said = change(&dom0, |_| {});
    insta::assert_snapshot!("disk_goes", said);
    assert_eq!(config(&dom0)["disks"].as_array().unwrap().len(), 1);
    assert!(dom0.has("/vmdisks/data.img"));
    nothing_to_do(&dom0);
}

#[test]
fn a_writable_disk_stays_until_the_next_boot() {
    let dom0 = running(|web| add_disk(web, "next-boot"));
    let said = change(&dom0, |_| {});
    insta::assert_snapshot!("disk_waits", said);
    assert_eq!(config(&dom0)["disks"].as_array().unwrap().len(), 2);
    // Said again at every look, until it is true.
    let plan = dom0.run(&["plan"]);
    assert!(
        plan.stdout.contains("disk xvdb  at the guest's next boot"),
        "{}",
        plan.stdout
    );
    dom0.xl(&["reboot", "1"]);
    assert_eq!(config(&dom0)["disks"].as_array().unwrap().len(), 1);
    nothing_to_do(&dom0);
}

#[test]
fn an_interface_that_moves_is_interrupted() {
    let dom0 = running(|_| {});
    let said = change(&dom0, |web| web["networks"][0]["bridge"] = json!("xenbr1"));
    insta::assert_snapshot!("bridge", said);
    assert_eq!(config(&dom0)["nics"][0]["bridge"], "xenbr1");
    nothing_to_do(&dom0);
}

#[test]
fn an_interface_comes_and_goes() {
    let dom0 = running(|_| {});
    change(&dom0, |web| {
        let lan = json!({ "name": "dmz", "bridge": "xenbr0", "mac": "00:16:3e:00:00:09" });
        web["networks"].as_array_mut().unwrap().push(lan);
    });
    assert_eq!(config(&dom0)["nics"].as_array().unwrap().len(), 2);
    nothing_to_do(&dom0);
    change(&dom0, |_| {});
    let nics = config(&dom0)["nics"].clone();
    assert_eq!(
        (nics.as_array().unwrap().len(), &nics[0]["mac"]),
        (1, &json!(MAC))
    );
    nothing_to_do(&dom0);
}

#[test]
fn what_waits_reaches_the_guest_by_its_own_reboot() {
    let dom0 = running(|_| {});
    let said = change(&dom0, |web| {
        web["boot"]["cmdline"] = json!("console=hvc0 quiet");
    });
    insta::assert_snapshot!("cmdline", said);
    assert_eq!(config(&dom0)["b_info"]["cmdline"], "console=hvc0");
    dom0.xl(&["reboot", "1"]);
    assert_eq!(config(&dom0)["b_info"]["cmdline"], "console=hvc0 quiet");
    nothing_to_do(&dom0);
}

/// libxl forgets what was stored for a domain's reboot when the domain is saved.
#[test]
fn what_waits_is_stored_again() {
    let dom0 = running(|_| {});
    change(&dom0, |web| {
        web["boot"]["cmdline"] = json!("console=hvc0 quiet");
    });
    let stored = "/var/lib/xen/userdata-d.1.6d7e3a0c-3b0f-4a55-9d0e-000000000001.xl";
    let text = dom0.read(stored);
    std::fs::remove_file(dom0.path(stored)).unwrap();
    let said = applied(&dom0, &["apply"]);
    assert!(
        said.contains("web: store the configuration for the guest's own reboot"),
        "{said}"
    );
    assert_eq!(dom0.read(stored), text);
    // Declared as it runs again, the guest's reboot keeps it so.
    change(&dom0, |_| {});
    assert!(!dom0.read(stored).contains("quiet"));
    nothing_to_do(&dom0);
}

#[test]
fn a_guest_that_is_restarted_on_change_is() {
    let restart = |web: &mut Value| web["lifecycle"] = json!({ "onChange": "restart" });
    let dom0 = running(restart);
    // What changes live needs no restart.
    change(&dom0, |web| {
        restart(web);
        web["memoryMib"] = json!(300);
    });
    assert_eq!(domid(&dom0), 1);
    nothing_to_do(&dom0);
    let said = change(&dom0, |web| {
        restart(web);
        web["memoryMib"] = json!(300);
        web["boot"]["cmdline"] = json!("console=hvc0 quiet");
    });
    insta::assert_snapshot!("restart", said);
    assert_eq!(domid(&dom0), 2);
    nothing_to_do(&dom0);
}

#[test]
fn a_guest_that_does_not_shut_down_is_not_restarted() {
    let restart = |web: &mut Value| {
        web["lifecycle"] = json!({ "onChange": "restart", "shutdownTimeoutSeconds": 1 });
    };
    let dom0 = running(restart);
    dom0.write("/xl/deaf", "web\n");
    dom0.declare(&[web(|web| {
        restart(web);
        web["boot"]["cmdline"] = json!("quiet");
    })]);
    let ran = dom0.run(&["apply"]);
    assert_eq!(ran.status, 1);
    insta::assert_snapshot!("deaf", ran.stderr);
    assert_eq!(domid(&dom0), 1);
    dom0.declare(&[web(|web| {
        restart(web);
        web["lifecycle"]["onTimeout"] = json!("destroy");
        web["boot"]["cmdline"] = json!("quiet");
    })]);
    applied(&dom0, &["apply"]);
    assert_eq!(domid(&dom0), 2);
}

#[test]
fn a_guest_that_changes_at_its_next_boot_is_left_alone() {
    let dom0 = running(|_| {});
    let said = change(&dom0, |web| {
        web["lifecycle"] = json!({ "onChange": "next-boot" });
        web["memoryMib"] = json!(300);
        add_disk(web, "live");
    });
    insta::assert_snapshot!("next_boot", said);
    assert_eq!(config(&dom0)["b_info"]["target_memkb"], 256 * 1024);
    dom0.xl(&["reboot", "1"]);
    assert_eq!(config(&dom0)["b_info"]["target_memkb"], 300 * 1024);
    nothing_to_do(&dom0);
}

#[test]
fn what_was_changed_by_hand_is_shown_and_left() {
    let dom0 = running(|_| {});
    dom0.write("/srv/hand.img", "somebody's");
    dom0.xl(&["vcpu-set", "-i", "1", "1"]);
    dom0.xl(&["sched-credit2", "-d", "1", "-w", "999"]);
    dom0.xl(&["block-attach", "1", "vdev=xvdz,target=/srv/hand.img"]);
    dom0.xl(&["network-detach", "1", MAC]);
    let before = config(&dom0);
    let plan = dom0.run(&["plan"]);
    insta::assert_snapshot!("drift", plan.stdout);
    applied(&dom0, &["apply"]);
    assert_eq!(config(&dom0), before);
    // The declaration of one of them changes: that one is made true, the others are left.
    change(&dom0, |web| web["vcpus"] = json!(3));
    let after = config(&dom0);
    assert_eq!(after["b_info"]["avail_vcpus"], json!([0, 1, 2]));
    assert_eq!(after["disks"], before["disks"]);
    assert_eq!(after["nics"], before["nics"]);
}

#[test]
fn a_disk_that_another_has_is_not_attached() {
    let dom0 = running(|_| {});
    let mut mail = guest("mail", 2);
    mail["disks"][0]["path"] = json!("/vmdisks/data.img");
    dom0.declare(&[web(|_| {}), mail]);
    applied(&dom0, &["apply"]);
    // mail is declared no longer and runs on with its disk: by hand, as a foreign domain would.
    let records = dom0.read("/var/lib/domus/guests/mail.json");
    dom0.write(
        "/var/lib/domus/guests/mail.json",
        &records.replace("\"onRemove\": \"shutdown\"", "\"onRemove\": \"keep\""),
    );
    dom0.declare(&[web(|web| add_disk(web, "live"))]);
    let ran = dom0.run(&["apply"]);
    assert_eq!(ran.status, 1);
    assert!(
        ran.stderr.contains(
            "guest web: option disks.data.path: /vmdisks/data.img is in use by domain mail (2)"
        ),
        "{}",
        ran.stderr
    );
    assert_eq!(config(&dom0)["disks"].as_array().unwrap().len(), 1);
}

#[test]
fn xl_that_refuses_a_change_is_told_and_tried_again() {
    let mut dom0 = running(|_| {});
    dom0.fault(Some("fail:vcpu-set"));
    dom0.declare(&[web(|web| web["vcpus"] = json!(3))]);
    let ran = dom0.run(&["apply"]);
    assert_eq!(ran.status, 1);
    assert!(
        ran.stderr
            .contains("guest web: `xl vcpu-set -i 1 3` failed"),
        "{}",
        ran.stderr
    );
    dom0.fault(None);
    let said = applied(&dom0, &["apply"]);
    assert!(said.contains("web: set vCPUs from 2 to 3"), "{said}");
    nothing_to_do(&dom0);
}

/// web on these processors.
fn on(cpu: &Value) -> impl FnOnce(&mut Value) {
    let cpu = cpu.clone();
    |web| web["cpu"] = cpu
}

#[test]
fn what_was_pinned_by_hand_is_seen_and_left() {
    let mut dom0 = running(on(&json!({ "cpus": "2-3" })));
    dom0.xl(&["vcpu-pin", "1", "all", "0", "all"]);
    let plan = dom0.run(&["plan"]);
    assert_eq!(plan.status, 0, "{}", plan.stderr);
    insta::assert_snapshot!("pinned_by_hand", plan.stdout);
    assert_eq!(applied(&dom0, &["apply"]).matches("pin").count(), 0);
    assert!(dom0.xl(&["vcpu-list", "1"]).contains(" 0 / all\n"));
    // One vCPU only; where it would rather run is nobody's affair.
    dom0.xl(&["vcpu-pin", "1", "all", "2,3", "5"]);
    nothing_to_do(&dom0);
    dom0.xl(&["vcpu-pin", "1", "1", "all", "-"]);
    insta::assert_snapshot!("pinned_by_hand_one", dom0.run(&["plan"]).stdout);
    // Once the declaration is another it is made true, for its own reboot, too.
    let said = change(&dom0, on(&json!({ "cpus": ["4", "5,6"] })));
    insta::assert_snapshot!("pinned", said);
    nothing_to_do(&dom0);
    dom0.xl(&["reboot", "1"]);
    applied(&dom0, &["apply"]);
    nothing_to_do(&dom0);
    let list = dom0.xl(&["vcpu-list", "2"]);
    let affinity: Vec<&str> = list
        .lines()
        .skip(1)
        .map(|line| line.rsplit("  ").next().unwrap())
        .collect();
    assert_eq!(affinity, ["4 / all", "5-6 / all", "all / all", "all / all"]);
    // Where xl does not say, what is known is what the guest was started with.
    dom0.xl(&["vcpu-pin", "2", "0", "1", "all"]);
    dom0.fault(Some("fail:vcpu-list"));
    let plan = dom0.run(&["plan"]);
    assert_eq!((plan.status, plan.stdout.as_str()), (0, "nothing to do\n"));
    insta::assert_snapshot!("pins_unknown", plan.stderr);
}

#[test]
fn what_only_the_host_knows_of_processors_is_no_change() {
    // The fake's has 8 processors.
    for cpu in [
        json!({ "cpus": "all,^0", "cpusSoft": "0-15" }),
        json!({ "cpus": "0-7" }),
        json!({ "cpus": ["all", "1"], "cpusSoft": ["2"] }),
    ] {
        let dom0 = running(on(&cpu));
        // Taken back: all of it is free again.
        change(&dom0, |_| {});
        nothing_to_do(&dom0);
        let list = dom0.xl(&["vcpu-list", "1"]);
        assert_eq!(list.matches("all / all").count(), 4, "{cpu}: {list}");
        dom0.xl(&["vcpu-pin", "1", "2", "3", "-"]);
        assert!(dom0.run(&["plan"]).stdout.contains("cpus"), "{cpu}");
    }
}

#[test]
fn of_guests_that_run_anywhere_nobody_asks_where() {
    let mut dom0 = running(|_| {});
    dom0.fault(Some("fail:vcpu-list"));
    let ran = dom0.run(&["apply"]);
    assert_eq!((ran.status, ran.stderr.as_str()), (0, ""));
    // The placement that libxl chose is no difference.
    dom0.fault(None);
    dom0.xl(&["vcpu-pin", "1", "all", "0-3", "0-3"]);
    nothing_to_do(&dom0);
}
