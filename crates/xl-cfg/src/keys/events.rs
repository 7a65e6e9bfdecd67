//! What happens when the guest ends.
//!
//! The xl that watches the guest reads these once, when the guest starts: `xl config-update` does not reach the
//! shutdown that comes next, only those after it.

use super::Seen;
use super::info::{KeyInfo, Types, key};
use super::shape::{Shape, Words, exact};
use Seen::Created;

const ACTION: Shape = Shape::Words(Words {
    later: &[("soft-reset", 7)],
    ..exact(&[
        "destroy",
        "restart",
        "rename-restart",
        "preserve",
        "coredump-destroy",
        "coredump-restart",
    ])
});
const NOTE: &str = "xl refuses any other word. A new value holds from the shutdown after the next.";

pub(super) const KEYS: &[KeyInfo] = &[
    key(
        "on_poweroff",
        ACTION,
        "What to do when the guest shuts itself down.",
    )
    .default("destroy")
    .seen(&[Created("/on_poweroff")])
    .note(NOTE),
    key(
        "on_reboot",
        ACTION,
        "What to do when the guest asks for a reboot.",
    )
    .default("restart")
    .seen(&[Created("/on_reboot")])
    .note(NOTE),
    key(
        "on_watchdog",
        ACTION,
        "What to do when the guest's watchdog in Xen runs out.",
    )
    .default("destroy")
    .seen(&[Created("/on_watchdog")])
    .note(NOTE),
    key("on_crash", ACTION, "What to do when the guest crashes.")
        .default("destroy")
        .seen(&[Created("/on_crash")])
        .note(NOTE),
    key(
        "on_soft_reset",
        ACTION,
        "What to do when the guest asks to be reset and to go on, as kexec does.",
    )
    .since(7)
    .on(Types::PVH_HVM)
    .default("soft-reset")
    .seen(&[Created("/on_soft_reset")])
    .note(NOTE),
];
