//! `domus image`: the images of guests, and what becomes of those that no guest is declared with any more.

use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;
use std::time::SystemTime;

use anyhow::bail;
use reconcile::files::{self, FileError};
use reconcile::{Image, Lock, Records, Size, Users, images};
use serde_json::{Value, json};

use crate::cli::{Common, ImageArgs, ImageVerb};
use crate::context::Context;
use crate::output::{self, BOLD, DIM, YELLOW, styled};
use crate::verbs::status::sizes::human;

pub fn run(common: &Common, args: &ImageArgs) -> anyhow::Result<ExitCode> {
    let context = Context::load(common)?;
    match &args.verb {
        ImageVerb::List => list(&context, common.json),
        ImageVerb::Forget { path } => forget(&context, path),
        ImageVerb::Delete { paths, yes } => delete(&context, paths, *yes, common.json),
    }
}

/// Takes the lock, and removes what a killed run left half-written.
fn lock(context: &Context) -> anyhow::Result<Lock> {
    let lock = context.lock("domus image")?;
    files::remove_temporaries(&context.layout.records_dir())?;
    Ok(lock)
}

fn forget(context: &Context, path: &str) -> anyhow::Result<ExitCode> {
    let _lock = lock(context)?;
    if files::is_there(&context.layout.below(path))? {
        bail!(
            "{path} is still there; `domus image delete {path}` deletes it, if you do not need what is in it"
        );
    }
    let owners = take_from_records(context, path)?;
    if owners.is_empty() {
        bail!("no guest had an image {path}; `domus image list` has the images that were there");
    }
    outln!("forgot {path}, once a disk of {}", owners.join(", "));
    Ok(ExitCode::SUCCESS)
}

/// Takes an image out of all that is remembered, and says whose it was.
fn take_from_records(context: &Context, path: &str) -> anyhow::Result<Vec<String>> {
    let mut owners = Vec::new();
    for (name, record) in Records::load(&context.layout)?.iter() {
        if let Ok(record) = record
            && record.images.contains(path)
        {
            let mut record = record.clone();
            record.images.remove(path);
            record.qcow2.remove(path);
            record.save(&context.layout)?;
            owners.push(name.to_owned());
        }
    }
    Ok(owners)
}

/// All images, with who has them.
struct Known {
    images: Vec<Image>,
    users: Users,
}

impl Known {
    fn look(context: &Context) -> Result<Self, FileError> {
        let records = Records::load(&context.layout)?;
        Ok(Self {
            images: images(&context.document, &records, &context.layout),
            users: Users::look(&records, &context.layout, &context.programs)?,
        })
    }

    /// An image that may be deleted, nothing for one that is gone and forgotten, or why it may not.
    fn deletable(&self, path: &str, context: &Context) -> Result<Option<&Image>, String> {
        let known = self.images.iter().find(|image| image.path == path);
        let Some(image) = known.filter(|image| !image.owners.is_empty()) else {
            if known.is_none() && !files::is_there(&context.layout.below(path)).unwrap_or(true) {
                return Ok(None);
            }
            return Err(format!(
                "{path} is no image that Domus knows as its own; `domus image list` has those"
            ));
        };
        let users = self.users.of(path, &context.layout);
        match (&image.declared[..], &users[..], self.users.doubt()) {
            ([], [], None) => Ok(Some(image)),
            ([], [], Some(why)) => Err(format!("{path} is not deleted: {why}")),
            ([], users, _) => Err(format!("{path} is in use by {}", users.join(" and "))),
            (guests, _, _) => Err(format!(
                "{path} is a disk of guest {}, which is declared; take it out of the declaration, and switch, first",
                guests.join(" and ")
            )),
        }
    }
}

fn list(context: &Context, as_json: bool) -> anyhow::Result<ExitCode> {
    let known = Known::look(context)?;
    let records = Records::load(&context.layout)?;
    let unreadable: Vec<String> = records
        .iter()
        .filter_map(|(_, record)| record.as_ref().err())
        .map(ToString::to_string)
        .collect();
    if as_json {
        let lines = known.images.iter().map(|image| {
            let mut line = to_json(image);
            line["usedBy"] = json!(known.users.of(&image.path, &context.layout));
            line
        });
        let document = json!({ "images": lines.collect::<Vec<_>>(), "problems": unreadable });
        outln!("{document}");
    } else if known.images.is_empty() {
        outln!("no guest has or had an image");
    } else {
        table(&known, context);
    }
    for problem in &unreadable {
        output::error(problem);
    }
    Ok(if unreadable.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn to_json(image: &Image) -> Value {
    let (virtual_bytes, real_bytes, problem) = match &image.size {
        Size::Of { usage, .. } => (usage.virtual_bytes, usage.allocated_bytes, None),
        Size::Missing => (None, None, Some("it is not there")),
        Size::Unknown(why) => (None, None, Some(why.as_str())),
    };
    json!({
        "path": image.path, "owner": image.owner(), "orphaned": image.is_orphaned(),
        "virtualBytes": virtual_bytes, "realBytes": real_bytes,
        "lastWritten": written(&image.size).map(seconds), "problem": problem,
    })
}

/// A table as wide as its longest cells.
fn table(known: &Known, context: &Context) {
    let mut rows = vec![["IMAGE", "SIZE", "TAKES", "GUEST", "IN USE BY"].map(str::to_owned)];
    rows.extend(known.images.iter().map(|image| {
        let (size, takes) = match &image.size {
            Size::Of { usage, .. } => (size(usage.virtual_bytes), size(usage.allocated_bytes)),
            Size::Missing => ("missing".to_owned(), "-".to_owned()),
            Size::Unknown(_) => ("unknown".to_owned(), "-".to_owned()),
        };
        let orphaned = if image.is_orphaned() {
            " (orphaned)"
        } else {
            ""
        };
        let users = known.users.of(&image.path, &context.layout);
        [
            image.path.clone(),
            size,
            takes,
            image.owner() + orphaned,
            if users.is_empty() {
                "-".to_owned()
            } else {
                users.join(", ")
            },
        ]
    }));
    let width = |column: usize| {
        let cells = rows.iter().map(|row| row[column].chars().count());
        cells.max().unwrap_or(0)
    };
    let widths: [usize; 5] = std::array::from_fn(width);
    for (index, row) in rows.iter().enumerate() {
        let cells = row.iter().zip(widths).enumerate();
        let cells = cells.map(|(column, (cell, width))| {
            // The last ends the line.
            let width = if column == 4 { 0 } else { width };
            let padded = format!("{cell:width$}");
            match (index, column) {
                (0, _) => styled(DIM, padded),
                (_, 0) => styled(BOLD, padded),
                (_, 3) if cell.ends_with("(orphaned)") => styled(YELLOW, padded),
                _ => padded,
            }
        });
        outln!("{}", cells.collect::<Vec<_>>().join("  "));
    }
    for image in &known.images {
        if let Size::Unknown(why) = &image.size {
            output::warning(why);
        }
    }
}

/// Deletes images, for good: all that are named, or none where one may not be.
fn delete(
    context: &Context,
    paths: &[String],
    yes: bool,
    as_json: bool,
) -> anyhow::Result<ExitCode> {
    let check = |first: bool| -> anyhow::Result<Option<Vec<Image>>> {
        let known = Known::look(context)?;
        let mut found = Vec::new();
        let mut refused = false;
        for (index, path) in paths.iter().enumerate() {
            match known.deletable(path, context) {
                Ok(_) if paths[..index].contains(path) => {}
                Ok(Some(image)) => found.push(image.clone()),
                // It may be one that a killed run deleted.
                Ok(None) if first => {
                    output::warning(&format!("{path} is not there, and no guest had it"));
                }
                Ok(None) => {}
                Err(why) => {
                    output::error(&why);
                    refused = true;
                }
            }
        }
        Ok((!refused && !found.is_empty()).then_some(found))
    };
    let refused = || {
        output::error("nothing was deleted");
        Ok(ExitCode::FAILURE)
    };
    let Some(found) = check(true)? else {
        return refused();
    };
    if !yes && !agreed(&found)? {
        errln!("nothing was deleted");
        return Ok(ExitCode::FAILURE);
    }
    // While somebody thought about it, the world went on, and no apply was kept waiting.
    let _lock = lock(context)?;
    if check(false)?.is_none() {
        return refused();
    }
    let mut deleted = Vec::new();
    let mut failed = false;
    for image in &found {
        // Killed in between, it is known still, and the same command forgets it.
        let result = disk_image::delete(&context.layout.below(&image.path));
        match result {
            Ok(_) => {
                take_from_records(context, &image.path)?;
                if !as_json {
                    outln!("deleted {}, once a disk of {}", image.path, image.owner());
                }
                deleted.push(&image.path);
            }
            Err(error) => {
                output::error(&error.to_string());
                failed = true;
            }
        }
    }
    if as_json {
        outln!("{}", json!({ "deleted": deleted }));
    }
    Ok(if failed {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    })
}

/// Asks the person at the terminal.
fn agreed(images: &[Image]) -> anyhow::Result<bool> {
    if !io::stdin().is_terminal() || !io::stderr().is_terminal() {
        bail!("nobody is here to be asked, and nothing was deleted; --yes deletes without asking");
    }
    for image in images {
        let size = match &image.size {
            Size::Of { usage, .. } => format!(
                "{}, of which {} are taken",
                size(usage.virtual_bytes),
                size(usage.allocated_bytes)
            ),
            Size::Missing => "not there any more".to_owned(),
            Size::Unknown(why) => why.clone(),
        };
        let when = written(&image.size).map_or_else(String::new, |when| {
            format!(", last written {} ago", ago(when))
        });
        errln!(
            "{}: {size}, last a disk of {}{when}",
            styled(BOLD, &image.path),
            image.owner()
        );
    }
    anstream::eprint!("Delete what is in it, for good? [y/N] ");
    io::stderr().flush()?;
    let mut answer = String::new();
    io::stdin().read_line(&mut answer)?;
    Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
}

const fn written(size: &Size) -> Option<SystemTime> {
    match size {
        Size::Of { written, .. } => *written,
        _ => None,
    }
}

fn seconds(time: SystemTime) -> u64 {
    let since = time.duration_since(SystemTime::UNIX_EPOCH);
    since.map_or(0, |since| since.as_secs())
}

/// How long something is past, in its largest unit.
fn ago(time: SystemTime) -> String {
    let seconds = time.elapsed().map_or(0, |past| past.as_secs());
    let units = [("day", 86400), ("hour", 3600), ("minute", 60)];
    let (unit, count) = units
        .into_iter()
        .map(|(unit, length)| (unit, seconds / length))
        .find(|(_, count)| *count > 0)
        .unwrap_or(("second", seconds));
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {unit}{plural}")
}

fn size(bytes: Option<u64>) -> String {
    bytes.map_or_else(|| "-".to_owned(), human)
}
