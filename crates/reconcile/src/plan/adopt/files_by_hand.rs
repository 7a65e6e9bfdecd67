//! The files of a guest that was made by hand: its configuration, and what xendomains starts.

use std::fs;
use std::path::{Path, PathBuf};

use xl_cfg::meaning::Meaning;
use xl_cfg::{Config, Value};

use super::Judge;
use crate::files::{self, Entry, digest};
use crate::layout::Layout;
use crate::observe::GuestFiles;
use crate::secret::seal;

impl Judge<'_> {
    /// The file in /etc/xen: its digest, and its text, sealed.
    pub(super) fn config(
        &mut self,
        files: &GuestFiles,
        declared: &Config,
    ) -> Option<(String, String)> {
        let path = self.layout.config(&self.guest.name);
        match &files.config {
            Ok(Entry::Absent) => None,
            Ok(Entry::File(bytes)) => {
                let sealed = self.means_the_same(&path, bytes, declared)?;
                Some((digest(bytes), sealed))
            }
            Ok(_) => {
                self.refuse(format!(
                    "{} is no file; put a copy of the configuration in its place",
                    path.display()
                ));
                None
            }
            Err(error) => {
                self.refuse(error.to_string());
                None
            }
        }
    }

    /// Compares a file with the declaration; gives its text, sealed, if it can be read.
    fn means_the_same(&mut self, path: &Path, bytes: &[u8], declared: &Config) -> Option<String> {
        let shown = path.display().to_string();
        let text = std::str::from_utf8(bytes).ok().and_then(seal);
        let parsed = text.and_then(|text| Some((Config::parse(text.as_bytes()).ok()?, text)));
        let Some((config, text)) = parsed else {
            self.refuse(format!(
                "{shown} cannot be read as an xl configuration; `domus check {shown}` says why"
            ));
            return None;
        };
        // What the file leaves to chance, a UUID or a hardware address, the declaration may say.
        for difference in Meaning::of(&config).differences(&Meaning::of(declared)) {
            let (one, other) = (difference.one.as_ref(), difference.other.as_ref());
            if difference.key == "uuid"
                && let Some(uuid) = one.and_then(Value::as_text)
            {
                self.keep_identity(&uuid);
            }
            self.differs(
                &shown,
                &difference.key,
                None,
                &written(one),
                &written(other),
            );
        }
        Some(text.into_owned())
    }

    /// What stands in `auto` under the guest's name; says whether it is to become Domus's link.
    pub(super) fn auto(&mut self, files: &GuestFiles, declared: &Config) -> bool {
        let path = self.layout.auto(&self.guest.name);
        match &files.auto {
            Ok(Entry::Absent) => false,
            Ok(Entry::Link(target)) if *target == Layout::auto_target(&self.guest.name) => false,
            Ok(Entry::Link(target)) => {
                let target = self.target(target);
                if is_same_file(&target, &self.layout.config(&self.guest.name)) {
                    return true;
                }
                match fs::read(&target) {
                    Ok(bytes) => {
                        self.means_the_same(&path, &bytes, declared);
                    }
                    Err(error) => self.refuse(format!(
                        "{} leads to {}, which cannot be read ({error}); remove the link",
                        path.display(),
                        target.display()
                    )),
                }
                true
            }
            Ok(Entry::File(bytes)) => {
                self.means_the_same(&path, bytes, declared);
                true
            }
            Ok(Entry::Other) => {
                self.refuse(format!("{} is no file; move it away", path.display()));
                false
            }
            Err(error) => {
                self.refuse(error.to_string());
                false
            }
        }
    }

    /// Where a link in `auto` leads.
    fn target(&self, target: &Path) -> PathBuf {
        if target.is_absolute() {
            self.layout.below(target)
        } else {
            self.layout.auto_dir().join(target)
        }
    }

    /// Entries of other names in `auto` that start the same guest: xendomains would go on doing so.
    pub(super) fn other_entries(&mut self) {
        let folder = self.layout.auto_dir();
        let names = match files::names_in(&folder) {
            Ok(names) => names,
            Err(error) => return self.refuse(error.to_string()),
        };
        let own = self.guest.name.as_str();
        for name in names {
            if name == own || name.starts_with('.') {
                continue;
            }
            let path = folder.join(&name);
            let place = fs::read_link(&path).map_or_else(|_| path.clone(), |to| self.target(&to));
            // Of one that cannot be read xl makes no domain.
            let text = fs::read_to_string(&place).ok();
            let config = text.and_then(|text| Config::parse(&text).ok());
            let called = config
                .as_ref()
                .and_then(|config| config.get("name")?.as_text());
            if called.is_some_and(|called| called == own) {
                self.refuse(format!(
                    "{} starts this guest with the Dom0 too; remove it, or name it {}",
                    path.display(),
                    self.layout.auto(own).display()
                ));
            }
        }
    }
}

fn written(value: Option<&Value>) -> String {
    value.map(ToString::to_string).unwrap_or_default()
}

fn is_same_file(one: &Path, other: &Path) -> bool {
    let real = |path: &Path| path.canonicalize().ok();
    real(one).is_some_and(|one| Some(one) == real(other))
}
