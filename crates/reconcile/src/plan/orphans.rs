//! The images that Domus knows: whose they are, what they take, and who has them. It reads, and changes nothing.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::fs;
use std::path::Path;
use std::time::SystemTime;

use disk_image::{Format, Found, Usage};
use guest_spec::{Disk, DiskFormat, Document};

use crate::disks;
use crate::files::FileError;
use crate::holders::{DiskId, Holders};
use crate::layout::Layout;
use crate::observe::{self, Domains};
use crate::program::Programs;
use crate::record::Records;
use crate::saved;
use crate::saves::Saves;

/// An image that a guest has or had.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Image {
    /// Its path in the Dom0, as it is or was declared.
    pub path: String,
    /// The guests that are declared with it, by this or another path to it.
    pub declared: Vec<String>,
    /// The guests that are remembered to have had it.
    pub owners: Vec<String>,
    /// How large it is.
    pub size: Size,
}

impl Image {
    /// Whether no declared guest has it any more.
    #[must_use]
    pub const fn is_orphaned(&self) -> bool {
        self.declared.is_empty()
    }

    /// Those that have it, or had it last.
    #[must_use]
    pub fn owner(&self) -> String {
        let names = if self.is_orphaned() {
            &self.owners
        } else {
            &self.declared
        };
        names.join(", ")
    }
}

/// How large an image is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Size {
    /// It is there.
    Of {
        /// What its guest sees, and what it takes.
        usage: Usage,
        /// When it was last written to, as its file system says.
        written: Option<SystemTime>,
    },
    /// It is not there: it was removed, or what holds it is not mounted.
    Missing,
    /// It cannot be looked at; why.
    Unknown(String),
}

/// An image that no declared guest has any more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Orphan {
    /// Its path in the Dom0.
    pub path: String,
    /// The guest that had it last.
    pub owner: String,
    /// How large it is.
    pub size: Size,
}

/// The images that no declared guest has any more, by path.
#[must_use]
pub fn orphans(document: &Document, records: &Records, layout: &Layout) -> Vec<Orphan> {
    let orphaned = images(document, records, layout)
        .into_iter()
        .filter(Image::is_orphaned);
    let orphans = orphaned.map(|image| Orphan {
        owner: image.owner(),
        path: image.path,
        size: image.size,
    });
    orphans.collect()
}

/// All images that guests have or had, by path. What a record that cannot be read remembers is not among them.
#[must_use]
pub fn images(document: &Document, records: &Records, layout: &Layout) -> Vec<Image> {
    let mut declared: BTreeMap<&str, (Vec<String>, Format)> = BTreeMap::new();
    let mut by_id: HashMap<DiskId, Vec<String>> = HashMap::new();
    for guest in &document.guests {
        for disk in &guest.disks {
            let Some(path) = disk.file() else { continue };
            if let Ok(Some(id)) = disk_image::inspect(&layout.below(path)).map(|at| DiskId::of(&at))
            {
                by_id.entry(id).or_default().push(guest.name.clone());
            }
            if is_image(disk, layout) {
                let format = format(disk.format == DiskFormat::Qcow2);
                let (names, _) = declared.entry(path).or_insert((Vec::new(), format));
                names.push(guest.name.clone());
            }
        }
    }
    let mut owners: BTreeMap<&str, (Vec<String>, Format)> = BTreeMap::new();
    let readable = records
        .iter()
        .filter_map(|(name, record)| Some((name, record.as_ref().ok()?)));
    for (name, record) in readable {
        for path in &record.images {
            let format = format(record.qcow2.contains(path));
            let (names, _) = owners.entry(path).or_insert((Vec::new(), format));
            names.push(name.to_owned());
        }
    }
    let paths: BTreeSet<&str> = declared.keys().chain(owners.keys()).copied().collect();
    let image = |path: &str| {
        let (mut names, declared_format) = declared.get(path).cloned().unzip_or_default();
        let (owners, known_format) = owners.get(path).cloned().unzip_or_default();
        let place = layout.below(path);
        let found = disk_image::inspect(&place);
        if let Ok(Some(id)) = found.as_ref().map(DiskId::of) {
            // Declared by another path to the same image.
            names.extend(by_id.get(&id).into_iter().flatten().cloned());
            names.sort_unstable();
            names.dedup();
        }
        let format = declared_format.or(known_format).unwrap_or(Format::Raw);
        Image {
            path: path.to_owned(),
            declared: names,
            owners,
            size: match found {
                Ok(Found::Absent) => Size::Missing,
                Ok(_) => size(&place, format),
                Err(error) => Size::Unknown(error.to_string()),
            },
        }
    };
    paths.into_iter().map(image).collect()
}

/// What a map may not have.
trait UnzipOrDefault<A, B> {
    fn unzip_or_default(self) -> (A, Option<B>);
}

impl<A: Default, B> UnzipOrDefault<A, B> for Option<(A, B)> {
    fn unzip_or_default(self) -> (A, Option<B>) {
        self.map_or_else(|| (A::default(), None), |(one, other)| (one, Some(other)))
    }
}

/// Whether a declared disk is an image, whether it is there or not, and no device; discs of drives are no guest's own.
fn is_image(disk: &Disk, layout: &Layout) -> bool {
    let path = layout.disk(disk);
    let found = path.and_then(|path| disk_image::inspect(&path).ok());
    let other = matches!(
        found,
        Some(Found::BlockDevice { .. } | Found::Directory | Found::Other)
    );
    !disk.cdrom && !other
}

const fn format(is_qcow2: bool) -> Format {
    if is_qcow2 { Format::Qcow2 } else { Format::Raw }
}

fn size(path: &Path, format: Format) -> Size {
    match disk_image::usage(path, format) {
        Ok(usage) => Size::Of {
            usage,
            written: fs::metadata(path)
                .and_then(|metadata| metadata.modified())
                .ok(),
        },
        Err(error) => Size::Unknown(error.to_string()),
    }
}

/// Who has which image now.
#[derive(Debug)]
pub struct Users {
    holders: Holders,
    doubt: Option<String>,
}

impl Users {
    /// Looks at all domains, foreign ones included, and all save files.
    ///
    /// # Errors
    /// When the folder of the save files cannot be read.
    pub fn look(
        records: &Records,
        layout: &Layout,
        programs: &Programs,
    ) -> Result<Self, FileError> {
        let domains = if observe::under_xen(layout) {
            observe::ask(programs)
        } else {
            Domains::NotXen
        };
        let save_files = Saves::look_at_all(layout)?;
        let saved_as = saved::saved_as(records, &save_files.names(), &save_files);
        let known: HashSet<&str> = saved_as.values().map(String::as_str).collect();
        // What the disks are is in the file, or is remembered of its guest.
        let mut saves = save_files.that_hold_memory();
        let foreign = saves.find(|(name, save)| save.config.is_none() && !known.contains(name));
        let unreadable = records.iter().find_map(|(_, record)| record.as_ref().err());
        let doubt = match (&domains, domains.opaque()) {
            (Domains::Unknown(why), _) => {
                Some(format!("it cannot be known whether a domain has it: {why}"))
            }
            (_, Some(domain)) => Some(format!(
                "it cannot be known whether domain {} ({}) has it, because libxl does not show that one's disks",
                domain.name, domain.domid
            )),
            _ => None,
        };
        let doubt = doubt.or_else(|| unreadable.map(ToString::to_string)).or_else(|| {
            let (name, save) = foreign?;
            let file = layout.save_dir().join(name);
            let why = match &save.file {
                Err(why) => format!(" ({why})"),
                Ok(_) => String::new(),
            };
            Some(format!(
                "it cannot be known which disks {} needs{why}, which may be a guest's save file; restore that guest, or move the file elsewhere",
                file.display()
            ))
        });
        Ok(Self {
            holders: disks::holders(&domains, records, &saved_as, &save_files, layout),
            doubt,
        })
    }

    /// Those that have an image, in words.
    #[must_use]
    pub fn of(&self, path: &str, layout: &Layout) -> Vec<String> {
        let found = disk_image::inspect(&layout.below(path)).ok();
        let id = found.as_ref().and_then(DiskId::of);
        let holders = id.iter().flat_map(|id| self.holders.of(id));
        let mut users: Vec<String> = holders.map(|holder| holder.who.clone()).collect();
        users.dedup();
        users
    }

    /// Why nobody can tell that nobody has an image; nothing where that can be told.
    #[must_use]
    pub fn doubt(&self) -> Option<&str> {
        self.doubt.as_deref()
    }
}
