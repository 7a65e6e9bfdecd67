//! `domus host-shutdown`, and what is in the save folder already.

#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod support;

use std::fs;

use support::all;
use support::going_down::{dom0, domains, domid, saves, shut_down, shut_down_on};

#[test]
fn another_domains_save_file_is_left() {
    let dom0 = dom0("inactive");
    fs::create_dir_all(dom0.path("/var/lib/xen/save")).unwrap();
    let file = dom0.path("/var/lib/xen/save/hand");
    dom0.xl(&["save", &domid(&dom0, "hand"), file.to_str().unwrap()]);
    for name in ["web", "mail"] {
        fs::copy(&file, dom0.path(&format!("/var/lib/xen/save/{name}"))).unwrap();
    }
    let ran = shut_down(&dom0);
    assert_eq!(ran.status, 0, "{}", all(&ran));
    insta::assert_snapshot!("others_save", all(&ran));
    assert_eq!(domains(&dom0), [""; 0]);
    assert_eq!(saves(&dom0), ["db", "hand", "mail", "web"]);
    assert_eq!(
        fs::read(dom0.path("/var/lib/xen/save/web")).unwrap(),
        fs::read(file).unwrap()
    );
}

#[test]
fn what_was_moved_aside_stays_and_is_said() {
    let dom0 = dom0("inactive");
    let save = |name: &str| dom0.path(&format!("/var/lib/xen/save/{name}"));
    assert_eq!(shut_down(&dom0).status, 0);
    let bytes = fs::read(save("web")).unwrap();
    dom0.boot("second");
    assert_eq!(dom0.run(&["apply", "--stage", "guests"]).status, 0);
    fs::write(save("web"), &bytes).unwrap();
    fs::write(save(".web.old"), "an older one").unwrap();
    // A power cut took the Dom0 in a save; what it left fills the folder.
    fs::write(save(".web.saving"), "a part").unwrap();
    assert_eq!(shut_down(&dom0).status, 0);
    assert_eq!(fs::read(save(".web.old")).unwrap(), b"an older one");
    let names = saves(&dom0);
    assert!(
        names.iter().any(|name| name.starts_with(".web.old-")),
        "{names:?}"
    );
    assert!(!dom0.has("/var/lib/xen/save/.web.saving"), "{names:?}");
    fs::write(save(".mail.saving"), "a part").unwrap();
    let said = dom0.run(&["plan"]).stdout;
    assert!(
        said.contains("ran beside a save file when the Dom0 went down"),
        "{said}"
    );
    assert!(
        said.contains("has a save that was cut off before it was done"),
        "{said}"
    );
}

#[test]
fn a_save_that_is_whole_is_kept_though_xl_failed() {
    let dom0 = dom0("inactive");
    dom0.write("/xl/save-late", "web\n");
    let ran = shut_down(&dom0);
    assert_eq!(ran.status, 0, "{}", all(&ran));
    assert!(
        ran.stderr
            .contains("guest web is saved, though xl did not say so"),
        "{}",
        ran.stderr
    );
    assert_eq!(saves(&dom0), ["db", "web"]);
    assert_eq!(domains(&dom0), [""; 0]);
}

#[test]
fn a_save_file_of_the_past_and_a_paused_guest() {
    let dom0 = dom0("inactive");
    // Nobody could restore it.
    dom0.write("/var/lib/xen/save/mail", "");
    dom0.xl(&["pause", &domid(&dom0, "web")]);
    let ran = shut_down(&dom0);
    assert_eq!(ran.status, 0);
    let said = all(&ran);
    let at = said.find(".mail.old-").unwrap() + ".mail.old-".len();
    let said = format!(
        "{}{}",
        &said[..at],
        said[at..].trim_start_matches(|c: char| c.is_ascii_digit())
    );
    insta::assert_snapshot!("paused", said);
    assert_eq!(saves(&dom0).len(), 3);
    assert!(saves(&dom0)[0].starts_with(".mail.old-"));
}

/// A guest needs 292 MiB; a power cut in an earlier save left 64 of 320.
#[test]
fn what_a_save_left_half_written_keeps_no_guest_from_being_saved() {
    let dom0 = dom0("inactive");
    let fill =
        "mount -t tmpfs -o size=320M none \"$0\" && head -c 64M /dev/zero > \"$0/.web.saving\"";
    if let Some(ran) = shut_down_on(&dom0, fill) {
        assert_eq!(ran.status, 0, "{}", all(&ran));
        assert!(ran.stdout.contains("web: saved in"), "{}", all(&ran));
    }
}
