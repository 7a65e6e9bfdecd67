//! Steps and notes in words.

use disk_image::Growth;
use guest_spec::{ByteSize, Disk, Document, OnRemove, VNC_BYTES};
use reconcile::Layout;
use reconcile::plan::{Change, Ending, Held, Live, Note, Step, When};
use reconcile::saves::{Aside, Reason, aside_name};
use reconcile::secret::hide;
use reconcile::xl::either_way;
use similar::{ChangeTag, TextDiff};
use xl_cfg::keys::{self, Change as How};

use crate::output::{DIM, GREEN, RED, styled};
use crate::verbs::status::human;

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
        Step::GrowImage {
            path, growth, to, ..
        } => grow(path, *growth, *to),
        Step::UndoGrowth { path, .. } => {
            format!("undo the growth of {path} that a killed run began")
        }
        Step::Rename { from } => format!("rename from {from}: record, files and save file"),
        Step::RenameDomain { from, .. } => {
            format!("rename the domain {from}, while it runs (xl rename)")
        }
        Step::RenameSave { from } => format!(
            "rename {}, its save file, to {guest}",
            layout.save_dir().join(from).display()
        ),
        Step::WriteConfig { old: None, .. } => format!("write {}", layout.config(guest).display()),
        Step::WriteConfig { .. } => format!("rewrite {}", layout.config(guest).display()),
        Step::LinkAuto => format!("add {}: start with the Dom0", layout.auto(guest).display()),
        Step::UnlinkAuto => format!(
            "remove {}: no start with the Dom0",
            layout.auto(guest).display()
        ),
        Step::RemoveConfig => format!("remove {}", layout.config(guest).display()),
        Step::Live { change, .. } => live(change),
        Step::StoreConfig { .. } => {
            "store the configuration for the guest's own reboot (xl config-update)".to_owned()
        }
        Step::ShutDown { why, .. } => match why {
            Ending::Removed => "shut down: it is no longer declared".to_owned(),
            Ending::Restart => {
                "shut down, and start again as declared: it is down meanwhile".to_owned()
            }
        },
        Step::Destroy { .. } => {
            "end as by a power cut: it is no longer declared, and loses what it has not written"
                .to_owned()
        }
        Step::Start => "start".to_owned(),
        Step::Restore => "restore from its save file".to_owned(),
        Step::Forget => "forget the guest: it is no longer declared, and left nothing".to_owned(),
        Step::SetAsideSave { file, reason, why } => {
            let path = layout.save_dir().join(guest);
            let aside = aside_name(guest, *reason, file);
            match reason {
                Reason::Partial => format!(
                    "move {} aside to {aside}: it cannot be restored ({why}), and what was in the guest's memory is lost",
                    path.display()
                ),
                Reason::Discarded => format!(
                    "move {} aside to {aside}: what was in the guest's memory is given up (onStaleSave = \"discard\"), because this changed since it was saved: {why}",
                    path.display()
                ),
                Reason::Old | Reason::Unfinished => {
                    format!("move {} aside to {aside}: {why}", path.display())
                }
            }
        }
    }
}

/// What grows, from what to what, and who grows what is in it.
fn grow(path: &str, growth: Growth, to: ByteSize) -> String {
    match growth {
        Growth::Image {
            from_bytes,
            with_file_system,
        } => {
            let inside = if with_file_system {
                "and its file system with it"
            } else {
                "and the guest grows what is in it"
            };
            format!(
                "grow {path} from {} to {to}, {inside}",
                ByteSize::from_bytes(from_bytes)
            )
        }
        Growth::FileSystem {
            from_bytes,
            to_bytes,
        } => format!(
            "grow the file system in {path} from {} to {}",
            ByteSize::from_bytes(from_bytes),
            ByteSize::from_bytes(to_bytes)
        ),
        Growth::Unfinished | Growth::AsDeclared => {
            format!("finish growing {path} to {to}, which a killed run began")
        }
    }
}

/// A change while the guest runs.
fn live(change: &Live) -> String {
    match change {
        Live::Memory { from, to } => {
            format!("set memory from {from} MiB to {to}, while it runs")
        }
        Live::Vcpus { from, to } => format!("set vCPUs from {from} to {to}, while it runs"),
        Live::Schedule { weight, cap, .. } => {
            let weight = weight.map(|weight| format!("weight {weight}"));
            let cap = cap.map(|cap| format!("cap {cap} %"));
            let what: Vec<String> = weight.into_iter().chain(cap).collect();
            format!("schedule with {}, while it runs", what.join(" and "))
        }
        Live::Pin { hard, soft } => {
            let sets = |sets: &[String]| match sets {
                [] => "all".to_owned(),
                [one] => one.clone(),
                many => format!("[{}]", many.join(" ")),
            };
            format!(
                "pin its vCPUs to processors {}, rather {}, while it runs",
                sets(hard),
                sets(soft)
            )
        }
        Live::AttachDisk { vdev, .. } => format!("attach disk {vdev}, while it runs"),
        Live::DetachDisk { vdev } => format!("detach disk {vdev}, while it runs"),
        Live::InsertDisc { vdev, path } => format!("insert {path} into drive {vdev}"),
        Live::EjectDisc { vdev } => format!("eject the disc of drive {vdev}"),
        Live::AttachNetwork { mac, .. } => format!("attach network interface {mac}, while it runs"),
        Live::DetachNetwork {
            mac,
            comes_back: true,
        } => format!("detach network interface {mac}: its network is interrupted until it is back"),
        Live::DetachNetwork { mac, .. } => {
            format!("detach network interface {mac}, while it runs")
        }
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

/// As xendomains calls it.
const SAVE_DIR: &str = "/var/lib/xen/save";

fn grows_when(held: &Held) -> String {
    match held {
        Held::Running => "by the next `domus apply`, or boot, at which the guest is off".to_owned(),
        Held::Saved => "when the guest is off; it is saved now, and its memory holds the file system as it is, so that the disk is left".to_owned(),
        Held::By(who) => format!("when {who} no longer has it"),
        Held::Unknown(why) => format!("when it is known that nobody uses it: {why}"),
    }
}

/// A note, as a sentence about the guest.
pub fn note(guest: &str, note: &Note) -> String {
    match note {
        Note::Unknown { keys } => format!(
            "nobody can tell what the running guest has of {}; its next start makes it as declared",
            keys.join(", ")
        ),
        Note::Stopped => format!("is stopped, and stays so; `domus start {guest}` starts it"),
        Note::ComesBack(keeper) => {
            format!("has no domain at this moment, but {keeper}; nothing is started")
        }
        Note::Saved {
            by_xendomains: true,
        } => format!(
            "is saved; `domus start {guest}` restores it, as xendomains does when the Dom0 starts. If it did not, `journalctl -u xendomains` says why; the save file is /var/lib/xen/save/{guest}"
        ),
        Note::Saved { .. } => format!(
            "is saved; `domus start {guest}` restores it, as Domus does when the Dom0 starts; the save file is /var/lib/xen/save/{guest}"
        ),
        Note::EmptyDisk { disk, path } => format!(
            "is not started: disks.{disk} ({path}) is still empty. Install a system on it, then run `domus apply`"
        ),
        Note::StillRuns { domid } => {
            format!(
                "is no longer declared and runs on (domain {domid}), as its onRemove = \"keep\" said; `domus stop {guest}` ends it"
            )
        }
        Note::Orphaned { paths } => {
            format!(
                "is no longer declared; its disks stay: {}; `domus image delete` deletes what nobody needs",
                paths.join(", ")
            )
        }
        Note::SavedAndRemoved {
            path,
            restored_at_boot,
            then,
        } => saved_and_removed(path, *restored_at_boot, *then),
        Note::GrowsLater {
            disk,
            path,
            from_bytes,
            to,
            held,
        } => format!(
            "pending: disks.{disk} ({path}) grows from {} to {to} {}",
            ByteSize::from_bytes(*from_bytes),
            grows_when(held)
        ),
        Note::Size { disk, why } => format!("disks.{disk}.size is not what the disk has: {why}"),
        Note::LongPassword { path } => format!(
            "option graphics.vnc.passwordFile: VNC uses the first {VNC_BYTES} bytes of a password, and the one in {path} is longer; whoever knows its beginning gets in"
        ),
        Note::NotRunning(state) => format!("is {}, and is left as it is", state.as_str()),
        Note::SetAside(aside) => set_aside(aside),
        Note::BrokenSave { domid, why } => {
            let file = format!("{SAVE_DIR}/{guest}");
            match domid {
                Some(domid) => format!(
                    "has a save file that cannot be restored, {file} ({why}), and its domain {domid} is there: a save runs now, or one failed. If none runs, remove {file}; if the domain is gone at the next boot, Domus moves the file aside"
                ),
                None => format!(
                    "has a save file that cannot be restored, {file} ({why}); it is left until xl says that the guest's domain is gone"
                ),
            }
        }
        Note::Suspended { domid, why } => {
            let file = format!("{SAVE_DIR}/{guest}");
            match why {
                Some(why) => format!(
                    "is suspended (domain {domid}), and its save file {file} is not whole ({why}): it is being saved now, or the xl that did was killed, and then the domain's memory is the only copy. If nobody saves it, {}",
                    either_way(*domid)
                ),
                None => format!(
                    "is suspended (domain {domid}), and its save file {file} looks whole: its save is about to end, or the xl that did it was killed. If nobody saves it, `xl destroy {domid}`, then `domus start {guest}` restores it; once it was restored, that domain must never run again"
                ),
            }
        }
        Note::StaleSave {
            keys,
            discard: false,
        } => format!(
            "was saved before its declaration changed, and is restored as it was; what changed waits for its next boot: {}",
            keys.join(", ")
        ),
        Note::StaleSave { keys, .. } => format!(
            "was saved before its declaration changed ({}): when it starts with the Dom0, its save file is moved aside (onStaleSave = \"discard\"); `domus start {guest}` restores it as it was",
            keys.join(", ")
        ),
        Note::NotASave { what } => format!(
            "does not start with the Dom0 as long as there is {SAVE_DIR}/{guest}: it is {what}, and is left. Move it away"
        ),
        Note::OthersSave { uuid } => format!(
            "does not start with the Dom0 as long as there is {SAVE_DIR}/{guest}: it is the save file of another domain (UUID {uuid}), and is left. Move it away"
        ),
    }
}

fn set_aside(aside: &Aside) -> String {
    let (path, size) = (aside.path.display(), human(aside.size_bytes));
    match aside.reason {
        Reason::Partial => format!(
            "could not be restored once: its save file was partial, and what was in its memory is lost. The file is {path} ({size}); delete it if nobody needs it"
        ),
        Reason::Discarded => format!(
            "was saved before its declaration changed, and the save file was moved aside (onStaleSave = \"discard\"): {path} ({size}); delete it if nobody needs it"
        ),
        Reason::Old => format!(
            "ran beside a save file when the Dom0 went down, and that file, which was of the past, was moved aside: {path} ({size}); delete it if nobody needs it"
        ),
        Reason::Unfinished => format!(
            "has a save that was cut off before it was done, or runs now: {path} ({size}). It is not restored, and goes with the guest's next save; delete it if nobody saves the guest"
        ),
    }
}

fn saved_and_removed(path: &str, restored_at_boot: bool, then: OnRemove) -> String {
    let then = match then {
        OnRemove::Shutdown => "is then shut down",
        OnRemove::Keep => "then runs on",
        OnRemove::Destroy => "is then ended as by a power cut",
    };
    let next = if restored_at_boot {
        format!("xendomains restores it at the next boot, and it {then}, as its onRemove said")
    } else {
        format!("nobody restores it but `xl restore {path}`; it {then}, as its onRemove said")
    };
    format!(
        "is no longer declared, and is saved in {path}, with what its memory holds; {next}. Declared again, it goes on from there"
    )
}

/// A change that waits for a person or for the guest's next boot; nothing for what is done now.
pub fn pending(change: &Change) -> Option<String> {
    let what = what(change);
    match change.when {
        When::Now | When::AtRestart => None,
        When::Never => Some(format!(
            "changed by hand and left: {what} is {}, declared is {}",
            shown(&change.running),
            shown(&change.declared)
        )),
        When::AtNextBoot | When::AtNextStart => Some(format!(
            "pending: {what} {} → {}, {}",
            shown(&change.running),
            shown(&change.declared),
            when(change)
        )),
    }
}

/// What changes: a key of xl.cfg, or a device.
pub fn what(change: &Change) -> String {
    match &change.device {
        Some(device) => format!("{} {device}", change.key),
        None => change.key.clone(),
    }
}

/// A value, or that there is none.
pub fn shown(value: &str) -> String {
    if value.is_empty() {
        styled(DIM, "unset")
    } else {
        value.to_owned()
    }
}

/// The keys that Domus changes live itself.
const BY_DOMUS: [&str; 6] = ["memory", "vcpus", "cpu_weight", "cap", "cpus", "cpus_soft"];

/// When a change takes effect.
pub fn when(change: &Change) -> String {
    let by_hand = match keys::get(&change.key).map(|info| info.change) {
        // What Domus would have changed itself, it said why it did not.
        Some(How::Live { how, .. })
            if change.device.is_none() && !BY_DOMUS.contains(&change.key.as_str()) =>
        {
            format!(" (or before, by hand: {how})")
        }
        _ => String::new(),
    };
    match change.when {
        When::Now => "now, while it runs".to_owned(),
        When::AtRestart => "now, by a restart".to_owned(),
        When::AtNextBoot => format!("at the guest's next boot{by_hand}"),
        When::AtNextStart => {
            "when the guest is shut down and started; its own reboot keeps it".to_owned()
        }
        When::Never => "left: changed by hand".to_owned(),
    }
}
