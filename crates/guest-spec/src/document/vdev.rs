//! The places of a guest's disks (xen-vbd-interface(7); `libxl__device_disk_dev_number` in `libxl_device.c`).

/// A place among a guest's disks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Place {
    pub(crate) family: Family,
    /// 0 is `xvda`, `hda` or `sda`.
    pub(crate) disk: u32,
    /// 0 is the whole disk.
    pub(crate) partition: u32,
}

/// A kind of vdev.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Family {
    /// `xvda`, also written `d0p0` and `51712`.
    Xvd,
    /// `hda` to `hdd`.
    Hd,
    /// `sda` to `sdp`.
    Sd,
    /// A number that is none of these.
    Number,
}

/// The place of a vdev, in any of xl's spellings; nothing for what is none.
pub(crate) fn place(vdev: &str) -> Option<Place> {
    named(vdev, "xvd", Family::Xvd, (1 << 20) - 1, 255)
        .or_else(|| named(vdev, "hd", Family::Hd, 3, 63))
        .or_else(|| named(vdev, "sd", Family::Sd, 15, 15))
        .or_else(|| by_disk(vdev))
        .or_else(|| by_number(vdev))
}

/// Whether a number is written so, which QEMU is not told of (`libxl_dm.c`: `libxl__device_disk_dev_number` gives
/// no disk for it).
pub(crate) fn is_number(vdev: &str) -> bool {
    vdev.starts_with(|c: char| c.is_ascii_digit())
}

fn named(vdev: &str, bus: &str, family: Family, last: u32, partitions: u32) -> Option<Place> {
    let rest = vdev.strip_prefix(bus)?;
    let digits = rest.trim_start_matches(|c: char| c.is_ascii_lowercase());
    let letters = &rest[..rest.len() - digits.len()];
    let disk = letters.bytes().try_fold(0_u32, |disk, letter| {
        let disk = disk * 26 + u32::from(letter - b'a') + 1;
        (disk <= last + 1).then_some(disk)
    })?;
    let partition = match digits {
        "" => 0,
        _ if digits.starts_with('0') || !digits.bytes().all(|b| b.is_ascii_digit()) => return None,
        _ => digits.parse().ok().filter(|number| *number <= partitions)?,
    };
    let disk = disk.checked_sub(1)?;
    Some(Place {
        family,
        disk,
        partition,
    })
}

/// `d1p2`.
fn by_disk(vdev: &str) -> Option<Place> {
    let (disk, partition) = vdev.strip_prefix('d')?.split_once('p')?;
    Some(Place {
        family: Family::Xvd,
        disk: number(disk).filter(|disk| *disk < 1 << 20)?,
        partition: number(partition).filter(|partition| *partition < 256)?,
    })
}

/// `51712`, by the numbers that xen-vbd-interface(7) gives.
fn by_number(vdev: &str) -> Option<Place> {
    let number = number(vdev).filter(|number| *number <= 0x7fff_ffff)?;
    let low = number & 0xff;
    let (family, disk, partition) = match number >> 8 {
        major if major >> 20 == 1 => (Family::Xvd, major & 0xf_ffff, low),
        202 => (Family::Xvd, low >> 4, low & 15),
        8 => (Family::Sd, low >> 4, low & 15),
        3 if low < 128 => (Family::Hd, low >> 6, low & 63),
        22 if low < 128 => (Family::Hd, 2 + (low >> 6), low & 63),
        _ => (Family::Number, number, 0),
    };
    Some(Place {
        family,
        disk,
        partition,
    })
}

/// A number as C reads it: hexadecimal after `0x`, octal after `0`.
fn number(text: &str) -> Option<u32> {
    let (digits, radix) = match text.strip_prefix("0x") {
        Some(digits) => (digits, 16),
        None if text.len() > 1 && text.starts_with('0') => (&text[1..], 8),
        None => (text, 10),
    };
    let plain = digits.starts_with(|c: char| c.is_digit(radix));
    u32::from_str_radix(digits, radix).ok().filter(|_| plain)
}

/// What decides where a vdev stands among others: `xvda`, `xvda1`, `xvdb`, `xvdaa`; those without a name last.
pub(crate) fn position(vdev: &str) -> (usize, &'static str, u32, u32) {
    let Some(place) = place(vdev) else {
        return (usize::MAX, "", 0, 0);
    };
    let bus = match place.family {
        Family::Hd => "hd",
        Family::Sd => "sd",
        Family::Xvd => "xvd",
        Family::Number => return (usize::MAX, "", place.disk, 0),
    };
    // As long as its name: hda and sda stand before every xvda, as they always did.
    let mut letters = 1;
    let mut rest = place.disk;
    while rest >= 26 {
        rest = rest / 26 - 1;
        letters += 1;
    }
    (bus.len() + letters, bus, place.disk, place.partition)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vdevs_stand_in_the_order_of_the_guest() {
        let mut vdevs = [
            "0x7f00", "xvdaa", "xvdb", "xvda10", "d0p3", "xvda2", "xvda", "sda", "hdb", "51715",
        ];
        vdevs.sort_by_key(|vdev| position(vdev));
        assert_eq!(
            vdevs,
            [
                "hdb", "sda", "xvda", "xvda2", "d0p3", "51715", "xvda10", "xvdb", "xvdaa", "0x7f00"
            ]
        );
    }

    #[test]
    fn the_spellings_of_a_place_are_one() {
        for [left, right] in [
            ["xvda", "d0p0"],
            ["xvdb3", "51731"],
            ["xvdb3", "0xca13"],
            ["xvdq", "d16p0"],
            ["xvdq1", "268439553"],
            ["hda", "0x0300"],
            ["hdd63", "5759"],
            ["sdc", "04040"],
        ] {
            assert_eq!(place(left), place(right), "{left} {right}");
            assert!(place(left).is_some(), "{left}");
        }
        assert_ne!(place("xvda"), place("hda"));
        assert_eq!(place("0x7f00").unwrap().family, Family::Number);
    }

    #[test]
    fn what_is_none() {
        for bad in [
            "",
            "xvd",
            "xvda0",
            "xvda256",
            "xvda+1",
            "hde",
            "hda64",
            "sdq",
            "sda16",
            "vda",
            "XVDA",
            "nvme0",
            "d1",
            "d1p256",
            "d1048576p0",
            "2147483648",
            "0x",
            "08",
            "-1",
            "xvdcccccccc",
        ] {
            assert_eq!(place(bad), None, "{bad}");
        }
        // As the writer of xl.cfg, which would refuse them.
        for vdev in ["xvda255", "xvdzzz", "hdd63", "sdp15", "d0x1p0", "0"] {
            assert!(
                xl_cfg::disk::Disk::new("/a", vdev).to_spec().is_ok(),
                "{vdev}"
            );
            assert!(place(vdev).is_some(), "{vdev}");
        }
    }
}
