//! Save files of web, as xl writes them, and what is left of them.

use std::fs::{self, File};
use std::time::{Duration, UNIX_EPOCH};

use serde_json::Value;

use super::{Dom0, guest};

/// The save file of web.
pub const SAVE: &str = "/var/lib/xen/save/web";
/// When it was written: in 2023, before each of these boots.
pub const WRITTEN: u64 = 1_700_000_000;
/// web's.
pub const UUID: &str = "6d7e3a0c-3b0f-4a55-9d0e-000000000001";

/// A Dom0 in its second boot, in which web is saved.
pub fn saved(web: &Value) -> Dom0 {
    let dom0 = Dom0::new();
    dom0.declare(std::slice::from_ref(web));
    assert_eq!(dom0.run(&["apply"]).status, 0);
    dom0.xl(&["save", "1", dom0.path(SAVE).to_str().unwrap()]);
    boot(&dom0);
    old(&dom0);
    dom0
}

/// The Dom0 boots, after the save file was written.
pub fn boot(dom0: &Dom0) {
    dom0.boot("second");
    dom0.write("/proc/stat", "cpu 1 2 3\nbtime 1700000100\nprocesses 1\n");
}

/// The save file was written in the boot before.
pub fn old(dom0: &Dom0) {
    let file = File::options().append(true).open(dom0.path(SAVE)).unwrap();
    let when = UNIX_EPOCH + Duration::from_secs(WRITTEN);
    file.set_modified(when).unwrap();
}

/// The save file becomes these bytes.
pub fn put(dom0: &Dom0, bytes: &[u8]) {
    fs::create_dir_all(dom0.path(SAVE).parent().unwrap()).unwrap();
    fs::write(dom0.path(SAVE), bytes).unwrap();
    old(dom0);
}

/// A Dom0 in its second boot, with a save of web that found no more space.
pub fn partial() -> Dom0 {
    let dom0 = saved(&guest("web", 1));
    let bytes = fs::read(dom0.path(SAVE)).unwrap();
    put(&dom0, &bytes[..bytes.len() - 4000]);
    dom0
}

/// Whether web runs.
pub fn runs(dom0: &Dom0) -> bool {
    dom0.runs("web")
}
