//! Strings for the grammars of devices.

use crate::mutate::damaged;
use crate::random::Random;

/// What the strings of a grammar are made of.
pub struct Alphabet {
    /// Strings that are valid.
    pub examples: &'static [&'static str],
    /// Keys with their values, flags, and what stands between commas.
    pub words: &'static [&'static str],
    /// Smaller pieces.
    pub pieces: &'static [&'static str],
    /// What makes a string whole when it stands at its end; some get it.
    pub ends: &'static [&'static str],
}

/// A string of a grammar, or nearly: valid UTF-8, without a NUL.
#[must_use]
pub fn string(random: &mut Random, alphabet: &Alphabet) -> String {
    let made: Vec<u8> = match random.below(7) {
        5 | 6 => {
            let mut whole = soup(random, alphabet.words, 3, ",");
            if !whole.is_empty() && !whole.ends_with(b":") {
                whole.push(b',');
            }
            whole.extend_from_slice(random.pick(alphabet.ends).as_bytes());
            whole
        }
        0 => soup(random, alphabet.pieces, 12, ""),
        1 | 2 => soup(random, alphabet.words, 8, ","),
        3 => {
            let mixed = soup(random, alphabet.words, 6, ",");
            damaged(random, mixed, &bytes(alphabet.pieces))
        }
        _ => {
            let example = random.pick(alphabet.examples).as_bytes().to_vec();
            damaged(random, example, &bytes(alphabet.pieces))
        }
    };
    String::from_utf8_lossy(&made).replace('\0', "0")
}

fn bytes(pieces: &'static [&'static str]) -> Vec<&'static [u8]> {
    pieces.iter().map(|piece| piece.as_bytes()).collect()
}

fn soup(random: &mut Random, of: &[&str], limit: usize, between: &str) -> Vec<u8> {
    let parts: Vec<&str> = (0..random.few(limit)).map(|_| random.pick(of)).collect();
    parts.join(between).into_bytes()
}

/// Disks.
#[rustfmt::skip]
pub const DISK: Alphabet = Alphabet {
    examples: &[
        "/dev/vg/root,raw,xvda,rw", "/a.qcow2,qcow2,hda,r", "format=raw,vdev=xvda,access=rw,target=/vm/a,b.img",
        "vdev=hdc,access=ro,cdrom,target=", ",hdc:cdrom,r", "phy:/dev/x,xvda1,w", "tap:aio:/a,sda,w",
        "nbd:host,xvdb,rw", "format=vhd,vdev=xvdb,backendtype=tap,script=block-x,discard,target=thing",
        "backend=storage,specification=virtio,untrusted,direct-io-safe,vdev=xvdaa,target=x",
        "colo,colo-host=1.2.3.4,colo-port=80,colo-export=q,active-disk=/a,hidden-disk=/b,vdev=xvda,target=/c",
        "/dev/cdrom,raw,hdc:cdrom,ro",
    ],
    words: &[
        "/a", "/a", "/a", "a", "", "raw", "qcow2", "vhd", "qed", "empty", "xvda", "xvda", "hdc", "sda1", "hdc:cdrom",
        "xvda:disk", "rw", "r", "w", "ro", "cdrom", "devtype=cdrom", "devtype=disk", "devtype=tape", "format=raw",
        "format=qcow2", "format=", "format=empty", "vdev=xvda", "vdev=xvda", "vdev=xvdb", "vdev=", "vdev=d1p2",
        "vdev=51712", "access=rw", "access=ro", "access=", "backend=dom", "backend=", "backendtype=phy",
        "backendtype=qdisk", "backendtype=tap", "backendtype=standalone", "backendtype=x", "specification=xen",
        "specification=virtio", "script=block-x", "script=", "direct-io-safe", "discard", "no-discard", "colo",
        "no-colo", "colo-host=h", "colo-port=80", "colo-port=0", "colo-port=80x", "colo-port= 7", "colo-port=99999",
        "colo-port=-1", "colo-export=e", "active-disk=/b", "hidden-disk=/c", "trusted", "untrusted", "target=/a",
        "target=/a", "target=/b,c", "target=", "target=x", "phy:/dev/x", "phy:", "file:/a", "raw:/a", "qcow2:/a",
        "tap:qcow2:/a", "tap2:aio:/a", "iscsi:x", "nbd:y", "ioemu:/a", "foo:/a", "foo=bar", "foo=b", "f=", "=",
        " /a", " vdev=xvda", "vdev=xvda ", "grant_usage=1", "grant_usage=0", "grant_usage=2", "/a\u{e9}",
    ],
    pieces: &[
        "/a", "a", "raw", "qcow2", "vhd", "xvda", "hdc", ":", ":cdrom", ":disk", "cdrom", ",", ",", ",", "=", "=",
        "target=", "vdev=", "vdev=xvda,", "format=", "access=", "devtype=", "script=", "backend=", "backendtype=",
        "colo", "-", "-port=", "1", "0", " ", "\t", "\n", "phy:", "tap:", "nbd:", "foo:", "discard", "no-", "rw", "w",
        "\u{e9}", "\u{1}", "/", "_", "direct-io-safe", "grant_usage=1",
    ],
    ends: &["vdev=xvda,target=/a", "vdev=hdc,cdrom", "/b,raw,xvdb,rw", "vdev=sda,/c", "target=/d,e", "xvda,w"],
};

/// Rates of vifs.
#[rustfmt::skip]
pub const RATE: Alphabet = Alphabet {
    examples: &[
        "10Mb/s", "250KB/s", "1MB/s@20ms", "1GB/s@1", "4294967295B/s@1us", "0100Kb/s@010ms", "1B/s@4294s",
        "4294967295GB/s@10us", "100Kb/s@50000u", "8b/s@1s",
    ],
    words: &["10Mb/s", "1B/s", "@20ms", "@1", "@5u", "@3s", "@7m", "1Kb/s@1ms"],
    pieces: &[
        "0", "1", "8", "9", "07", "10", "4294967295", "4294967296", "18446744073709551616", "G", "M", "K", "k", "B",
        "b", "/s", "/s", "/", "s", "@", "@", "m", "u", "ms", "us", " ", "-", "+", "0x", "f", ".", "\n", "1MB/s@",
        "GB/s@", "Kb/s",
    ],
    ends: &["1Mb/s", "7B/s@1s"],
};

/// Addresses of PCI devices.
#[rustfmt::skip]
pub const PCI_BDF: Alphabet = Alphabet {
    examples: &["0000:03:00.0", "03:00.0", "ffff:ff:1f.7", "3:0.*", "0:0.0", "a:b.c", "00000003:0000.00007"],
    words: &["0000:03:00.0", "03:1f.*"],
    pieces: &[
        "0", "1", "3", "7", "8", "1f", "20", "ff", "100", "ffff", "10000", "0x", "F", "g", ":", ":", ":", ".", ".",
        "*", " ", "+", "-", "\n", "@", ",", "03:00.0", "ffffffff", "100000000",
    ],
    ends: &["03:00.0"],
};

/// Items of `pci`.
#[rustfmt::skip]
pub const PCI_SPEC: Alphabet = Alphabet {
    examples: &[
        "0000:03:00.0", "03:00.0@1f,permissive=1,msitranslate=0,seize=1,power_mgmt=1,rdm_policy=strict",
        "bdf=0000:03:00.*,vslot=8,seize=1", "name=nic,rdm_policy=relaxed", "03:00.*,power_mgmt=0",
    ],
    words: &[
        "03:00.0", "0000:03:00.1", "03:00.*", "03:00.0@5", "03:00.0@20", "03:00.0@0x5", "03:00.0@", "03:00",
        "bdf=03:00.0", "bdf=0:3:0.0", "bdf=03:00", "bdf=", "name=nic", "name=", "name=a b", "vslot=5", "vslot=0x1f",
        "vslot=20", "vslot= 5", "vslot=-1", "vslot=5x", "vslot=", "permissive=1", "permissive=0", "permissive=2",
        "permissive=yes", "permissive=", "permissive= 1", "permissive=-1", "permissive=01", "permissive=4294967296",
        "permissive=18446744073709551616", "msitranslate=1", "seize=1", "seize=0", "power_mgmt=1",
        "rdm_policy=strict", "rdm_policy=RELAXED", "rdm_policy=invalid", "rdm_policy=x", "rdm_policy=", "foo=1",
        "foo", "", " ", "=", "=1", " seize=1", "seize =1", "Seize=1",
    ],
    pieces: &[
        "03:00.0", "03:00.*", "bdf=", "name=", "vslot=", "permissive=", "seize=", "rdm_policy=", "strict", "0", "1",
        "2", "7", "8", "1f", "0x", "x", ":", ".", "*", "@", ",", ",", "=", " ", "\t", "\n", "-", "+", "yes",
        "\u{e9}", "\u{1}",
    ],
    ends: &["bdf=03:00.0", "name=nic", "seize=1"],
};

/// Strings of `rdm`.
#[rustfmt::skip]
pub const RDM: Alphabet = Alphabet {
    examples: &["strategy=host", "strategy=host,policy=strict", "policy=relaxed", "strategy=host,policy=foo"],
    words: &[
        "strategy=host", "strategy=Host", "strategy=", "strategy=none", "policy=strict", "policy=relaxed",
        "policy=RELAXED", "policy=invalid", "policy=", "policy=foo", "policy", "strategy", "", " ", "foo=bar",
        " policy=strict", "strategy =host", "reserve=none", "type=host",
    ],
    pieces: &[
        "strategy", "policy", "=", "=", "host", "strict", "relaxed", "foo", ",", ",", " ", "\t", "\n", "a", "\u{e9}",
    ],
    ends: &["strategy=host", "policy=foo"],
};
