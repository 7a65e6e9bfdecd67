//! Steps and notes in words.

use guest_spec::{Disk, Document, VNC_BYTES};
use reconcile::Layout;
use reconcile::difference::Difference;
use reconcile::plan::{Note, Step};
use reconcile::secret::hide;
use similar::{ChangeTag, TextDiff};
use xl_cfg::keys::{self, Change};

use crate::output::{DIM, GREEN, RED, styled};

/// A step, as something to do: `write /etc/xen/web.cfg`.
pub fn step(guest: &str, step: &Step, document: &Document, layout: &Layout) -> String {
    match step {
        Step::MakeImage { disk, path, size } => {
            let declared = document.guests.iter().find(|known| known.name == guest);
            let disk =
                declared.and_then(|guest| guest.disks.iter().find(|known| known.name == *disk));
            format!(
                "make image {path} ({size}{})",
                disk.map(content).unwrap_or_default()
            )
        }
        Step::WriteConfig { old: None, .. } => format!("write {}", layout.config(guest).display()),
        Step::WriteConfig { .. } => format!("rewrite {}", layout.config(guest).display()),
        Step::LinkAuto => format!("add {}: start with the Dom0", layout.auto(guest).display()),
        Step::UnlinkAuto => format!(
            "remove {}: no start with the Dom0",
            layout.auto(guest).display()
        ),
        Step::RemoveConfig => format!("remove {}", layout.config(guest).display()),
        Step::SetMemory { from, to, .. } => {
            format!("set memory from {from} MiB to {to}, while it runs")
        }
        Step::Start => "start".to_owned(),
        Step::Forget => "forget the guest: it is no longer declared, and left nothing".to_owned(),
    }
}

fn content(disk: &Disk) -> String {
    use guest_spec::FileSystemType::{Ext2, Ext3, Ext4};
    let Some(filesystem) = &disk.filesystem else {
        return ", blank".to_owned();
    };
    let kind = match filesystem.kind {
        Ext4 => "ext4",
        Ext3 => "ext3",
        Ext2 => "ext2",
    };
    match &filesystem.label {
        Some(label) => format!(", {kind} labelled {label}"),
        None => format!(", {kind}"),
    }
}

/// The lines of a configuration that change, coloured.
pub fn config_diff(step: &Step) -> Vec<String> {
    let Step::WriteConfig {
        text,
        old: Some(old),
    } = step
    else {
        return Vec::new();
    };
    let (old, text) = hide(old.sealed(), text.sealed());
    TextDiff::from_lines(old.as_str(), text.as_str())
        .iter_all_changes()
        .filter_map(|change| match change.tag() {
            ChangeTag::Equal => None,
            ChangeTag::Delete => Some(styled(RED, format_args!("- {}", change.value().trim_end()))),
            ChangeTag::Insert => Some(styled(
                GREEN,
                format_args!("+ {}", change.value().trim_end()),
            )),
        })
        .collect()
}

/// A note, as a sentence about the guest.
pub fn note(guest: &str, note: &Note) -> String {
    match note {
        Note::Pending(difference) => {
            format!("pending: {}, {}", change(difference, "→"), when(&difference.key))
        }
        Note::Drift(difference) => format!(
            "changed by hand and left: {} is {}, declared is {}",
            difference.key, difference.running, difference.declared
        ),
        Note::Stopped => format!("is stopped, and stays so; `systemctl start domus-guest@{guest}` starts it"),
        Note::Saved => "is saved; xendomains restores it. If it did not at boot, `journalctl -u xendomains` says why; the save file is /var/lib/xen/save/".to_owned() + guest,
        Note::EmptyDisk { disk, path } => format!(
            "is not started: disks.{disk} ({path}) is still empty. Install a system on it, then run `domus apply`"
        ),
        Note::StillRuns { domid } => {
            format!("is no longer declared and still runs (domain {domid}); `xl shutdown {domid}` ends it")
        }
        Note::Orphaned { paths } => {
            format!("is no longer declared; its disks stay: {}", paths.join(", "))
        }
        Note::LongPassword { path } => format!(
            "option graphics.vnc.passwordFile: VNC uses the first {VNC_BYTES} bytes of a password, and the one in {path} is longer; whoever knows its beginning gets in"
        ),
        Note::NotRunning(state) => format!("is {}, and is left as it is", state.as_str()),
    }
}

/// When a change of a key reaches the guest, by the table of keys.
fn when(key: &str) -> String {
    match keys::get(key).map(|info| info.change) {
        Some(Change::Live { how, .. }) => {
            format!("at the guest's next start (or before, by hand: {how})")
        }
        Some(Change::Nothing(_)) => "which changes nothing".to_owned(),
        _ => "at the guest's next start".to_owned(),
    }
}

fn change(difference: &Difference, arrow: &str) -> String {
    let show = |value: &str| {
        if value.is_empty() {
            styled(DIM, "unset")
        } else {
            value.to_owned()
        }
    };
    format!(
        "{} {} {arrow} {}",
        difference.key,
        show(&difference.running),
        show(&difference.declared)
    )
}
