//! `cargo xtask bench`: how long, and how much memory.
//!
//! Machines are noisy, so each figure is the best of several runs, and a peer that does comparable work
//! stands beside it in the same run. Nothing here fails by being slow.

use std::fs;
use std::io::{BufWriter, Write as _};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::vm::world;
use crate::{fuzz, setup};
use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use wait4::Wait4;

/// The arguments of `cargo xtask bench`.
#[derive(clap::Args)]
pub struct Args {
    /// How often each is run; the best counts
    #[arg(long, default_value_t = 7)]
    runs: u32,
}

/// What a run took.
#[derive(Clone, Copy)]
struct Cost {
    time: Duration,
    peak_kib: u64,
}

/// Runs `cargo xtask bench`.
///
/// # Errors
/// When something cannot be built, or does not do what is measured.
pub fn run(args: &Args) -> Result<()> {
    parsers(args.runs)?;
    let domus = world::build_domus()?;
    anstream::println!(
        "{:<44} {:>10} {:>10} {:>12}",
        "",
        "time",
        "memory",
        "a guest"
    );
    for count in [100, 1_000, 10_000] {
        let dom0 = Dom0::with_guests(count)?;
        let apply = dom0.domus(&domus, &["apply"]);
        ensure!(succeeds(&apply)?, "domus apply failed at {count} guests");
        let before = dom0.modified()?;
        let idle = best(args.runs, &apply)?;
        ensure!(
            dom0.modified()? == before,
            "an apply with nothing to do wrote a file"
        );
        line(
            &format!("apply, nothing to do, {count} guests running"),
            count,
            idle,
        );
        let peer = best(args.runs, &dom0.peer())?;
        line(
            &format!("  cmp in a shell loop over the same {count} files"),
            count,
            peer,
        );
        anstream::println!(
            "  {:.0} times faster",
            peer.time.as_secs_f64() / idle.time.as_secs_f64()
        );
        for verb in ["render", "check"] {
            let cost = best(args.runs, &dom0.domus(&domus, &[verb]))?;
            line(&format!("{verb}, {count} guests"), count, cost);
        }
    }
    Ok(())
}

/// Reading and writing configurations, beside Xen's own parser.
fn parsers(runs: u32) -> Result<()> {
    setup::ensure(setup::PEER)?;
    let status = Command::new(fuzz::peer()?)
        .args(["bench", "--runs", &runs.to_string()])
        .status()?;
    ensure!(status.success(), "xen-peer bench failed");
    anstream::println!();
    Ok(())
}

fn line(what: &str, count: usize, cost: Cost) {
    let micros =
        cost.time.as_secs_f64() * 1e6 / f64::from(u32::try_from(count).unwrap_or(u32::MAX));
    anstream::println!(
        "{what:<44} {:>7.1} ms {:>6.1} MiB {micros:>9.1} µs",
        cost.time.as_secs_f64() * 1e3,
        f64::from(u32::try_from(cost.peak_kib).unwrap_or(u32::MAX)) / 1024.0,
    );
}

/// A command line, to be run again and again.
struct Line {
    program: PathBuf,
    args: Vec<String>,
}

fn best(runs: u32, line: &Line) -> Result<Cost> {
    let costs: Result<Vec<Cost>> = (0..runs.max(1)).map(|_| cost(line)).collect();
    costs?
        .into_iter()
        .min_by_key(|cost| cost.time)
        .context("no run")
}

fn spawn(line: &Line) -> Result<std::process::Child> {
    Command::new(&line.program)
        .args(&line.args)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::inherit())
        .spawn()
        .with_context(|| format!("cannot run {}", line.program.display()))
}

fn succeeds(line: &Line) -> Result<bool> {
    Ok(spawn(line)?.wait()?.success())
}

fn cost(line: &Line) -> Result<Cost> {
    let start = Instant::now();
    let mut child = spawn(line)?;
    let ended = child.wait4()?;
    let time = start.elapsed();
    ensure!(ended.status.success(), "{} failed", line.program.display());
    Ok(Cost {
        time,
        peak_kib: ended.rusage.maxrss / 1024,
    })
}

/// A Dom0 in a folder, all of whose guests are applied and run.
struct Dom0 {
    folder: tempfile::TempDir,
}

impl Dom0 {
    fn with_guests(count: usize) -> Result<Self> {
        let dom0 = Self {
            folder: tempfile::tempdir()?,
        };
        dom0.write("proc/xen/capabilities", "control_d\n")?;
        dom0.write("proc/sys/kernel/random/boot_id", "bench\n")?;
        // Written piece by piece: what this process has had in memory would count as its children's.
        let document = dom0.path("etc/domus/guests.json");
        write_list(
            &document,
            "{\"version\":1,\"guests\":[",
            "]}",
            (0..count).map(|n| guest(n).to_string()),
        )?;
        for number in 0..count {
            for disk in guest(number)["disks"].as_array().into_iter().flatten() {
                dom0.write(disk["path"].as_str().unwrap_or_default(), "")?;
            }
        }
        let lines = (0..count)
            .map(short_line)
            .collect::<Result<Vec<_>>>()?
            .concat();
        dom0.write("xl/list-v", &format!("{HEADER}\n{lines}"))?;
        write_list(
            &dom0.path("xl/list-l"),
            "[",
            "]",
            (0..count).map(|n| long_entry(n).to_string()),
        )?;
        // It says what it has said before: the time of an xl that thinks is not Domus's.
        dom0.write(
            "xl/xl",
            &format!("#!/bin/sh\nexec cat {}/xl/list$2\n", dom0.root().display()),
        )?;
        fs::set_permissions(dom0.path("xl/xl"), fs::Permissions::from_mode(0o755))?;
        Ok(dom0)
    }

    fn root(&self) -> &Path {
        self.folder.path()
    }

    fn path(&self, path: &str) -> PathBuf {
        self.root().join(path.trim_start_matches('/'))
    }

    fn write(&self, path: &str, text: &str) -> Result<()> {
        let path = self.path(path);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent)?;
        }
        fs::write(path, text)?;
        Ok(())
    }

    fn domus(&self, program: &Path, verb: &[&str]) -> Line {
        let mut args: Vec<String> = verb.iter().map(|&word| word.to_owned()).collect();
        args.extend(["--root".to_owned(), self.root().display().to_string()]);
        args.extend(["--xl".to_owned(), self.path("xl/xl").display().to_string()]);
        Line {
            program: program.to_owned(),
            args,
        }
    }

    /// Comparing each configuration with a copy of it, as a script in place of Domus would at least have to.
    fn peer(&self) -> Line {
        let copies = self.path("copies");
        if !copies.exists() {
            // A link to the same folder: the same bytes are read twice, as for two folders.
            let _ = symlink(self.path("etc/xen"), &copies);
        }
        let script = r#"for file in "$0"/etc/xen/*.cfg; do cmp -s "$file" "$0/copies/${file##*/}" || exit 1; done"#;
        let args = vec![
            "-c".to_owned(),
            script.to_owned(),
            self.root().display().to_string(),
        ];
        Line {
            program: "sh".into(),
            args,
        }
    }

    /// When each file was last changed, but for the lock, which says who had it last.
    fn modified(&self) -> Result<Vec<(PathBuf, std::time::SystemTime)>> {
        let mut found = Vec::new();
        for folder in ["etc/xen", "etc/xen/auto", "var/lib/domus/guests"] {
            for entry in fs::read_dir(self.path(folder))? {
                let entry = entry?;
                found.push((entry.path(), entry.metadata()?.modified()?));
            }
        }
        found.sort();
        Ok(found)
    }
}

fn guest(number: usize) -> Value {
    json!({
        "name": format!("guest{number}"), "type": "pv", "uuid": format!("6d7e3a0c-3b0f-4a55-9d0e-{number:012}"),
        "memoryMib": 256, "maxMemoryMib": 512, "vcpus": 2,
        "boot": { "bootloader": "pygrub" },
        "disks": [
            { "name": "boot", "path": format!("/vmdisks/guest{number}-boot.img"), "size": "256MiB", "format": "raw", "vdev": "xvda",
              "filesystem": { "type": "ext4", "label": "NIXBOOT" } },
            { "name": "root", "path": format!("/vmdisks/guest{number}-root.img"), "size": "4GiB", "format": "raw", "vdev": "xvdb",
              "filesystem": { "type": "ext4", "label": "NIXROOT" } },
        ],
        "networks": [ { "name": "lan", "bridge": "xenbr0", "mac": format!("00:16:3e:{:02x}:{:02x}:{:02x}", number >> 16, number >> 8 & 255, number & 255) } ],
        "autostart": true, "onPoweroff": "destroy", "onReboot": "restart", "onCrash": "destroy",
        "settings": { "cpu_weight": 512 },
    })
}

/// Writes a JSON list, one item after the other.
fn write_list(
    path: &Path,
    head: &str,
    tail: &str,
    items: impl Iterator<Item = String>,
) -> Result<()> {
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent)?;
    }
    let mut file = BufWriter::new(fs::File::create(path)?);
    write!(file, "{head}")?;
    for (index, item) in items.enumerate() {
        let comma = if index == 0 { "" } else { "," };
        write!(file, "{comma}{item}")?;
    }
    write!(file, "{tail}")?;
    file.flush()?;
    Ok(())
}

const HEADER: &str = "Name                                        ID   Mem VCPUs\tState\tTime(s)   UUID                            Reason-Code\tSecurity Label";

/// What `xl list -v` says of a guest.
fn short_line(number: usize) -> Result<String> {
    let guest = guest(number);
    let (name, uuid) = (guest["name"].as_str(), guest["uuid"].as_str());
    let (name, uuid) = name.zip(uuid).context("a guest without a name")?;
    Ok(format!(
        "{name:<40} {:5}   256     2     -b----       1.0 {uuid}        -                -\n",
        number + 1
    ))
}

/// What `xl list -l` says of a guest, in the shape of Xen 4.17's.
fn long_entry(number: usize) -> Value {
    let guest = guest(number);
    let disks = guest["disks"].as_array().into_iter().flatten().map(|disk| {
            json!({ "pdev_path": disk["path"], "vdev": disk["vdev"], "backend": "qdisk", "format": "raw", "readwrite": 1,
                    "colo_enable": "False", "colo_restore_enable": "False" })
        });
    let network = &guest["networks"][0];
    json!({ "domid": number + 1, "config": {
            "c_info": { "type": "pv", "name": guest["name"], "uuid": guest["uuid"], "run_hotplug_scripts": "True" },
            "b_info": {
                "max_vcpus": 2, "avail_vcpus": [0, 1], "vcpu_hard_affinity": [], "vcpu_soft_affinity": [],
                "numa_placement": "True", "tsc_mode": "default", "max_memkb": 524_288, "target_memkb": 262_144,
                "video_memkb": 0, "shadow_memkb": 5120, "iommu_memkb": 0, "localtime": "False", "disable_migrate": "False",
                "blkdev_start": "xvda", "device_model_version": "qemu_xen", "sched_params": { "sched": "credit2", "weight": 256 },
                "claim_mode": "True", "bootloader": "pygrub", "type.pv": { "bootloader_args": [] }, "arch_arm": {}, "arch_x86": {},
                "altp2m": "disabled"
            },
            "disks": disks.collect::<Vec<_>>(),
            "nics": [ { "devid": 0, "mac": network["mac"], "bridge": network["bridge"], "script": "/etc/xen/scripts/vif-bridge", "nictype": "vif" } ],
            "on_reboot": "restart", "on_soft_reset": "soft_reset"
        } })
}
