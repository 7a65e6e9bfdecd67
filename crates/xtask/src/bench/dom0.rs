//! A Dom0 in a folder, all of whose guests are applied and run.

use std::fs;
use std::io::{BufWriter, Write as _};
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;
use tempfile::TempDir;

use super::guests::{self, Shapes};
use super::measure::Line;

/// A Dom0 in a folder.
pub struct Dom0 {
    folder: TempDir,
    /// How many guests it has.
    pub count: usize,
}

impl Dom0 {
    /// One with as many guests as `count`, to which `domus` was applied as at a boot: the files, then, while all guests
    /// run, everything.
    ///
    /// # Errors
    /// There is no place for it, or `domus` fails.
    pub fn with_guests(count: usize, domus: &Path) -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("domus-bench.").tempdir()?;
        let dom0 = Self { folder, count };
        dom0.write("proc/xen/capabilities", "control_d\n")?;
        dom0.write("proc/sys/kernel/random/boot_id", "bench\n")?;
        // With Nix, what guests are started from is rooted.
        fs::create_dir_all(dom0.path("nix/var/nix/gcroots"))?;
        fs::create_dir_all(dom0.path("run"))?;
        dom0.document("etc/domus/guests.json", guests::declared)?;
        dom0.shown_by_xl()?;
        for number in 0..count {
            let guest = guests::guest(number)?;
            for disk in &guest.disks {
                let Some(path) = disk.path.as_deref() else {
                    continue;
                };
                dom0.write(path, "")?;
                // As large as it is declared, and all hole.
                let image = fs::File::create(dom0.path(path))?;
                image.set_len(disk.size.map_or(0, guest_spec::ByteSize::bytes))?;
            }
            let facts = guests::facts(&guest);
            dom0.write(&format!("declared-facts/{}", guest.name), &facts)?;
        }
        for verb in [&["apply", "--stage", "files"] as &[&str], &["apply"]] {
            let (succeeded, said) = dom0.domus(domus, verb).output()?;
            ensure!(succeeded, "domus {} failed: {said}", verb.join(" "));
        }
        for number in 0..count {
            let file = format!("guest{number}.cfg");
            let to = dom0.path("declared").join(&file);
            fs::create_dir_all(dom0.path("declared"))?;
            fs::copy(dom0.path("etc/xen").join(&file), to)?;
        }
        Ok(dom0)
    }

    /// Where it is.
    pub fn root(&self) -> &Path {
        self.folder.path()
    }

    /// A path of the Dom0, in this folder.
    pub fn path(&self, path: &str) -> PathBuf {
        self.root().join(path.trim_start_matches('/'))
    }

    /// Leaves it where it is, and says where.
    pub fn keep(self) -> PathBuf {
        self.folder.keep()
    }

    /// Writes a file, and the folders that it needs.
    pub fn write(&self, path: &str, text: &str) -> Result<()> {
        let path = self.path(path);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent)?;
        }
        fs::write(path, text)?;
        Ok(())
    }

    /// Writes a guests.json. Piece by piece: what this process has had in memory would count as its children's.
    pub fn document(&self, path: &str, declared: impl Fn(usize) -> Value) -> Result<()> {
        let items = (0..self.count).map(|number| Ok(declared(number).to_string()));
        let (head, tail) = ("{\"version\":1,\"guests\":[", "]}");
        write_list(&self.path(path), head, tail, items)
    }

    /// What xl says of the guests, and an xl that says it: the time of an xl that thinks is not Domus's.
    fn shown_by_xl(&self) -> Result<()> {
        let mut short = format!("{}\n", guests::HEADER);
        let mut affinity = format!("{}\n", guests::AFFINITY);
        for number in 0..self.count {
            let guest = guests::guest(number)?;
            short += &guests::short_line(number, &guest);
            affinity += &guests::affinity_lines(&guest, number);
        }
        self.write("xl/list-v", &short)?;
        let shapes = Shapes::read()?;
        let entries =
            (0..self.count).map(|number| shapes.long_entry(number, &guests::guest(number)?));
        write_list(&self.path("xl/list-l"), "[", "\n]\n", entries)?;
        self.write("xl/vcpu-list", &affinity)?;
        self.write("xl/info", guests::INFO)?;
        let folder = self.path("xl");
        let folder = folder.display();
        let xl = format!(
            "#!/bin/sh\ncase $1 in list) exec /bin/cat {folder}/list$2 ;; vcpu-list | info) exec /bin/cat {folder}/$1 ;; esac\necho \"$*\" >> {folder}/called\n"
        );
        self.write("xl/xl", &xl)?;
        fs::set_permissions(self.path("xl/xl"), fs::Permissions::from_mode(0o755))?;
        Ok(())
    }

    /// A command line of Domus, for this Dom0.
    pub fn domus(&self, program: &Path, verb: &[&str]) -> Line {
        let (root, xl) = (self.root().display().to_string(), self.path("xl/xl"));
        let xl = xl.display().to_string();
        let rest = ["--root", root.as_str(), "--xl", xl.as_str()];
        Line::new(program, &[verb, &rest].concat())
    }

    /// Changes the first place of a file that has `from` in it, or, where `from` is empty, makes a link lead nowhere.
    /// What it gives takes the change back.
    pub fn spoil(&self, path: &str, from: &str, to: &str) -> Result<impl FnOnce() -> Result<()>> {
        let path = self.path(path);
        let text = (!from.is_empty())
            .then(|| fs::read_to_string(&path))
            .transpose()?;
        let target = text.is_none().then(|| fs::read_link(&path)).transpose()?;
        match &text {
            Some(text) => {
                ensure!(text.contains(from), "{} has no {from}", path.display());
                fs::write(&path, text.replacen(from, to, 1))?;
            }
            None => relink(&path, Path::new("../nowhere.cfg"))?,
        }
        Ok(move || {
            if let Some(text) = text {
                fs::write(&path, text)?;
            }
            target.map_or(Ok(()), |target| relink(&path, &target))
        })
    }

    /// When each file was last changed, but for the lock, which says who had it last.
    pub fn modified(&self) -> Result<Vec<(PathBuf, SystemTime)>> {
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

fn relink(path: &Path, target: &Path) -> Result<()> {
    fs::remove_file(path)?;
    symlink(target, path).with_context(|| format!("cannot link {}", path.display()))
}

/// Writes a JSON list, one item after the other.
fn write_list(
    path: &Path,
    head: &str,
    tail: &str,
    items: impl Iterator<Item = Result<String>>,
) -> Result<()> {
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent)?;
    }
    let mut file = BufWriter::new(fs::File::create(path)?);
    write!(file, "{head}")?;
    for (index, item) in items.enumerate() {
        let comma = if index == 0 { "" } else { "," };
        write!(file, "{comma}{}", item?)?;
    }
    write!(file, "{tail}")?;
    file.flush()?;
    Ok(())
}
