//! Saving a guest, so that a save file is whole or not there.
//!
//! | step | killed after it | power cut after it |
//! |---|---|---|
//! | 1. a save file of the past is put aside | the guest runs on | as every power cut |
//! | 2. `xl save -p` to another name: the guest is saved, and stays there, paused | the next run lets it run on, and saves it again | as every power cut; the part of a file is nobody's |
//! | 3. the file is synced, renamed, and its folder synced | it is saved; the next run puts the file aside, and saves again | it is saved, and restored at the next boot |
//! | 4. `xl destroy` | it is saved | it is saved |

use std::fs::{self, File, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use reconcile::domains::Domain;
use reconcile::files;
use reconcile::xl::Xl;
use reconcile::{Layout, Programs};

/// A save may take this long, and longer by a second for each MiB: the slowest disk writes that much. An xl that is ended in
/// its save leaves a guest that hears nothing any more.
const SAVE_LIMIT: Duration = Duration::from_secs(600);
/// Beside its memory a save file has the guest's page tables, its devices' state and its configuration.
const BESIDE_MIB: u64 = 32;

/// The name of a save file that is being written: xendomains looks at no name that begins with a dot, and Domus restores none.
fn unfinished(name: &str) -> String {
    format!(".{name}.saving")
}

/// A save file beside a guest that runs is of the past: restored some day, it would destroy the guest's file systems.
pub fn put_old_aside(name: &str, layout: &Layout) -> Result<(), String> {
    let folder = layout.save_dir();
    let file = folder.join(name);
    if fs::symlink_metadata(&file).is_err_and(|error| error.kind() == std::io::ErrorKind::NotFound)
    {
        return Ok(());
    }
    let aside = folder.join(format!(".{name}.old"));
    let moved = fs::rename(&file, &aside).and_then(|()| sync(&folder));
    moved.map_err(|error| {
        format!(
            "it runs, and is left: its old save file {} cannot be put aside: {error}",
            file.display()
        )
    })?;
    crate::output::warning(&format!(
        "guest {name} runs, so its save file was of the past; it is {} now",
        aside.display()
    ));
    Ok(())
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
    has_room(&folder, domain.memory_mib)?;
    let (part, file) = (folder.join(unfinished(name)), folder.join(name));
    let limit = SAVE_LIMIT + Duration::from_secs(domain.memory_mib);
    let xl = Xl(programs);
    let written = xl
        .save_paused(domain.domid, &part, limit)
        .map_err(|error| error.to_string())
        .and_then(|()| finish(&part, &file, &folder));
    if let Err(why) = written {
        // A part of a save is of no use to anybody.
        let _ = fs::remove_file(&part);
        // xl lets a guest run on that it could not save; one that it did save is paused.
        let _ = xl.unpause(domain.domid);
        return Err(why);
    }
    // It is saved, whatever becomes of the domain, which is paused and does not run again.
    if let Err(error) = xl.destroy(domain.domid) {
        crate::output::warning(&format!(
            "guest {name} is saved, and its domain is left, paused: {error}"
        ));
    }
    Ok(file)
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
    sync(folder).map_err(|source| {
        // It must not come back beside a guest that runs on.
        let _ = fs::remove_file(file);
        error("write", source)
    })
}

fn sync(folder: &Path) -> std::io::Result<()> {
    File::open(folder)?.sync_all()
}

/// Whether the folder has room for a guest's memory.
fn has_room(folder: &Path, memory_mib: u64) -> Result<(), String> {
    let space = rustix::fs::statvfs(folder).map_err(|error| {
        format!(
            "how much room {} has is not known: {error}",
            folder.display()
        )
    })?;
    let free_mib = space.f_bavail.saturating_mul(space.f_frsize) >> 20;
    let need_mib = memory_mib + memory_mib / 64 + BESIDE_MIB;
    if free_mib < need_mib {
        return Err(format!(
            "its memory takes {need_mib} MiB in {}, and {free_mib} are free there. Make room, or set its onHostShutdown = \"shutdown\"",
            folder.display()
        ));
    }
    Ok(())
}
