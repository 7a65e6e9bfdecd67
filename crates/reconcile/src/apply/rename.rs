//! A guest's files, from the name that it had to the one that it has.
//!
//! The new record comes first and the old one goes last, so that a run that was killed in between is known by both having
//! one UUID, and goes on; each step finds what is left of it to do. The old link goes before a new one comes: at no moment
//! does xendomains find the guest twice.

use uuid::Uuid;

use super::{Kept, StepError};
use crate::files::{self, Entry, digest};
use crate::layout::Layout;
use crate::record::Record;
use crate::roots;
use crate::save_file::{self, Content};
use crate::saves::{self, SetAsideError};

/// Takes everything over from the name `from`.
pub(super) fn rename(from: &str, kept: &mut Kept, layout: &Layout) -> Result<(), StepError> {
    let name = kept.now.name.clone();
    kept.known = None;
    kept.save(layout)?;
    let Some(old) = Record::load(layout, from)? else {
        return Ok(());
    };
    let auto = layout.auto(from);
    let ours = Entry::Link(Layout::auto_target(from));
    if old.linked && files::look(&auto)? == ours {
        files::remove(&auto)?;
    }
    save_file(from, &name, old.uuid, layout)?;
    let config = layout.config(from);
    if let Entry::File(bytes) = files::look(&config)?
        && old.config_digests.contains(&digest(&bytes))
    {
        files::remove(&config)?;
    }
    roots::rename(from, &name, layout)?;
    files::remove(&layout.failure(from))?;
    old.forget(layout)?;
    Ok(())
}

/// Renames the guest's save file, by whose name xendomains knows that the guest is not to be created anew. The domain in it
/// has the old name, and is renamed when it is restored. A file of another domain, or not of xl's, is left.
pub(super) fn save_file(
    from: &str,
    to: &str,
    uuid: Uuid,
    layout: &Layout,
) -> Result<(), StepError> {
    let folder = layout.save_dir();
    let file = match save_file::glance(&folder.join(from)) {
        Ok(file) => file,
        Err(error) if error.is_absent() => return Ok(()),
        Err(error) => return Err(SetAsideError::from(error).into()),
    };
    let others = saves::uuid_in(&file).is_some_and(|other| other != uuid);
    if !others && matches!(file.content, Content::Empty | Content::Saved(_)) {
        files::rename(&folder.join(from), &folder.join(to))?;
    }
    Ok(())
}
