//! `domus image`

use std::process::ExitCode;

use anyhow::bail;
use reconcile::{Lock, Records};

use crate::cli::{Common, ImageArgs, ImageVerb};
use crate::context::Context;
use crate::output;

pub fn run(common: &Common, args: &ImageArgs) -> anyhow::Result<ExitCode> {
    let ImageVerb::Forget { path } = &args.verb;
    let context = Context::load(common)?;
    let _lock = Lock::take(&context.layout, |holder| {
        output::warning(&format!("waiting for another domus ({holder}) to end"));
    })?;
    if context.layout.below(path).exists() {
        bail!(
            "{path} is still there; move or delete it yourself first, if you do not need what is in it"
        );
    }
    let records = Records::load(&context.layout)?;
    let mut owners = Vec::new();
    for (name, record) in records.iter() {
        if let Ok(record) = record
            && record.images.contains(path)
        {
            let mut record = record.clone();
            record.images.remove(path);
            record.save(&context.layout)?;
            owners.push(name.to_owned());
        }
    }
    if owners.is_empty() {
        bail!("no guest had an image {path}; /var/lib/domus/guests has the images that were there");
    }
    outln!("forgot {path}, once a disk of {}", owners.join(", "));
    Ok(ExitCode::SUCCESS)
}
