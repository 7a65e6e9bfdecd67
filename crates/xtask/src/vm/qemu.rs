//! QEMU with Xen and the Dom0 in it, by emulation (TCG): direct multiboot of Xen, no firmware, no boot loader.

use std::cell::Cell;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use tempfile::TempDir;

use super::image::Image;

/// The machine's memory; the Dom0 has `DOM0_MIB` of it, guests what is left.
const MACHINE_MIB: u32 = 4096;
const DOM0_MIB: u32 = 1500;

/// How a machine is emulated.
#[derive(Debug, Clone, Copy)]
pub struct Machine {
    /// How many processors it has. Where they are several, each is a thread of QEMU's, and now and then one loses a PVH or HVM
    /// guest to a triple fault, as measured with QEMU 7.2: 8 in 150 s of five busy guests with two, none with one.
    pub processors: u32,
    /// Whether the program's own terminal is the Dom0's /dev/hvc1.
    pub shell: bool,
}

impl Machine {
    /// One that loses no guest.
    pub const STEADY: Self = Self {
        processors: 1,
        shell: false,
    };
    /// One for measurements of what is done side by side.
    pub const FAST: Self = Self {
        processors: 2,
        shell: false,
    };

    /// With a shell on the program's own terminal, where that is wanted.
    pub const fn with_shell(self, shell: bool) -> Self {
        Self { shell, ..self }
    }
}

thread_local! {
    /// Whether a guest was lost to a triple fault in any run of this thread that ended since it was last forgotten.
    static EMULATION_FAULT: Cell<bool> = const { Cell::new(false) };
}

/// Forgets what [`emulation_faults`] would say.
pub fn forget_emulation_faults() {
    EMULATION_FAULT.set(false);
}

/// Whether Xen said on its console, in a run that has ended, that a guest's processor was lost to a triple fault.
pub fn emulation_faults() -> bool {
    EMULATION_FAULT.get()
}

/// A running QEMU. It is killed when this is dropped, and by the kernel when this program ends in any way.
pub struct Qemu {
    child: Child,
}

/// The files of one run: the Dom0's overlay, logs, and sockets. All of them go when this is dropped.
pub struct RunFolder {
    big: TempDir,
    small: TempDir,
    boots: Cell<u32>,
    /// How many triple faults are known already.
    known_faults: Cell<usize>,
}

impl RunFolder {
    /// A folder in the cache for what is large, one in the temporary folder for sockets (whose paths must be short),
    /// and a copy-on-write overlay of `image`. What an interrupted run left behind is removed first.
    pub fn new(image: &Image) -> Result<Self> {
        let runs = super::image::cache()?.join("runs");
        fs::create_dir_all(&runs)?;
        sweep(&runs, "");
        sweep(&std::env::temp_dir(), "domus-vm-");
        let prefix = format!("{}-", std::process::id());
        let big = tempfile::Builder::new()
            .prefix(&prefix)
            .tempdir_in(&runs)
            .context("cannot make a folder for this run")?;
        let small = tempfile::Builder::new()
            .prefix(&format!("domus-vm-{prefix}"))
            .tempdir()
            .context("cannot make a temporary folder")?;
        let folder = Self {
            big,
            small,
            boots: Cell::new(0),
            known_faults: Cell::new(0),
        };
        let base = image.folder.join("dom0.img");
        let made = Command::new("qemu-img")
            .args(["create", "-q", "-f", "qcow2", "-F", "raw", "-b"])
            .args([&base, &folder.overlay()])
            .output()
            .context("cannot run qemu-img")?;
        if !made.status.success() {
            bail!(
                "qemu-img create: {}",
                String::from_utf8_lossy(&made.stderr).trim()
            );
        }
        Ok(folder)
    }

    fn overlay(&self) -> PathBuf {
        self.big.path().join("dom0.qcow2")
    }

    /// The socket of the agent's port.
    pub fn agent_socket(&self) -> PathBuf {
        self.small.path().join("agent")
    }

    /// Xen's console of the current boot.
    pub fn console_log(&self) -> PathBuf {
        self.big
            .path()
            .join(format!("console-{}.log", self.boots.get()))
    }

    fn qemu_log(&self) -> PathBuf {
        self.big.path().join("qemu.log")
    }

    /// How many triple faults Xen told of, in all boots.
    fn faults(&self) -> usize {
        let logs = (1..=self.boots.get()).map(|boot| {
            let log = self.big.path().join(format!("console-{boot}.log"));
            let text = fs::read(log).unwrap_or_default();
            String::from_utf8_lossy(&text)
                .matches("Triple fault")
                .count()
        });
        logs.sum()
    }

    /// Has [`emulation_faults`] say nothing of what was until now.
    pub fn forget_faults(&self) {
        self.known_faults.set(self.faults());
    }

    /// The end of Xen's console, for a message about a failure.
    pub fn console_tail(&self, lines: usize) -> String {
        let text = fs::read(self.console_log()).unwrap_or_default();
        let text = String::from_utf8_lossy(&text).replace('\r', "");
        let all: Vec<&str> = text.lines().collect();
        all.get(all.len().saturating_sub(lines)..)
            .unwrap_or_default()
            .join("\n")
    }
}

impl Drop for RunFolder {
    fn drop(&mut self) {
        if self.faults() > self.known_faults.get() {
            EMULATION_FAULT.set(true);
        }
    }
}

/// Removes from `runs` the folders of runs whose program is gone: named `before`, its process id, a hyphen. What cannot be removed is left to the next run.
fn sweep(runs: &Path, before: &str) {
    let Ok(entries) = fs::read_dir(runs) else {
        return;
    };
    for entry in entries.flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let owner = name
            .strip_prefix(before)
            .and_then(|rest| rest.split('-').next())
            .and_then(|id| id.parse::<u32>().ok());
        if owner.is_some_and(|id| !Path::new(&format!("/proc/{id}")).exists()) {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

impl Qemu {
    /// Starts QEMU on the run's overlay. `arguments` are for the Dom0's kernel.
    pub fn start(
        image: &Image,
        run: &RunFolder,
        machine: Machine,
        arguments: &str,
    ) -> Result<Self> {
        run.boots.set(run.boots.get() + 1);
        let socket = run.agent_socket();
        let _ = fs::remove_file(&socket);
        // In QEMU's options a comma is written twice.
        let escaped = |path: &Path| path.display().to_string().replace(',', ",,");
        let log = fs::File::create(run.qemu_log())?;
        let mut command = Command::new("setpriv");
        // The multiboot loader ends a file's name at a space: it gets names without folders.
        command
            .current_dir(&image.folder)
            .args(["--pdeathsig", "KILL", "qemu-system-x86_64", "-M", "q35", "-cpu", "qemu64,+svm,+npt", "-smp", &machine.processors.to_string()])
            .args(["-m", &format!("{MACHINE_MIB}M"), "-accel", "tcg,thread=multi", "-display", "none", "-no-reboot"])
            .args(["-nic", "none", "-monitor", "none", "-serial", &format!("file:{}", escaped(&run.console_log()))])
            .args(["-drive", &format!("file={},if=virtio,format=qcow2,cache=unsafe", escaped(&run.overlay()))])
            .args(["-device", "virtio-serial-pci"])
            .args(["-chardev", &format!("socket,id=agent,path={},server=on,wait=off", escaped(&socket))])
            .args(["-device", "virtserialport,chardev=agent,name=org.domus.agent"])
            .args(["-kernel", "xen"])
            .args(["-append", &format!("console=com1 com1=115200,8n1 dom0_mem={DOM0_MIB}M,max:{DOM0_MIB}M loglvl=warning guest_loglvl=warning")])
            .args(["-initrd", &format!("vmlinuz root=/dev/vda rw console=hvc0 quiet systemd.show_status=0 {arguments},initrd.img")]);
        if machine.shell {
            command
                .args([
                    "-chardev",
                    "stdio,id=shell,signal=off",
                    "-device",
                    "virtconsole,chardev=shell",
                ])
                .stdin(Stdio::inherit())
                .stdout(Stdio::inherit());
        } else {
            command.stdin(Stdio::null()).stdout(Stdio::null());
        }
        let child = command.stderr(log).spawn().context("cannot start QEMU")?;
        let mut qemu = Self { child };
        let deadline = Instant::now() + Duration::from_secs(20);
        while !socket.exists() {
            if qemu.ended()? || Instant::now() > deadline {
                let said = fs::read_to_string(run.qemu_log()).unwrap_or_default();
                bail!("QEMU did not start: {}", said.trim());
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        Ok(qemu)
    }

    /// Kills QEMU, as a power cut does.
    pub fn kill(&mut self) -> Result<()> {
        self.child.kill().context("cannot kill QEMU")?;
        self.child.wait().context("cannot wait for QEMU")?;
        Ok(())
    }

    /// Whether QEMU has ended.
    pub fn ended(&mut self) -> Result<bool> {
        Ok(self
            .child
            .try_wait()
            .context("cannot ask for QEMU's state")?
            .is_some())
    }

    /// Waits until QEMU ends: a reboot or power-off of the Dom0.
    pub fn wait(&mut self, patience: Duration) -> Result<()> {
        let deadline = Instant::now() + patience;
        while !self.ended()? {
            if Instant::now() > deadline {
                bail!("the Dom0 did not go down within {} s", patience.as_secs());
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        Ok(())
    }
}

impl Drop for Qemu {
    fn drop(&mut self) {
        // It may be gone already, which is as well.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
