//! Differences in reading a disk.

use xl_cfg::SpecError;

use super::{InStrings, Repair, shows};
use crate::Answer;

/// The texts of a disk, by xl-cfg's key and libxl's member.
const TEXTS: [(&str, &str); 6] = [
    ("backend", "backend_domname"),
    ("script", "script"),
    ("colo-host", "colo_host"),
    ("colo-export", "colo_export"),
    ("active-disk", "active_disk"),
    ("hidden-disk", "hidden_disk"),
];

/// The differences in reading a disk.
pub const IN_DISKS: &[InStrings] = &[
    InStrings {
        name: "a line break in a disk string",
        reason: "Xen keeps or drops white space around one by rules that nobody would guess, and some of them end xl",
        example: "/a,raw,xvda,\nrw",
        repair: |stricter| {
            let whole = matches!(stricter.error, SpecError::Unknown { word, .. } if shows(word, stricter.spec));
            (whole && stricter.spec.contains('\n')).then_some(Repair::AsItStands)
        },
    },
    InStrings {
        name: "a = at the end of a disk string",
        reason: "as in files, Xen drops a stray last character without a word: `/a,raw,xvda,format=` is no format",
        example: "/a,raw,xvda,rw=",
        repair: |stricter| {
            let text = stricter.spec.strip_suffix('=')?;
            Some(Repair::Text(text.into()))
        },
    },
    InStrings {
        name: "a vdev that libxl refuses",
        reason: "xlu_disk_parse takes any text; libxl__device_disk_dev_number refuses it when the guest starts",
        example: "/a,raw,xvda-1,rw",
        repair: |stricter| {
            let vdev = stricter.value_is("vdev", "vdev")?;
            (!ordinary(vdev)).then(|| stricter.with(vdev, "xvda"))
        },
    },
    InStrings {
        name: "an empty vdev",
        reason: "xlu_disk_parse takes it; libxl refuses it when the guest starts",
        example: "vdev=,format=raw,target=/a",
        repair: |stricter| {
            let empty = *stricter.theirs.member("vdev") == Answer::from("");
            (empty && stricter.missing("vdev")).then_some(Repair::AsItStands)
        },
    },
    InStrings {
        name: "an empty target",
        reason: "xlu_disk_parse takes it for any disk; only a CD drive can be empty when the guest starts",
        example: "vdev=xvda,target=",
        repair: |stricter| {
            let theirs = stricter.theirs;
            let empty = *theirs.member("pdev_path") == Answer::from("")
                && *theirs.member("is_cdrom") == Answer::Integer(0);
            (empty && stricter.missing("target")).then_some(Repair::AsItStands)
        },
    },
    InStrings {
        name: "the format empty with a target",
        reason: "libxl refuses it when the guest starts",
        example: "format=empty,vdev=xvda,target=/a",
        repair: |stricter| {
            let empty = stricter.value_is("format", "format") == Some("empty");
            empty.then_some(Repair::AsItStands)
        },
    },
    InStrings {
        name: "an empty text of a disk",
        reason: "nothing is named so; leaving the key out says that there is none",
        example: "script=,vdev=xvda,target=/a",
        repair: |stricter| {
            let of = |(key, member): &(&str, &str)| stricter.value_is(key, member) == Some("");
            TEXTS.iter().any(of).then_some(Repair::AsItStands)
        },
    },
    InStrings {
        name: "a control character in a disk's text",
        reason: "no path or name that a person means has one, and xenstore and logs carry it badly",
        example: "vdev=xvda,target=/a\tb",
        repair: |stricter| {
            let mut texts = TEXTS.iter().chain(&[("target", "pdev_path")]);
            let value = texts.find_map(|(key, member)| stricter.value_is(key, member))?;
            let clean = value.replace(char::is_control, "_");
            (clean != value).then(|| stricter.with(value, &clean))
        },
    },
    InStrings {
        name: "a colo-port that is no port",
        reason: "Xen's atoi drops what comes after the number, and wraps one that is too large",
        example: "colo-port=80x,vdev=xvda,target=/a",
        repair: |stricter| {
            let port = stricter.value("colo-port")?;
            // xl-cfg takes white space in front, as atoi does.
            let plain = port.trim_start_matches([' ', '\t', '\x0b', '\x0c', '\r']);
            let number = plain.bytes().all(|byte| byte.is_ascii_digit());
            let fits = number && plain.parse::<u16>().is_ok_and(|port| port != 0);
            let old = format!("colo-port={port}");
            (!fits).then(|| stricter.with(&old, "colo-port=1"))
        },
    },
];

/// Names that everybody uses: no error about one of these can be meant.
fn ordinary(vdev: &str) -> bool {
    let named = |bus: &str, letters: &[u8], last: u32| {
        let ascii = vdev.strip_prefix(bus).filter(|rest| rest.is_ascii());
        ascii.is_some_and(|rest| {
            let (letter, partition) = rest.split_at(rest.len().min(1));
            let partition_fits = partition.is_empty()
                || !partition.starts_with(['0', '+'])
                    && partition.parse::<u32>().is_ok_and(|number| number <= last);
            partition_fits
                && letter.bytes().all(|letter| letters.contains(&letter))
                && !letter.is_empty()
        })
    };
    named("xvd", b"abcdefghijklmnopqrstuvwxyz", 255)
        || named("hd", b"abcd", 63)
        || named("sd", b"abcdefghijklmnop", 15)
        || (!vdev.starts_with('0')
            && vdev.bytes().all(|byte| byte.is_ascii_digit())
            && vdev.parse::<i32>().is_ok())
}
