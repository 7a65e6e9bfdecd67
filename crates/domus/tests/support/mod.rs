//! A Dom0 in a folder: a root with what `domus` looks at, and the fake xl.

#![allow(dead_code, reason = "each test file uses a part")]
#![allow(clippy::unwrap_used, reason = "a test's own support")]

pub mod going_down;
pub mod process;
pub mod renamed;
/// Save files as xl writes them.
#[path = "../../examples/fake-xl/save_file.rs"]
pub mod save_file;
pub mod saved;
pub mod strace;
pub mod transitions;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::{Value, json};
use tempfile::TempDir;

/// A Dom0 in a folder.
pub struct Dom0 {
    folder: TempDir,
    fault: Option<&'static str>,
}

/// What a run of domus gave.
pub struct Ran {
    pub status: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Dom0 {
    /// One that is booted under Xen and has no guests.
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let dom0 = Self {
            folder,
            fault: None,
        };
        dom0.write("/proc/xen/capabilities", "control_d\n");
        dom0.boot("first");
        dom0.write("/proc/self/mounts", "/dev/vda / ext4 rw 0 0\n");
        fs::create_dir_all(dom0.path("/xl")).unwrap();
        dom0
    }

    /// A path of the Dom0, as the test finds it.
    pub fn path(&self, path: &str) -> PathBuf {
        self.folder.path().join(path.trim_start_matches('/'))
    }

    /// How the Dom0 calls a path of the test.
    fn name_of(&self, path: &Path) -> String {
        let below = path.strip_prefix(self.folder.path()).unwrap();
        format!("/{}", below.display())
    }

    pub fn write(&self, path: &str, text: &str) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// An image of 16 MiB, as `guest` declares it, that begins so.
    pub fn image(&self, path: &str, text: &str) {
        self.write(path, text);
        let image = fs::File::options().write(true).open(self.path(path));
        image.unwrap().set_len(16 << 20).unwrap();
    }

    pub fn read(&self, path: &str) -> String {
        fs::read_to_string(self.path(path)).unwrap()
    }

    pub fn has(&self, path: &str) -> bool {
        self.path(path).symlink_metadata().is_ok()
    }

    /// The Dom0 boots: xl's domains are gone.
    pub fn boot(&self, id: &str) {
        self.write("/proc/sys/kernel/random/boot_id", id);
        let _ = fs::remove_file(self.path("/xl/domains.json"));
    }

    /// What xl does wrong from now on.
    pub fn fault(&mut self, fault: Option<&'static str>) {
        self.fault = fault;
    }

    /// Declares these guests.
    pub fn declare(&self, guests: &[Value]) {
        let document = json!({ "version": 1, "bridges": [], "guests": guests });
        self.write("/etc/domus/guests.json", &document.to_string());
    }

    /// Declares these guests, which this starts with the Dom0: domus or xendomains.
    pub fn declare_for(&self, manager: &str, guests: &[Value]) {
        let document =
            json!({ "version": 1, "autostartManager": manager, "bridges": [], "guests": guests });
        self.write("/etc/domus/guests.json", &document.to_string());
    }

    fn command(&self, program: &Path, args: &[&str]) -> Command {
        let mut command = Command::new(program);
        command
            .args(args)
            .env("FAKE_XL_STATE", self.path("/xl"))
            .env("FAKE_XL_ROOT", self.folder.path())
            .env_remove("NIXOS_ACTION")
            .env_remove("JOURNAL_STREAM");
        if let Some(fault) = self.fault {
            command.env("FAKE_XL_FAULT", fault);
        }
        command
    }

    /// Prepares a run of domus on this Dom0.
    pub fn domus(&self, args: &[&str]) -> Command {
        let mut command = self.command(Path::new(env!("CARGO_BIN_EXE_domus")), args);
        command
            .arg("--root")
            .arg(self.folder.path())
            .arg("--xl")
            .arg(fake_xl());
        command
    }

    /// Runs domus on this Dom0.
    pub fn run(&self, args: &[&str]) -> Ran {
        self.ran(self.domus(args).output().unwrap())
    }

    /// Runs domus as the activation of a system does, of which this is the action: `switch`, `dry-activate` and so on.
    pub fn activate(&self, action: &str) -> Ran {
        let mut domus = self.domus(&["apply", "--stage", "files"]);
        self.ran(domus.env("NIXOS_ACTION", action).output().unwrap())
    }

    /// What a run gave, with this folder taken out of it.
    pub fn ran(&self, output: Output) -> Ran {
        let folder = self.folder.path().to_str().unwrap();
        let text = |bytes: Vec<u8>| {
            let text = String::from_utf8(bytes).unwrap();
            text.replace(folder, "")
                .replace(fake_xl().to_str().unwrap(), "xl")
        };
        Ran {
            status: output.status.code().unwrap(),
            stdout: text(output.stdout),
            stderr: text(output.stderr),
        }
    }

    /// Runs the fake xl.
    pub fn xl(&self, args: &[&str]) -> String {
        let output = self.command(&fake_xl(), args).output().unwrap();
        assert!(
            output.status.success(),
            "xl {args:?}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8(output.stdout).unwrap()
    }

    /// A person makes a domain of this configuration.
    pub fn create(&self, config: &str) {
        self.write("/root/hand.cfg", config);
        self.xl(&["create", self.path("/root/hand.cfg").to_str().unwrap()]);
    }

    /// Whether a domain of this name is there.
    pub fn runs(&self, name: &str) -> bool {
        let list = self.xl(&["list", "-v"]);
        list.lines()
            .any(|line| line.split_whitespace().next() == Some(name))
    }

    /// Every file below a folder, with what it holds; links with their targets. Images by size only.
    pub fn files(&self, path: &str) -> Vec<(String, String)> {
        let mut found = Vec::new();
        walk(&self.path(path), &mut found);
        let root = self.folder.path().to_str().unwrap();
        found.sort();
        found
            .into_iter()
            // A cache, which says nothing of the guests; and what libxl keeps itself.
            .filter(|(path, _)| {
                !path.ends_with("/run/domus/compared.json") && !path.ends_with(".libxl-json")
            })
            .map(|(path, content)| (path.replace(root, ""), content))
            .collect()
    }
}

/// Runs domus, which succeeds, and gives what it said to its standard output.
pub fn applied(dom0: &Dom0, args: &[&str]) -> String {
    let ran = dom0.run(args);
    assert_eq!(ran.status, 0, "{args:?}: {}{}", ran.stdout, ran.stderr);
    ran.stdout
}

/// All that a run said.
pub fn all(ran: &Ran) -> String {
    format!("{}{}", ran.stdout, ran.stderr)
}

fn walk(folder: &Path, found: &mut Vec<(String, String)>) {
    let Ok(entries) = fs::read_dir(folder) else {
        return;
    };
    for entry in entries {
        let path = entry.unwrap().path();
        let name = path.to_str().unwrap().to_owned();
        let metadata = path.symlink_metadata().unwrap();
        if metadata.is_dir() {
            walk(&path, found);
        } else if name.ends_with("/var/lib/domus/lock") {
            // It says which process had it last.
        } else if metadata.is_symlink() {
            found.push((
                name,
                format!("-> {}", fs::read_link(&path).unwrap().display()),
            ));
        } else if metadata.len() > 100_000 {
            found.push((name, format!("{} bytes", metadata.len())));
        } else {
            let bytes = fs::read(&path).unwrap();
            found.push((name, String::from_utf8_lossy(&bytes).into_owned()));
        }
    }
}

/// The files that hold a text, whatever else is in them.
pub fn holding(dom0: &Dom0, text: &str) -> Vec<String> {
    let contains = |bytes: &[u8]| {
        bytes
            .windows(text.len())
            .any(|part| part == text.as_bytes())
    };
    let mut found: Vec<String> = all_files(&dom0.path("/"))
        .into_iter()
        .filter(|path| contains(&fs::read(path).unwrap()))
        .map(|path| dom0.name_of(&path))
        // What xl itself knows.
        .filter(|name| !name.starts_with("/xl/") && !name.ends_with(".libxl-json"))
        .collect();
    found.sort();
    found
}

/// The files that hold a text and that others than their owner can read.
pub fn exposed(dom0: &Dom0, text: &str) -> Vec<String> {
    let open = |name: &String| mode(dom0, name) & 0o077 != 0;
    holding(dom0, text).into_iter().filter(open).collect()
}

/// A file's mode.
pub fn mode(dom0: &Dom0, path: &str) -> u32 {
    let metadata = fs::symlink_metadata(dom0.path(path)).unwrap();
    metadata.permissions().mode() & 0o7777
}

/// Every regular file below a folder, but for images.
fn all_files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let metadata = path.symlink_metadata().unwrap();
        if metadata.is_dir() {
            found.extend(all_files(&path));
        } else if metadata.is_file() && metadata.len() < 100_000 {
            // Images hold nothing of Domus's.
            found.push(path);
        }
    }
    found
}

/// The fake xl, built with the tests as an example of this package.
fn fake_xl() -> PathBuf {
    let path = Path::new(env!("CARGO_BIN_EXE_domus"))
        .with_file_name("examples")
        .join("fake-xl");
    assert!(
        path.exists(),
        "{} is not built: run the tests of the whole package",
        path.display()
    );
    path
}

/// The configuration of a domain that a person made and called hand.
pub const HAND: &str =
    "name = 'hand'\nuuid = '6d7e3a0c-3b0f-4a55-9d0e-2b8f6f3c0099'\nmemory = 128\n";

/// The configuration of a domain of somebody else's, which has this name.
pub fn theirs(name: &str) -> String {
    format!("name = \"{name}\"\nuuid = \"11111111-2222-3333-4444-555555555555\"\nmemory = 64\n")
}

/// A guest that boots a kernel of the Dom0 and has one disk.
pub fn guest(name: &str, number: u32) -> Value {
    json!({
        "name": name, "type": "pvh", "uuid": format!("6d7e3a0c-3b0f-4a55-9d0e-{number:012}"),
        "memoryMib": 256, "maxMemoryMib": 512, "vcpus": 1,
        "boot": { "bootloader": "direct", "kernel": "/boot/bzImage", "initrd": "/boot/initrd", "cmdline": "console=hvc0" },
        "disks": [ { "name": "root", "path": format!("/vmdisks/{name}.img"), "size": "16MiB", "format": "raw", "vdev": "xvda",
                     "filesystem": { "type": "ext4", "label": "nixos" } } ],
        "networks": [ { "name": "lan", "bridge": "xenbr0", "mac": format!("00:16:3e:00:{:02x}:{:02x}", number / 256, number % 256) } ],
        "autostart": true, "onPoweroff": "destroy", "onReboot": "restart", "onCrash": "destroy"
    })
}
