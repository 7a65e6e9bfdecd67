//! Where things are. Every path goes through here, so that `--root` holds for all of them.

use std::path::{Path, PathBuf};

use guest_spec::{Disk, Document, Guest};
use uuid::Uuid;

/// The folder tree that Domus works on.
#[derive(Clone, Debug)]
pub struct Layout {
    root: PathBuf,
    config_dir: PathBuf,
}

impl Layout {
    /// The tree below `root` (`/` on a Dom0), with the configurations where the document says.
    #[must_use]
    pub fn new(root: &Path, document: &Document) -> Self {
        Self {
            config_dir: PathBuf::from(&document.config_dir),
            ..Self::without_document(root)
        }
    }

    /// The tree below `root`, where there is no document to say where configurations are.
    #[must_use]
    pub fn without_document(root: &Path) -> Self {
        Self {
            root: root.to_owned(),
            config_dir: PathBuf::from("/etc/xen"),
        }
    }

    /// A path of the Dom0, as it is found below the root.
    #[must_use]
    pub fn below(&self, path: impl AsRef<Path>) -> PathBuf {
        let path = path.as_ref();
        self.root.join(path.strip_prefix("/").unwrap_or(path))
    }

    /// Whether this is the running system's own tree.
    #[must_use]
    pub fn is_system(&self) -> bool {
        self.root == Path::new("/")
    }

    /// The folder of xl configurations.
    #[must_use]
    pub fn config_dir(&self) -> PathBuf {
        self.below(&self.config_dir)
    }

    /// The folder of links that xendomains starts.
    #[must_use]
    pub fn auto_dir(&self) -> PathBuf {
        self.config_dir().join("auto")
    }

    /// A guest's xl configuration.
    #[must_use]
    pub fn config(&self, guest: &str) -> PathBuf {
        self.config_dir().join(format!("{guest}.cfg"))
    }

    /// A guest's link in the folder that xendomains starts. It is named exactly like the domain,
    /// because xendomains finds saved guests by file name.
    #[must_use]
    pub fn auto(&self, guest: &str) -> PathBuf {
        self.auto_dir().join(guest)
    }

    /// Where a guest's link in `auto` points.
    #[must_use]
    pub fn auto_target(guest: &str) -> PathBuf {
        PathBuf::from(format!("../{guest}.cfg"))
    }

    /// Where Nix looks for what must not be collected.
    #[must_use]
    pub fn gc_roots_dir(&self) -> PathBuf {
        self.below("/nix/var/nix/gcroots")
    }

    /// What Domus knows until the Dom0's next boot.
    #[must_use]
    pub fn run_dir(&self) -> PathBuf {
        self.below("/run/domus")
    }

    /// What `domus run` gave to xl for a guest, while that guest runs in its unit.
    #[must_use]
    pub fn started(&self, guest: &str) -> PathBuf {
        self.run_dir().join(format!("{guest}.started"))
    }

    /// The number of the domain that `domus run` has xl make for a guest, while that guest runs in its unit; of one that
    /// reboots by itself, of its first.
    #[must_use]
    pub fn started_domid(&self, guest: &str) -> PathBuf {
        self.run_dir().join(format!("{guest}.domid"))
    }

    /// What xl said when a guest could not be started.
    #[must_use]
    pub fn failure(&self, guest: &str) -> PathBuf {
        self.run_dir().join(format!("{guest}.failure"))
    }

    /// What running guests were last compared by: a cache, which a reboot empties.
    #[must_use]
    pub fn compared(&self) -> PathBuf {
        self.run_dir().join("compared.json")
    }

    /// What a guest says on its console, as xenconsoled keeps it (`io.c`, `create_console_log`).
    #[must_use]
    pub fn console_log(&self, guest: &str) -> PathBuf {
        self.below(format!("/var/log/xen/console/guest-{guest}.log"))
    }

    /// It is there in a boot in which Domus starts the guests, and not xendomains.
    #[must_use]
    pub fn manages(&self) -> PathBuf {
        self.run_dir().join("manages")
    }

    /// A guest's save file, where xendomains looks for it.
    #[must_use]
    pub fn save_dir(&self) -> PathBuf {
        self.below("/var/lib/xen/save")
    }

    /// Where libxl keeps what belongs to a domain (`libxl_internal.c`, `libxl__userdata_path`).
    #[must_use]
    pub fn userdata_dir(&self) -> PathBuf {
        self.below("/var/lib/xen")
    }

    /// The name of the file with the configuration that is stored for a domain's own reboot (`xl config-update`).
    #[must_use]
    pub fn stored_config(domid: u32, uuid: Uuid) -> String {
        format!("userdata-d.{domid}.{uuid}.xl")
    }

    /// The name of the file with libxl's own configuration of a domain (`libxl__set_domain_configuration`).
    #[must_use]
    pub fn stored_json(domid: u32, uuid: Uuid) -> String {
        format!("userdata-d.{domid}.{uuid}.libxl-json")
    }

    /// What Domus remembers.
    #[must_use]
    pub fn state_dir(&self) -> PathBuf {
        self.below("/var/lib/domus")
    }

    /// What Domus remembers of each guest.
    #[must_use]
    pub fn records_dir(&self) -> PathBuf {
        self.state_dir().join("guests")
    }

    /// A disk's image or device; nothing for what is no file of the Dom0.
    #[must_use]
    pub fn disk(&self, disk: &Disk) -> Option<PathBuf> {
        disk.file().map(|path| self.below(path))
    }

    /// The folders that hold images which Domus may make.
    #[must_use]
    pub fn image_dirs(&self, guests: &[Guest]) -> Vec<PathBuf> {
        let disks = guests.iter().flat_map(|guest| &guest.disks);
        let paths = disks
            .filter(|disk| disk.size.is_some())
            .filter_map(|disk| self.disk(disk));
        let mut dirs: Vec<_> = paths
            .filter_map(|path| path.parent().map(Path::to_owned))
            .collect();
        dirs.sort_unstable();
        dirs.dedup();
        dirs
    }
}
