//! `disk`, and the folders of `p9`.

use serde_json::Value as Json;
use xl_cfg::Value;
use xl_cfg::disk::{Access, Colo, Disk, Specification};
use xl_cfg::p9::{P9, P9Kind};

use super::item::Item;
use super::source::{Source, spec};

pub(super) fn read(source: &mut Source) {
    source.list("disk", "/disks", |item, _| disk(item));
    source.list("p9", "/p9s", share);
}

fn disk(item: &mut Item) -> Option<Value> {
    // libxl may show a file of its own for a drive without a disc: that stays unread.
    let is_empty = item.get("format").is_some_and(|json| json == "empty");
    item.skip("pdev_path", |json| is_empty && json == "");
    let target = if is_empty {
        String::new()
    } else {
        item.text("pdev_path").unwrap_or_default()
    };
    let vdev = item.text("vdev")?;
    let cdrom = item.on("is_cdrom");
    let mut disk = Disk::new(target, vdev);
    disk.cdrom = cdrom;
    // A CD drive is removable and nothing else is (`xlu_disk_parse`).
    item.skip("removable", |json| json.as_u64() == Some(u64::from(cdrom)));
    disk.access = if item.on("readwrite") {
        Access::ReadWrite
    } else {
        Access::ReadOnly
    };
    // libxl's word for the format of a drive without a disc is none of xl's.
    if is_empty || disk.target.is_empty() {
        item.take("format", |json| (json == "empty").then_some(()))?;
    } else {
        disk.format = item.word("format")?;
    }
    disk.backend = item.backend();
    disk.backend_type = item.word("backend");
    disk.script = item.text("script");
    disk.direct_io_safe = item.on("direct_io_safe");
    disk.discard = item.flag("discard_enable");
    disk.untrusted = item.flag("trusted") == Some(false);
    disk.specification = item.word("specification").unwrap_or(Specification::Xen);
    disk.grant_usage = item.flag("grant_usage");
    disk.colo = Colo {
        enabled: item.on("colo_enable"),
        host: item.text("colo_host"),
        port: item.number("colo_port"),
        export: item.text("colo_export"),
        active_disk: item.text("active_disk"),
        hidden_disk: item.text("hidden_disk"),
    };
    // Set by libxl alone: while a guest is restored by COLO, and for virtio.
    item.skip("colo_restore_enable", |json| json == "False");
    item.skip("transport", |json| json == "mmio");
    item.skip("irq", Json::is_u64);
    item.skip("base", Json::is_u64);
    spec(disk.to_spec())
}

fn share(item: &mut Item, place: usize) -> Option<Value> {
    item.place(place);
    let share = P9 {
        kind: item.word("type").unwrap_or(P9Kind::Qemu),
        tag: item.text("tag"),
        path: item.text("path"),
        security_model: item.word("security_model")?,
        backend: item.backend(),
        max_files: item.number("max_files"),
        max_open_files: item.number("max_open_files"),
        max_space_mib: item.number("max_space"),
        auto_delete: item.on("auto_delete"),
    };
    spec(share.to_spec())
}
