//! What a generation has in /etc: files, units, and its activation, which NixOS runs at each boot too.

use crate::evaluation::{Evaluation, Unit};

/// The environment that NixOS gives an activation script.
pub const AS_ACTIVATED: &str = "/usr/bin/env -i PATH=/usr/bin:/bin HOME=/root";

/// The activation of the generation that is booted next.
const ACTIVATION: &str = "/usr/lib/domus-dom0/activate";

/// Stands for NixOS's second stage, which activates before systemd begins.
const BOOT_UNIT: &str = "activation-at-boot.service";
const BOOT: &str = "[Unit]
Description=Activation, as NixOS does it before systemd
DefaultDependencies=no
After=systemd-remount-fs.service
Before=sysinit.target

[Service]
Type=oneshot
RemainAfterExit=true
";

/// A bash script that makes /etc what `new` has, and takes from it what only `old` had.
pub fn script(old: Option<&Evaluation>, new: &Evaluation) -> String {
    let mut lines = vec!["set -e".to_owned()];
    if let Some(old) = old {
        for (name, unit) in &old.units {
            let (text, enabling) = unit_paths(name, unit);
            lines.extend(
                enabling
                    .iter()
                    .chain([&text])
                    .map(|path| format!("rm -f '{path}'")),
            );
        }
        lines.extend(
            old.etc
                .keys()
                .filter(|path| !new.etc.contains_key(*path))
                .map(|path| format!("rm -f '/etc/{path}'")),
        );
    }
    let mut write = |path: &str, text: &str| {
        lines.push(format!("mkdir -p \"$(dirname '{path}')\"\ncat >'{path}.new' <<'END-OF-FILE'\n{text}\nEND-OF-FILE\nmv -f '{path}.new' '{path}'"));
    };
    for (name, unit) in &new.units {
        write(&unit_paths(name, unit).0, &unit.text);
    }
    write(ACTIVATION, &new.activation);
    write(
        &format!("/etc/systemd/system/{BOOT_UNIT}"),
        &format!("{BOOT}ExecStart={AS_ACTIVATED} bash {ACTIVATION}"),
    );
    for (path, text) in &new.etc {
        write(&format!("/etc/{path}"), text.trim_end_matches('\n'));
    }
    for (name, unit) in &new.units {
        // The image enables the units that it brings; what a generation does not want is not enabled.
        if unit.drop_in {
            lines.push(format!(
                "rm -f '/etc/systemd/system/multi-user.target.wants/{name}'"
            ));
        }
        for link in unit_paths(name, unit).1 {
            let target = if unit.drop_in {
                format!("/usr/lib/systemd/system/{name}")
            } else {
                format!("/etc/systemd/system/{name}")
            };
            lines.push(format!(
                "mkdir -p \"$(dirname '{link}')\"; ln -sfn '{target}' '{link}'"
            ));
        }
    }
    let wanted = "/etc/systemd/system/sysinit.target.wants";
    lines.push(format!(
        "mkdir -p {wanted}; ln -sfn ../{BOOT_UNIT} {wanted}/{BOOT_UNIT}"
    ));
    lines.push("sync -f /etc".to_owned());
    lines.join("\n")
}

/// Where a unit's text lies, and the links that enable it.
fn unit_paths(name: &str, unit: &Unit) -> (String, Vec<String>) {
    let system = "/etc/systemd/system";
    let file = if unit.drop_in {
        format!("{system}/{name}.d/overrides.conf")
    } else {
        format!("{system}/{name}")
    };
    let wants = unit
        .wanted_by
        .iter()
        .map(|by| format!("{system}/{by}.wants/{name}"));
    let requires = unit
        .required_by
        .iter()
        .map(|by| format!("{system}/{by}.requires/{name}"));
    (file, wants.chain(requires).collect())
}
