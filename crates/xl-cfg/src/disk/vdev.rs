//! The names of disks that libxl knows.

use crate::SpecError;

/// Checks a vdev as `libxl__device_disk_dev_number` in `libxl_device.c` does; see also xen-vbd-interface(7).
pub(super) fn check(vdev: &str) -> Result<(), SpecError> {
    let known = named(vdev, "xvd", (1 << 20) - 1, 255)
        || named(vdev, "hd", 3, 63)
        || named(vdev, "sd", 15, 15)
        || by_number(vdev)
        || any_base(vdev).is_some_and(|number| number <= 0x7fff_ffff);
    if known {
        return Ok(());
    }
    let reason = if vdev.starts_with("hd") && vdev.len() > 2 {
        "xl knows hda to hdd, with a number to 63 for a partition"
    } else if vdev.starts_with("sd") && vdev.len() > 2 {
        "xl knows sda to sdp, with a number to 15 for a partition"
    } else {
        "it must be like xvda, hda or sda, with a number for a partition"
    };
    Err(SpecError::value("vdev", vdev, reason))
}

/// `xvdb2`: letters count disks as in a spreadsheet, from `a`.
fn named(vdev: &str, bus: &str, last_disk: u32, last_partition: u32) -> bool {
    let Some(rest) = vdev.strip_prefix(bus) else {
        return false;
    };
    let letters = rest.bytes().take_while(u8::is_ascii_lowercase).count();
    let disk = rest.bytes().take(letters).try_fold(0_u32, |disk, letter| {
        let disk = disk * 26 + u32::from(letter - b'a') + 1;
        (disk <= last_disk + 1).then_some(disk)
    });
    let partition = &rest[letters..];
    let partition_fits = partition.is_empty()
        || (!partition.starts_with(['0', '+'])
            && partition
                .parse::<u32>()
                .is_ok_and(|number| number <= last_partition));
    letters > 0 && disk.is_some() && partition_fits
}

/// `d1p2`: the disk's and the partition's number.
fn by_number(vdev: &str) -> bool {
    let Some((disk, partition)) = vdev.strip_prefix('d').and_then(|rest| rest.split_once('p'))
    else {
        return false;
    };
    any_base(disk).is_some_and(|disk| disk < 1 << 20)
        && any_base(partition).is_some_and(|partition| partition < 256)
}

fn any_base(text: &str) -> Option<u32> {
    crate::number::any_base("vdev", text, 0..=u32::MAX)
        .ok()
        .filter(|_| text.starts_with(|c: char| c.is_ascii_digit()))
}
