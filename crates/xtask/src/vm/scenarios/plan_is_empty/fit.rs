//! The guests of the corpus, made to fit the Dom0 in QEMU: as small as it needs, and all that they name is there.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::PathBuf;

use anyhow::{Context as _, Result, ensure};
use guest_spec::{Bootloader, Document, Guest, GuestType, Mib, OneOrMany, Pci, Setting, Startup};

/// The files whose guests cannot be started here, and why.
const LEFT_OUT: &[(&str, &str)] = &[
    ("pvh/arm-board.cfg", "Arm"),
    (
        "pvh/two-nodes.cfg",
        "libxl of Xen 4.17 makes no ACPI tables for vNUMA (xc_domain_getvnuma fails)",
    ),
    (
        "hvm/qemu-traditional.cfg",
        "its device model is a domain, which would have to run; Debian has none",
    ),
    (
        "hvm/stub-domain.cfg",
        "its device model is a domain, which would have to run; Debian has none",
    ),
];

/// What is taken out of guests: the setting, and why. Beside it all PCI devices (the emulated machine has no IOMMU) and
/// all USB devices of the host (it has no USB).
const SETTINGS_LEFT_OUT: &[(&str, &str)] = &[
    ("vmtrace_buf_kb", "the emulated processor has no tracing"),
    ("mca_caps", "the emulated processor has no LMCE"),
    ("hap", "Debian's Xen has no shadow paging"),
];

/// What is another value here: the setting, the value, and why.
const SETTINGS_CHANGED: &[(&str, i64, i64, &str)] = &[(
    "max_grant_frames",
    128,
    64,
    "Xen gives no more without gnttab_max_frames",
)];

/// The domains that serve devices of others: made before them, and nothing runs in them.
const BACKENDS: [&str; 4] = ["DomD", "attested-vtpm", "netvm", "storage-backend"];

/// The memory of a guest that never runs, in MiB; an HVM guest needs that of its screen beside it.
const SMALL: u32 = 24;
const SMALL_HVM: u32 = 16;

/// Takes out what cannot be started, makes the others fit, and says how many were taken out.
pub fn fit(document: &mut Document, files: &BTreeMap<String, PathBuf>) -> Result<usize> {
    let mut left_out = BTreeSet::new();
    for (file, _) in LEFT_OUT {
        let mut named = files.iter().filter(|(_, path)| path.ends_with(file));
        let (name, _) = named
            .next()
            .with_context(|| format!("the corpus has no {file}"))?;
        left_out.insert(name.clone());
    }
    document
        .guests
        .retain(|guest| !left_out.contains(&guest.name));
    for guest in &mut document.guests {
        guest.autostart = false;
        guest.startup = Startup::default();
        memory(guest)?;
        processors(guest);
        devices(guest);
        settings(guest);
        if BACKENDS.contains(&guest.name.as_str()) {
            guest.name.push_str("-itself");
        }
        let folder = format!("/srv/corpus/{}", guest.guest_type.as_str());
        let boot = &mut guest.boot;
        for path in [&mut boot.kernel, &mut boot.initrd].into_iter().flatten() {
            path.insert_str(0, &folder);
        }
    }
    let problems: Vec<String> = document
        .problems()
        .iter()
        .map(ToString::to_string)
        .collect();
    ensure!(
        problems.is_empty(),
        "made to fit, these are no good:\n{}",
        problems.join("\n")
    );
    Ok(left_out.len())
}

/// What is equal stays equal, what is more stays more.
fn memory(guest: &mut Guest) -> Result<()> {
    let screen = guest.graphics.video_ram_mib.map_or(16, Mib::get);
    let small = match guest.guest_type {
        GuestType::Hvm => SMALL_HVM + screen,
        GuestType::Pv | GuestType::Pvh => SMALL,
    };
    let mib = |mib| Mib::new(mib).context("no memory");
    let (memory, most) = (guest.memory_mib, guest.max_memory());
    let small = small.min(memory.get());
    guest.memory_mib = mib(small)?;
    if guest.max_memory_mib.is_some() {
        let more = if most > memory { 16 } else { 0 };
        guest.max_memory_mib = Some(mib(small + more)?);
    }
    let nodes = u32::try_from(guest.vnuma.len())?;
    for node in &mut guest.vnuma {
        node.pnode = 0;
        node.memory_mib = mib(guest.max_memory_mib.unwrap_or(guest.memory_mib).get() / nodes)?;
    }
    Ok(())
}

/// The Dom0 has the processors 0 and 1, all in one pool.
fn processors(guest: &mut Guest) {
    if guest.cpu.cpus == Some(OneOrMany::One("2-7".into())) {
        guest.cpu.cpus = Some(OneOrMany::One("1".into()));
    }
    if guest.cpu.pool.is_some() {
        guest.cpu.pool = Some("Pool-0".into());
    }
}

fn devices(guest: &mut Guest) {
    if !guest.pci.devices.is_empty() || guest.pci.passthrough.is_some() {
        guest.pci = Pci::default();
    }
    guest.usb.devices.clear();
}

fn settings(guest: &mut Guest) {
    for (key, _) in SETTINGS_LEFT_OUT {
        guest.settings.remove(*key);
    }
    for (key, from, to, _) in SETTINGS_CHANGED {
        if guest.settings.get(*key) == Some(&Setting::Integer(*from)) {
            guest
                .settings
                .insert((*key).to_owned(), Setting::Integer(*to));
        }
    }
    // The console of the machine is Xen's own.
    if let Some(Setting::List(ports)) = guest.settings.get_mut("ioports") {
        for port in ports {
            if *port == Setting::String("0x3f8-0x3ff".into()) {
                *port = Setting::String("0x2e8-0x2ef".into());
            }
        }
    }
}

/// What a Dom0 has where these guests are at home, but that scripts for devices do nothing, nor does qemu, as nothing
/// runs.
const PREPARE: &str = r#"
set -e
for script in block vif-bridge; do script "$script"; done
mv /usr/libexec/xen-qemu-system-i386 /usr/libexec/the-real-qemu
ln -s fake-qemu /usr/libexec/xen-qemu-system-i386
file /usr/share/ovmf/OVMF.fd
"#;

/// What the rest is said with. A guest's kernel is GRUB's, which is small.
const WORDS: &str = r#"
there() { [ -e "$1" ] || { mkdir -p "$(dirname "$1")"; false; }; }
kernel() {
    there "$2" || case $1 in
        pv) cp /usr/lib/grub-xen/grub-x86_64-xen.bin "$2" ;;
        pvh) cp /usr/lib/grub-xen/grub-i386-xen_pvh.bin "$2" ;;
        hvm) cp /boot/vmlinuz-* "$2" ;;
    esac
}
file() { there "$1" || echo "something" >"$1"; }
folder() { mkdir -p "$1"; }
disk() {
    there "$2" || case $1 in
        raw) truncate -s 1M "$2" ;;
        vhd) qemu-img create -q -f vpc "$2" 1M ;;
        *) qemu-img create -q -f "$1" "$2" 1M ;;
    esac
}
# A disk that pygrub boots.
boot() {
    [ -e "/root/boot-$1.img" ] || {
        truncate -s 8M "/root/boot-$1.img"
        mke2fs -q -t ext4 -O ^has_journal "/root/boot-$1.img"
        mount -o loop "/root/boot-$1.img" /mnt
        mkdir -p /mnt/boot/grub
        kernel "$1" /mnt/boot/vmlinuz
        file /mnt/boot/initrd
        for name in -5.10 -rescue; do ln /mnt/boot/vmlinuz "/mnt/boot/vmlinuz$name"; ln /mnt/boot/initrd "/mnt/boot/initrd$name"; done
        printf 'menuentry "NixOS" {\n linux /boot/vmlinuz\n initrd /boot/initrd\n}\n' >/mnt/boot/grub/grub.cfg
        umount /mnt
    }
    there "$2" || cp --sparse=always "/root/boot-$1.img" "$2"
}
bridge() { ip link add "$1" type bridge; ip link set "$1" up; }
# What scripts would do on a host that has what they are for.
script() {
    rm -f "/etc/xen/scripts/$1"
    printf '#!/bin/sh\n[ "$1" = remove ] || xenstore-write "$XENBUS_PATH/hotplug-status" connected\n' >"/etc/xen/scripts/$1"
    chmod 755 "/etc/xen/scripts/$1"
}
qemu() { there "$1" || ln -s /usr/libexec/xen-qemu-system-i386 "$1"; }
hvmloader() { there "$1" || cp /usr/lib/xen-4.17/boot/hvmloader "$1"; }
user() { id "$1" >/dev/null 2>&1 || useradd --no-create-home "$1"; }
password() { there "$1" || (umask 077; echo secret >"$1"); }
# A domain that serves others, or the Dom0: what libxl waits for, at a device's making and at its end.
serve() {
    [ "$1" = Domain-0 ] || xl create -p -q /dev/null "name='$1'" "type='pv'" memory=8 "kernel='/usr/lib/grub-xen/grub-x86_64-xen.bin'"
    folder="/local/domain/$(xl domid "$1")/backend"
    [ "$1" != Domain-0 ] || folder="$folder/vusb $folder/vsnd /local/domain/2/backend"
    for path in $folder; do
        setsid bash -c 'xenstore-watch "$1" | while read -r path; do
            case $path in */state) ;; *) continue ;; esac
            case $(xenstore-read "$path") in 1) xenstore-write "$path" 2 ;; 5) xenstore-write "$path" 6 ;; esac
        done' bash "$path" >/dev/null 2>&1 </dev/null &
    done
}
batch() { mkdir -p /root/batches; printf '%s\n' "$2" >>"/root/batches/$1"; }
"#;

/// Makes all that the guests name, and the batches in which they are started.
pub fn script(document: &Document) -> String {
    let mut calls = Vec::new();
    for bridge in &document.bridges {
        calls.push(vec!["bridge", &bridge.name]);
    }
    for guest in &document.guests {
        calls.extend(needs(guest));
    }
    let mut unique = BTreeSet::new();
    calls.retain(|call| unique.insert(call.clone()));
    for backend in ["Domain-0"].iter().chain(&BACKENDS) {
        calls.push(vec!["serve", backend]);
    }
    let mut text = format!("{WORDS}{PREPARE}");
    for call in calls {
        line(&mut text, &call);
    }
    // All that fit into the machine's memory at a time.
    for guest in &document.guests {
        let batch = if guest.guest_type == GuestType::Hvm {
            "2"
        } else {
            "1"
        };
        line(&mut text, &["batch", batch, &guest.name]);
    }
    text
}

fn line(text: &mut String, words: &[&str]) {
    for word in words {
        // Writing to a String cannot fail.
        let _ = write!(text, "'{}' ", word.replace('\'', r"'\''"));
    }
    text.push('\n');
}

/// What a guest names: what to call for it, and with what.
fn needs(guest: &Guest) -> Vec<Vec<&str>> {
    let kind = guest.guest_type.as_str();
    let mut calls = Vec::new();
    if let Some(kernel) = &guest.boot.kernel {
        calls.push(vec!["kernel", kind, kernel]);
    }
    if let Some(initrd) = &guest.boot.initrd {
        calls.push(vec!["file", initrd]);
    }
    let first = guest.disks_in_boot_order().into_iter().next();
    let booted = first.filter(|_| guest.boot.bootloader == Bootloader::Pygrub);
    for disk in &guest.disks {
        if let Some(script) = &disk.script {
            calls.push(vec!["script", script]);
        }
        let Some(path) = disk.file() else { continue };
        if booted.is_some_and(|booted| booted.name == disk.name) {
            calls.push(vec!["boot", kind, path]);
        } else {
            calls.push(vec!["disk", disk.format.as_str(), path]);
        }
    }
    for network in &guest.networks {
        if let Some(script) = &network.script {
            calls.push(vec!["script", script]);
        }
    }
    let setting = |key: &str| match guest.settings.get(key) {
        Some(Setting::String(text)) => Some(text.as_str()),
        _ => None,
    };
    if let Some(path) = setting("firmware").filter(|path| path.starts_with('/')) {
        calls.push(vec!["hvmloader", path]);
    }
    if let Some(user) = setting("bootloader_user") {
        calls.push(vec!["user", user]);
    }
    let (firmware, model) = (&guest.firmware, &guest.device_model);
    let paths = [
        ("hvmloader", &firmware.hvmloader),
        ("file", &firmware.bios_path),
        ("file", &firmware.acpi_tables),
        ("file", &firmware.smbios_tables),
        ("qemu", &model.program),
        ("user", &model.user),
    ];
    calls.extend(
        paths
            .into_iter()
            .filter_map(|(what, path)| Some(vec![what, path.as_deref()?])),
    );
    calls.extend(
        guest
            .password_files()
            .map(|(_, path)| vec!["password", path]),
    );
    calls.extend(
        guest
            .shares
            .iter()
            .map(|share| vec!["folder", share.path.as_str()]),
    );
    calls
}
