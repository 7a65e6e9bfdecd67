//! Disks for the writer.

use xl_cfg::disk::{Access, BackendType, Colo, Disk, Format, Specification};

use crate::random::Random;

/// What stands in texts and has tripped other writers; a comma can stand in the target only.
const PIECES: &[&str] = &[
    "/",
    "a",
    "vm",
    "=",
    "=b",
    ":",
    "phy:",
    "raw:",
    " ",
    "cdrom",
    "target=",
    "\u{e9}",
    "-",
    "#",
    "\"",
    "'",
    "\\",
    "%s",
    "[",
    ";",
    "1",
    ".img",
    "format=",
    "hdc:cdrom",
];
const VDEVS: &[&str] = &[
    "xvda", "xvdb1", "hdc", "sda15", "xvdaa", "d1p2", "51712", "0xca00",
];

/// A disk, which xl-cfg may refuse to write for a text that the string cannot carry.
#[must_use]
pub fn disk(random: &mut Random) -> Disk {
    let cdrom = random.once_in(4);
    let target = match random.below(8) {
        0 if cdrom => String::new(),
        0 => text(random),
        // The rest of the string is the target's, commas and all.
        _ => [
            "/",
            &text(random),
            random.pick(&["", ",", ",,", ",b", " ,"]),
        ]
        .concat(),
    };
    let mut disk = Disk::new(target, random.pick(VDEVS));
    disk.cdrom = cdrom;
    disk.format = Format::ALL[random.below(Format::ALL.len())];
    if disk.target.is_empty() {
        disk.format = Format::Raw;
    }
    if cdrom || random.once_in(2) {
        disk.access = Access::ReadOnly;
    }
    disk.backend = some(random);
    disk.script = some(random);
    if random.once_in(3) {
        disk.backend_type = Some(BackendType::ALL[random.below(BackendType::ALL.len())]);
    }
    disk.direct_io_safe = random.once_in(3);
    disk.discard = flag(random);
    disk.untrusted = random.once_in(3);
    disk.specification = Specification::ALL[random.below(Specification::ALL.len())];
    disk.grant_usage = flag(random);
    if random.once_in(3) {
        disk.colo = Colo {
            enabled: random.once_in(2),
            host: some(random),
            port: Some(u16::try_from(random.below(0x1_0000)).unwrap_or_default()),
            export: some(random),
            active_disk: some(random),
            hidden_disk: some(random),
        };
    }
    disk
}

fn text(random: &mut Random) -> String {
    (0..random.few(8)).map(|_| random.pick(PIECES)).collect()
}

fn some(random: &mut Random) -> Option<String> {
    random.once_in(3).then(|| text(random))
}

fn flag(random: &mut Random) -> Option<bool> {
    random.once_in(2).then(|| random.once_in(2))
}
