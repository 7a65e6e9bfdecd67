//! Memory, events, labels, clock, and what of the JSON is not the guest's own.

use serde_json::Value as Json;
use xl_cfg::Value;
use xl_cfg::arm_sci::ArmSci;
use xl_cfg::keys::{self, GuestType};
use xl_cfg::smbios::Smbios;
use xl_cfg::xenstore_quota::XenstoreQuota;

use super::kept;
use super::source::{Source, spec};

pub(super) fn read(source: &mut Source) {
    memory(source);
    events(source);
    labels(source);
    platform(source);
    not_the_guests(source);
}

const KIB_PER_MIB: u64 = 1024;

/// `memory` and `maxmem`, which is left out when it is what xl would take anyway.
fn memory(source: &mut Source) {
    let target = mebibytes(source, "memory", "/b_info/target_memkb");
    let most = source.number("/b_info/max_memkb");
    if target.is_some() && most == target {
        source.done("/b_info/max_memkb");
    } else {
        mebibytes(source, "maxmem", "/b_info/max_memkb");
    }
    // libxl fills it in for guests that can have none.
    if source.guest() != Some(GuestType::Hvm) && source.number("/b_info/video_memkb") == Some(0) {
        source.done("/b_info/video_memkb");
    }
    // Of a guest that runs, nobody can tell whether libxl filled it in.
    let card = match source.text("/b_info/type.hvm/vga/kind") {
        Some("std") => "stdvga",
        card => card.unwrap_or_default(),
    };
    let model = source.text("/b_info/device_model_version");
    let model = model.map(|model| model.replace('_', "-"));
    let usual = kept::usual_videoram(card, model.as_deref());
    let has = source.number("/b_info/video_memkb");
    if source.runs() && has == u64::try_from(usual).ok().map(|mib| mib * KIB_PER_MIB) {
        source.done("/b_info/video_memkb");
    }
}

/// Sets a key to whole MiB and gives the KiB. `xl mem-set` takes KiB, of which the rest is dropped with a doubt.
fn mebibytes(source: &mut Source, key: &'static str, pointer: &str) -> Option<u64> {
    let kib = source.number(pointer)?;
    let mib = Value::try_from(kib / KIB_PER_MIB).ok()?;
    source.set(key, mib);
    if kib % KIB_PER_MIB == 0 {
        source.done(pointer);
    } else {
        source.doubt(pointer);
    }
    Some(kib)
}

/// `on_poweroff` and its like. What is left out is libxl's default, `destroy`, which is not always xl's.
fn events(source: &mut Source) {
    if source.get("/c_info").is_none() {
        return;
    }
    for key in [
        "on_poweroff",
        "on_reboot",
        "on_watchdog",
        "on_crash",
        "on_soft_reset",
    ] {
        let pointer = format!("/{key}");
        let action = match source.get(&pointer).map(Json::as_str) {
            None => "destroy",
            Some(Some("restart_rename")) => "rename-restart",
            Some(Some("coredump_destroy")) => "coredump-destroy",
            Some(Some("coredump_restart")) => "coredump-restart",
            Some(Some("soft_reset")) => "soft-reset",
            Some(Some(same @ ("destroy" | "restart" | "preserve"))) => same,
            Some(_) => continue,
        };
        if keys::get(key).is_none_or(|info| info.default != action) {
            source.set(key, action);
        }
        source.done(pointer);
    }
}

/// `seclabel` and `init_seclabel`: with the first alone, xl writes it in the place of the second.
fn labels(source: &mut Source) {
    let (building, running) = ("/c_info/ssid_label", "/b_info/exec_ssid_label");
    let mut last = building;
    if let (Some(label), Some(_)) = (source.text(building), source.text(running)) {
        source.set("init_seclabel", label);
        source.done(building);
        last = running;
    }
    if let Some(label) = source.text(last) {
        source.set("seclabel", label);
        source.done(last);
    }
}

fn platform(source: &mut Source) {
    // libxl keeps a signed number in an unsigned field.
    if let Some(offset) = source.number("/b_info/rtc_timeoffset")
        && let Ok(offset) = u32::try_from(offset)
    {
        source.set("rtc_timeoffset", i64::from(offset.cast_signed()));
        source.done("/b_info/rtc_timeoffset");
    }
    if source.number("/b_info/type.hvm/mca_caps") == Some(LMCE) {
        source.set("mca_caps", vec!["lmce"]);
        source.done("/b_info/type.hvm/mca_caps");
    }
    // The ID itself: a new one is made at each start.
    if source
        .get("/b_info/type.hvm/ms_vm_genid")
        .is_some_and(Json::is_array)
    {
        source.set("ms_vm_genid", "generate");
        source.done("/b_info/type.hvm/ms_vm_genid");
    }
    graphics(source);
    source.list("smbios", "/b_info/type.hvm/smbios", |item, _| {
        let text = Smbios {
            field: item.word("key")?,
            value: item.text("value")?,
        };
        spec(text.to_spec())
    });
    source.list(
        "xenstore_quota",
        "/b_info/xenstore_quota/quota",
        |item, _| {
            let quota = XenstoreQuota {
                name: item.text("name")?,
                value: item.number("val").unwrap_or(0),
            };
            spec(quota.to_spec())
        },
    );
    let firmware = "/b_info/arch_arm/arm_sci/type";
    if let Some(Ok(kind)) = source.text(firmware).map(str::parse)
        && let Some(firmware_interface) = spec(ArmSci { kind }.to_spec())
    {
        source.set("arm_sci", firmware_interface);
        source.done(firmware);
    }
}

/// `XEN_HVM_MCA_CAP_LMCE` of Xen's `hvm/params.h`.
const LMCE: u64 = 1;

/// `gfx_passthru`: one key for whether and for what kind.
fn graphics(source: &mut Source) {
    let (on, kind) = (
        "/b_info/type.hvm/gfx_passthru",
        "/b_info/type.hvm/gfx_passthru_kind",
    );
    match (source.flag(on), source.text(kind)) {
        (Some(true), Some(word @ ("igd" | "default"))) => {
            source.set("gfx_passthru", word);
            source.done(on);
            source.done(kind);
        }
        (Some(passed), None) => {
            source.set("gfx_passthru", passed);
            source.done(on);
        }
        _ => {}
    }
}

/// Whether a place says nothing of the guest.
type Usual = fn(&Json) -> bool;

/// What is there for every domain, from xl.conf, from the host, or from libxl's own doings.
fn not_the_guests(source: &mut Source) {
    let usual: [(&str, Usual); 9] = [
        // xl.conf: run_hotplug_scripts, claim_mode. Switched off they stay unread.
        ("/c_info/run_hotplug_scripts", |json| json == "True"),
        ("/b_info/claim_mode", |json| json == "True"),
        // No number is asked for.
        ("/c_info/domid", |json| {
            json.as_u64() == Some(u64::from(u32::MAX))
        }),
        // Xen's scheduler, which is the host's, and what it has for everybody (`xl sched-rtds`).
        ("/b_info/sched_params/sched", Json::is_string),
        ("/b_info/sched_params/budget", |json| {
            json.as_u64() == Some(4000)
        }),
        // Of a scheduler that Xen has not had since 4.6.
        ("/b_info/sched_params/slice", Json::is_u64),
        ("/b_info/sched_params/latency", Json::is_u64),
        // Computed by libxl, from what else is there.
        ("/b_info/iommu_memkb", |json| json.as_u64() == Some(0)),
        ("/b_info/type.hvm/gfx_passthru_kind", |json| {
            json == "default"
        }),
    ];
    for (pointer, is_usual) in usual {
        if source.get(pointer).is_some_and(is_usual) {
            source.done(pointer);
        }
    }
    // The number of a pool or a label, beside its name.
    for (number, name) in [
        ("/c_info/poolid", "/c_info/pool_name"),
        ("/c_info/ssidref", "/c_info/ssid_label"),
        ("/b_info/exec_ssidref", "/b_info/exec_ssid_label"),
        (
            "/b_info/device_model_ssidref",
            "/b_info/device_model_ssid_label",
        ),
    ] {
        if source.has(name) && source.number(number).is_some() {
            source.done(number);
        }
    }
}
