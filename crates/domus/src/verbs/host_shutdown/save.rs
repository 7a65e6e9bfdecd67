//! Saving a guest, so that a save file is whole or not there.
//!
//! | step | killed after it | power cut after it |
//! |---|---|---|
//! | 1. a save file of the past is put aside | the guest runs on | as every power cut |
//! | 2. `xl save -p` to another name: the guest is saved, and stays there, paused | the next run lets it run on, and saves it again | as every power cut; the part of a file is nobody's |
//! | 3. the file is synced, renamed, and its folder synced | it is saved; the next run puts the file aside, and saves again | it is saved, and restored at the next boot |
//! | 4. `xl destroy` | it is saved | it is saved |

use std::fmt::Display;
use std::fs::{self, File, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use reconcile::domains::{self, Domain, State};
use reconcile::save_file::{self, Content, SaveFile};
use reconcile::saves::{self, Reason};
use reconcile::xl::Xl;
use reconcile::{Layout, Programs, files};
use uuid::Uuid;

/// A save may take this long, and longer by a second for each MiB: the slowest disk writes that much. An xl that is ended in
/// its save leaves a guest that hears nothing any more.
const SAVE_LIMIT: Duration = Duration::from_secs(600);

/// The name of a save file that is being written: xendomains looks at no name that begins with a dot, and Domus restores none.
fn unfinished(name: &str) -> String {
    format!(".{name}.saving")
}

/// A save file beside a guest that runs is of the past: restored some day, it would destroy the guest's file systems. One that
/// is not the guest's is left.
pub fn put_old_aside(name: &str, uuid: Uuid, layout: &Layout) -> Result<(), String> {
    let failed = |why: &dyn Display| format!("it runs, and is left: {why}");
    let file = match save_file::glance(&layout.save_dir().join(name)) {
        Ok(file) => file,
        Err(error) if error.is_absent() => return Ok(()),
        Err(error) => return Err(failed(&error)),
    };
    if not_its_own(&file, uuid).is_some() {
        return Ok(());
    }
    let aside = saves::set_aside(name, &file, Reason::Old, layout);
    let Some(aside) = aside.map_err(|error| failed(&error))? else {
        return Ok(());
    };
    crate::output::warning(&format!(
        "guest {name} runs, so its save file was of the past; it is {} now",
        aside.display()
    ));
    Ok(())
}

/// What stands under the guest's name, where that is not the guest's.
fn not_its_own(file: &SaveFile, uuid: Uuid) -> Option<String> {
    match (saves::uuid_in(file), &file.content) {
        (Some(other), _) if other != uuid => {
            Some(format!("the save file of another domain ({other})"))
        }
        (_, Content::Empty | Content::Saved(_)) => None,
        _ => Some("no save file".to_owned()),
    }
}

/// Saves a guest that runs, and ends it. Gives the save file.
///
/// # Errors
/// Why it is not saved; then it runs on.
pub fn save(
    name: &str,
    domain: &Domain,
    layout: &Layout,
    programs: &Programs,
) -> Result<PathBuf, String> {
    let folder = layout.save_dir();
    files::create_folder(&folder).map_err(|error| error.to_string())?;
    // What others could read there is the guests' memory.
    fs::set_permissions(&folder, Permissions::from_mode(0o700))
        .map_err(|error| format!("cannot close {} to others: {error}", folder.display()))?;
    let (part, file) = (folder.join(unfinished(name)), folder.join(name));
    match save_file::glance(&file) {
        Ok(there) => {
            let what = not_its_own(&there, domain.uuid);
            let what = what.unwrap_or_else(|| "a save file of the past".to_owned());
            return Err(format!("{} is {what}, and is left", file.display()));
        }
        Err(error) if error.is_absent() => {}
        Err(error) => return Err(error.to_string()),
    }
    // What an earlier save left half-written is of the past, and may be what fills the folder.
    files::remove(&part).map_err(|error| error.to_string())?;
    has_room(layout, domain.memory_mib)?;
    let limit = SAVE_LIMIT + Duration::from_secs(domain.memory_mib);
    let xl = Xl(programs);
    let written = xl
        .save_paused(domain.domid, &part, limit)
        .map_err(|error| error.to_string())
        .and_then(|()| finish(&part, &file, &folder));
    match written {
        Ok(()) => {}
        Err(why) if is_saved(domain, &part, programs) => {
            finish(&part, &file, &folder)?;
            crate::output::warning(&format!(
                "guest {name} is saved, though xl did not say so: {why}"
            ));
        }
        Err(why) => {
            // A part of a save is of no use to anybody.
            let _ = fs::remove_file(&part);
            // xl lets a guest run on that it could not save; one that it did save is paused.
            let _ = xl.unpause(domain.domid);
            return Err(why);
        }
    }
    // It is saved, whatever becomes of the domain, which is paused and does not run again.
    if let Err(error) = xl.destroy(domain.domid) {
        crate::output::warning(&format!(
            "guest {name} is saved, and its domain is left, paused: {error}"
        ));
    }
    Ok(file)
}

/// Whether a guest whose xl failed was saved all the same: the file is whole, and the guest did not run on.
fn is_saved(domain: &Domain, part: &Path, programs: &Programs) -> bool {
    let suspended = domains::list_briefly(programs).is_ok_and(|domains| {
        let mut domains = domains.iter();
        let ended = |state| matches!(state, State::Suspended | State::Paused);
        domains.any(|now| now.domid == domain.domid && ended(now.state))
    });
    suspended && save_file::read(part).is_ok_and(|file| file.is_whole())
}

/// Gives a whole save its name.
fn finish(part: &Path, file: &Path, folder: &Path) -> Result<(), String> {
    let error =
        |what: &str, error: std::io::Error| format!("cannot {what} {}: {error}", part.display());
    let closed = Permissions::from_mode(0o600);
    fs::set_permissions(part, closed).map_err(|source| error("close to others", source))?;
    let synced = File::open(part).and_then(|file| file.sync_all());
    synced.map_err(|source| error("write", source))?;
    fs::rename(part, file).map_err(|source| error("rename", source))?;
    files::sync(folder).map_err(|error| {
        // It must not come back beside a guest that runs on.
        let _ = fs::remove_file(file);
        error.to_string()
    })
}

/// Whether the folder has room for a guest's memory.
fn has_room(layout: &Layout, memory_mib: u64) -> Result<(), String> {
    let folder = layout.save_dir();
    let folder = folder.display();
    let Some(free_bytes) = saves::free_bytes(layout) else {
        return Err(format!("how much room {folder} has is not known"));
    };
    let (free_mib, need_mib) = (free_bytes >> 20, saves::needed_mib(memory_mib));
    if free_mib < need_mib {
        return Err(format!(
            "its memory takes {need_mib} MiB in {folder}, and {free_mib} are free there. Make room, or set its onHostShutdown = \"shutdown\""
        ));
    }
    Ok(())
}
