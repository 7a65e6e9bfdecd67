//! Disks.

use std::borrow::Cow;
use std::sync::LazyLock;

use xl_cfg::disk::{BackendType, Disk, Specification};

use super::Grammar;
use crate::outcome::Outcome;
use crate::stricter::IN_DISKS;
use crate::{Answer, Verdict};

/// Whether both accept a disk string and understand the same, or both refuse it.
///
/// What this Xen is too old for is left out on both sides.
#[must_use]
pub fn disk(spec: &str) -> Outcome {
    DISK.compare(&for_this_xen(spec))
}

/// Whether Xen reads a disk as it is meant in what xl-cfg writes, and xl-cfg reads it back.
#[must_use]
pub fn disk_written(disk: &Disk) -> Outcome {
    let mut disk = disk.clone();
    disk.untrusted &= KNOWS_TRUSTED.to_owned();
    disk.grant_usage = disk.grant_usage.filter(|_| *KNOWS_GRANT_USAGE);
    // What the string cannot carry is refused when it is written.
    let Ok(spec) = disk.to_spec() else {
        return Outcome::Refused;
    };
    match Disk::parse(&spec) {
        Ok(read) if read == disk => DISK.compare(&spec),
        read => Outcome::Disagreement(format!("xl-cfg writes {spec:?}\nand reads     {read:?}")),
    }
}

/// Whether the Xen that is asked knows `trusted` and `untrusted`. They came with 4.17, but its sources have an older
/// output of flex beside them, which is what a build without flex uses: Debian's does not know them.
pub static KNOWS_TRUSTED: LazyLock<bool> = LazyLock::new(|| knows("untrusted"));

/// Whether the Xen that is asked knows `grant_usage`, which came with 4.19.
pub static KNOWS_GRANT_USAGE: LazyLock<bool> = LazyLock::new(|| knows("grant_usage=1"));

fn knows(word: &str) -> bool {
    let spec = format!("{word},vdev=xvda,target=/a");
    matches!(crate::disk(spec.as_bytes()), Verdict::Accepted(_))
}

/// Puts a word that any Xen knows in the place of those that this one does not.
fn for_this_xen(spec: &str) -> Cow<'_, str> {
    let mut spec = Cow::Borrowed(spec);
    for (known, word) in [
        (&KNOWS_TRUSTED, "untrusted"),
        (&KNOWS_TRUSTED, "trusted"),
        (&KNOWS_GRANT_USAGE, "grant_usage=0"),
        (&KNOWS_GRANT_USAGE, "grant_usage=1"),
    ] {
        if !**known && spec.contains(word) {
            spec = spec.replace(word, "discard").into();
        }
    }
    spec
}

const DISK: Grammar = Grammar {
    ours: |spec| Disk::parse(spec).map(|disk| (of_disk(&disk), disk.to_spec())),
    theirs: |spec| {
        Ok(match crate::disk(spec.as_bytes()) {
            Verdict::Accepted(answer) => Verdict::Accepted(plain_disk(&answer)),
            other => other,
        })
    },
    differences: IN_DISKS,
};

/// A disk as libxl's structure has it after `xlu_disk_parse`, but for what says nothing: see [`plain_disk`].
fn of_disk(disk: &Disk) -> Answer {
    let text = |text: &Option<String>| text.as_deref().map(Answer::from);
    let colo = &disk.colo;
    members! {
        "backend_domname": text(&disk.backend),
        "pdev_path": disk.target.as_str(),
        "vdev": disk.vdev.as_str(),
        "backend": disk.backend_type.map_or("unknown", BackendType::as_str),
        "format": if disk.target.is_empty() { "empty" } else { disk.format.as_str() },
        "script": text(&disk.script),
        "removable": disk.cdrom,
        "readwrite": disk.access.as_str() == "rw",
        "is_cdrom": disk.cdrom,
        "direct_io_safe": disk.direct_io_safe,
        "discard_enable": disk.discard.map_or("<default>", |on| if on { "True" } else { "False" }),
        "specification": disk.specification.as_str(),
        "transport": "unknown",
        "irq": false,
        "colo_enable": colo.enabled,
        "colo_host": text(&colo.host),
        "colo_port": Answer::Integer(colo.port.unwrap_or_default().into()),
        "colo_export": text(&colo.export),
        "active_disk": text(&colo.active_disk),
        "hidden_disk": text(&colo.hidden_disk),
        "trusted": !disk.untrusted,
    }
}

/// What libxl means by a disk: no target is an empty one, and a default is what libxl makes of it.
fn plain_disk(answer: &Answer) -> Answer {
    let plain = |member: &Answer| {
        let [Answer::String(name), value] = member.as_list() else {
            return member.clone();
        };
        let text = match value {
            Answer::String(text) => text.as_slice(),
            _ => b"",
        };
        let value = match (name.as_slice(), text) {
            (b"pdev_path", b"") => Answer::from(""),
            (b"specification", b"unknown") => Answer::from(Specification::Xen.as_str()),
            (b"colo_enable", text) => Answer::from(text == b"True"),
            (b"trusted", text) => Answer::from(text != b"False"),
            _ => value.clone(),
        };
        Answer::List(vec![Answer::String(name.clone()), value])
    };
    answer.as_list().iter().map(plain).collect()
}
