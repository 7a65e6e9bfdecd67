//! What Domus remembers: `/var/lib/domus/guests/<name>.json`, one file a guest.
//!
//! It says which files are Domus's own, which images were there, and with what the guest was started.
//! One that cannot be read is an error of its guest, never "nothing known".

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use guest_spec::{Guest, Lifecycle};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::files::{self, Existing, FileError};
use crate::holders::Target;
use crate::layout::Layout;

/// What Domus remembers of a guest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Record {
    version: u32,
    /// The guest's name.
    pub name: String,
    /// The UUID of the domain that is Domus's own.
    pub uuid: Uuid,
    /// The digests that the guest's configuration may have and be Domus's: the one last written,
    /// and the one about to be.
    #[serde(default)]
    pub config_digests: Vec<String>,
    /// The images that were there at the last apply, by their paths in the Dom0.
    #[serde(default)]
    pub images: BTreeSet<String>,
    /// Those of them that are qcow2.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub qcow2: BTreeSet<String>,
    /// What its disks that are no files of the Dom0 are known by: those of the domain that runs or is saved, or those
    /// that it would be started with.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub targets: BTreeSet<Target>,
    /// Whether the link in `auto` is Domus's.
    #[serde(default)]
    pub linked: bool,
    /// What Domus last saw or made true of what Xen changes in a running guest: xl.cfg's keys, `disk VDEV` and
    /// `vif MAC`, with the value as it was declared. Where the declaration is still this one and the guest has
    /// something else, somebody changed it by hand.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub live: BTreeMap<String, String>,
    /// The vdevs of the disks that may be taken from the running guest, once they are no longer declared.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub detachable: BTreeSet<String>,
    /// What becomes of the guest when its declaration, or its host, changes: as last declared.
    #[serde(default)]
    pub lifecycle: Lifecycle,
    /// The domain that was last seen running.
    #[serde(default)]
    pub running: Option<Running>,
    /// Whether Domus shut it down to start it again, and has not started it yet.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub restarting: bool,
    /// The boot of the Dom0 that found a save file of the guest, before xendomains restored it.
    #[serde(default)]
    pub restored_in_boot: Option<String>,
    /// What the guest was called when its domain was started, and since: its unit has one of these names until it ends.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub former_names: BTreeSet<String>,
    /// What its domain is still called, whether it runs or is saved.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub domain_name: Option<String>,
}

/// A domain that was seen running.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Running {
    /// The boot of the Dom0 in which it ran.
    pub boot_id: String,
    /// Its number; a changed one is another start, by hand or by the guest's own reboot.
    #[serde(default)]
    pub domid: Option<u32>,
    /// The xl configuration that it was started with, where that is known; sealed, without its passwords.
    #[serde(default)]
    pub config: Option<String>,
    /// The configuration that was stored with it for its own reboot (`xl config-update`); sealed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_boot: Option<String>,
    /// `cpus` and `cpus_soft`, as they were declared when they were last set in it: libxl shows those of its start.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pinned: Option<[String; 2]>,
}

impl Running {
    /// A domain of which nothing more is known than when and as what it ran.
    #[must_use]
    pub const fn new(boot_id: String, domid: Option<u32>, config: Option<String>) -> Self {
        Self {
            boot_id,
            domid,
            config,
            next_boot: None,
            pinned: None,
        }
    }
}

/// Why a record cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// It could not be read.
    #[error(transparent)]
    File(#[from] FileError),
    /// It is damaged.
    #[error(
        "{path} is damaged ({why}), so Domus cannot tell what of this guest is its own. Restore it from a backup; or make sure that every disk of the guest is there and that its files in /etc/xen are Domus's, remove it, and switch again"
    )]
    Damaged {
        /// The record.
        path: PathBuf,
        /// What the reader says.
        why: String,
    },
}

impl Record {
    const VERSION: u32 = 1;

    /// A record of a guest that nothing is known of.
    #[must_use]
    pub fn new(name: &str, uuid: Uuid) -> Self {
        Self {
            version: Self::VERSION,
            name: name.to_owned(),
            uuid,
            config_digests: Vec::new(),
            images: BTreeSet::new(),
            qcow2: BTreeSet::new(),
            targets: BTreeSet::new(),
            linked: false,
            live: BTreeMap::new(),
            detachable: BTreeSet::new(),
            lifecycle: Lifecycle::default(),
            running: None,
            restarting: false,
            restored_in_boot: None,
            former_names: BTreeSet::new(),
            domain_name: None,
        }
    }

    /// The same guest by another name, under which no file is its own yet.
    #[must_use]
    pub fn renamed(&self, name: &str) -> Self {
        let mut renamed = self.clone();
        name.clone_into(&mut renamed.name);
        renamed.config_digests.clear();
        renamed.linked = false;
        renamed.former_names.insert(self.name.clone());
        renamed.former_names.remove(name);
        let domain = self.domain_name.as_ref().unwrap_or(&self.name);
        renamed.domain_name = (domain != name).then(|| domain.clone());
        renamed
    }

    /// Whether Domus did anything that makes the guest its own: a record is also kept of one of which something stands in its
    /// way.
    #[must_use]
    pub fn is_of_domus(&self) -> bool {
        !self.config_digests.is_empty() || self.linked || self.running.is_some()
    }

    fn path(layout: &Layout, name: &str) -> PathBuf {
        layout.records_dir().join(format!("{name}.json"))
    }

    /// Reads a guest's record; nothing where there is none.
    ///
    /// # Errors
    /// When it cannot be read, or is damaged.
    pub fn load(layout: &Layout, name: &str) -> Result<Option<Self>, RecordError> {
        Self::read(&Self::path(layout, name), name)
    }

    fn read(path: &Path, name: &str) -> Result<Option<Self>, RecordError> {
        let Some(text) = files::read_text(path)? else {
            return Ok(None);
        };
        let damaged = |why: String| RecordError::Damaged {
            path: path.to_owned(),
            why,
        };
        let record: Self =
            serde_json::from_str(&text).map_err(|error| damaged(error.to_string()))?;
        if record.version != Self::VERSION {
            return Err(damaged(format!("it has version {}", record.version)));
        }
        if record.name != name {
            return Err(damaged(format!("it is about {}", record.name)));
        }
        Ok(Some(record))
    }

    /// Writes the record.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn save(&self, layout: &Layout) -> Result<(), FileError> {
        let mut text = serde_json::to_string_pretty(self).unwrap_or_default();
        text.push('\n');
        files::write(
            &Self::path(layout, &self.name),
            text.as_bytes(),
            0o600,
            Existing::Replace,
        )
    }

    /// Forgets the guest.
    ///
    /// # Errors
    /// When the record cannot be removed.
    pub fn forget(&self, layout: &Layout) -> Result<(), FileError> {
        files::remove(&Self::path(layout, &self.name))
    }
}

/// The records of all guests; those that cannot be read are errors.
#[derive(Debug, Default)]
pub struct Records(BTreeMap<String, Result<Record, RecordError>>);

impl Records {
    /// Reads them all.
    ///
    /// # Errors
    /// When the folder itself cannot be read.
    pub fn load(layout: &Layout) -> Result<Self, FileError> {
        let folder = layout.records_dir();
        let mut records = BTreeMap::new();
        for file in files::names_in(&folder)? {
            let Some(name) = file
                .strip_suffix(".json")
                .filter(|name| !name.starts_with('.'))
            else {
                continue;
            };
            if let Some(record) = Record::read(&folder.join(&file), name).transpose() {
                records.insert(name.to_owned(), record);
            }
        }
        Ok(Self(records))
    }

    /// A guest's record, or why it cannot be used.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Result<Record, RecordError>> {
        self.0.get(name)
    }

    /// The record of a declared guest: by its name, or the newest of those that it had.
    #[must_use]
    pub fn of(&self, guest: &Guest) -> Option<&Record> {
        let former = guest.lifecycle.previous_names.iter().rev();
        let mut names = std::iter::once(&guest.name).chain(former);
        names.find_map(|name| self.get(name)?.as_ref().ok())
    }

    /// The guest that was called so when its domain was started, or is remembered to have been, and has another name now.
    #[must_use]
    pub fn formerly(&self, name: &str) -> Option<&Record> {
        let known = self.0.values().filter_map(|record| record.as_ref().ok());
        let mut called = known.filter(|record| {
            let declared = record
                .lifecycle
                .previous_names
                .iter()
                .any(|known| known == name);
            record.name != name && (declared || record.former_names.contains(name))
        });
        called.next()
    }

    /// The record of the guest that is called so, or was.
    #[must_use]
    pub fn called(&self, name: &str) -> Option<&Record> {
        let record = self.get(name).and_then(|record| record.as_ref().ok());
        record.or_else(|| self.formerly(name))
    }

    /// The names that a guest's unit and the log of its console may have: its own first, then those that it had when its
    /// domain was started and since, and at last those that it had before, unless another guest has one by now.
    #[must_use]
    pub fn names_of<'a>(&'a self, name: &'a str) -> Vec<&'a str> {
        let Some(record) = self.called(name) else {
            return vec![name];
        };
        let mut names = vec![record.name.as_str()];
        let before = record.lifecycle.previous_names.iter();
        let free = before.filter(|name| self.get(name).is_none());
        for name in record.former_names.iter().chain(free) {
            if !names.contains(&name.as_str()) {
                names.push(name);
            }
        }
        names
    }

    /// All of them, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Result<Record, RecordError>)> {
        self.0.iter().map(|(name, record)| (name.as_str(), record))
    }

    /// Takes a guest's record out.
    pub fn remove(&mut self, name: &str) -> Option<Result<Record, RecordError>> {
        self.0.remove(name)
    }
}
