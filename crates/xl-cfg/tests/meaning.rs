//! What two configurations mean, however they are spelled.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use xl_cfg::Config;
use xl_cfg::meaning::{Meaning, same};

fn differences(one: &str, other: &str) -> Vec<String> {
    let of = |text: &str| Meaning::of(&Config::parse(text).unwrap());
    of(one)
        .differences(&of(other))
        .into_iter()
        .map(|difference| difference.key)
        .collect()
}

#[test]
fn one_meaning_in_many_spellings() {
    for (one, other) in [
        (
            "name = 'a'\nmemory = 0x100\n",
            "memory = '256'\nname = \"a\"\nmaxmem = 256\ntype = 'pv'\n",
        ),
        (
            "builder = 'hvm'\nstdvga = 1\nfirmware = 'uefi'\n",
            "type = 'hvm'\nvga = 'stdvga'\nbios = 'ovmf'\n",
        ),
        (
            "root = '/dev/xvda'\nextra = 'ro'\n",
            "cmdline = 'root=/dev/xvda ro'\n",
        ),
        (
            "disk = [ '/b,raw,xvdb', '/a,,xvda' ]\n",
            "disk = [ 'vdev=xvda,target=/a', 'format=raw,vdev=xvdb,access=rw,target=/b' ]\n",
        ),
        (
            "vif = [ '' ]\n",
            "vif = [ 'mac=00:16:3e:00:00:01,bridge=xenbr0' ]\nuuid = '3f0e5c1a-7d3b-4c55-9a6e-2f0b6a1d4e77'\n",
        ),
        (
            "vfb = [ 'vncpasswd=one,vnc=1' ]\nvif = []\n",
            "vfb = [ 'vnc=1,vncpasswd=two' ]\n",
        ),
        (
            "boot = 'c'\nfrob = 1\nvcpus = 1\n",
            "on_crash = 'destroy'\n",
        ),
    ] {
        assert_eq!(differences(one, other), [""; 0], "{one}\n{other}");
    }
}

#[test]
fn values_of_one_key() {
    let value = |text: &str| {
        Config::parse(&format!("a = {text}"))
            .unwrap()
            .get("a")
            .unwrap()
            .clone()
    };
    let same = |key: &str, one: &str, other: &str| same(key, &value(one), &value(other));
    assert!(same("memory", "0x100", "'256'"));
    assert!(same(
        "disk",
        "[ '/a,raw,xvda', '/b,,xvdb' ]",
        "[ 'vdev=xvdb,target=/b', 'vdev=xvda,target=/a' ]"
    ));
    assert!(!same("disk", "[ '/a,raw,xvda' ]", "[ '/a,qcow2,xvda' ]"));
    assert!(same("type", "'hv'", "'hvm'"));
    assert!(!same("cpus", "'0-1'", "'0-2'"));
    assert!(!same("unheard_of", "1", "2"));
    // Passwords too: what is compared is the caller's to choose.
    assert!(!same("vfb", "[ 'vncpasswd=one' ]", "[ 'vncpasswd=two' ]"));
}

#[test]
fn what_differs() {
    let disks = "disk = [ '/b,raw,xvdb', '/a,raw,xvda' ]\n";
    let others = "disk = [ '/a,raw,xvda', '/b,raw,xvdb' ]\n";
    let pygrub = |disks: &str| format!("bootloader = 'pygrub'\n{disks}");
    assert_eq!(differences(&pygrub(disks), &pygrub(others)), ["disk"]);
    assert_eq!(
        differences("memory = 256\n", "memory = 512\n"),
        ["maxmem", "memory"]
    );
    assert_eq!(
        differences(
            "vif = [ 'mac=00:16:3e:00:00:01' ]\n",
            "vif = [ 'mac=00:16:3e:00:00:02' ]\n"
        ),
        ["vif"]
    );
    assert_eq!(
        differences("vncpasswd = 'x'\ntype = 'hvm'\n", "type = 'hvm'\n"),
        ["vncpasswd"]
    );
}
