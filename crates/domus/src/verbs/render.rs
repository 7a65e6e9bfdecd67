//! `domus render`

use std::io::Write;
use std::process::ExitCode;

use guest_spec::Secrets;
use serde_json::{Map, Value};

use crate::cli::{Common, RenderArgs};
use crate::context::Context;

pub fn run(common: &Common, args: &RenderArgs) -> anyhow::Result<ExitCode> {
    let context = Context::load(common)?;
    let guests = match &args.name {
        Some(name) => std::slice::from_ref(context.guest(name)?),
        None => context.document.guests.as_slice(),
    };
    let mut out = std::io::stdout().lock();
    if common.json {
        let texts: Result<Map<_, _>, _> = guests
            .iter()
            .map(|guest| {
                guest_spec::render(guest, &Secrets::hidden())
                    .map(|text| (guest.name.clone(), Value::from(text)))
            })
            .collect();
        writeln!(out, "{}", Value::Object(texts?))?;
        return Ok(ExitCode::SUCCESS);
    }
    for (index, guest) in guests.iter().enumerate() {
        if index > 0 {
            writeln!(out)?;
        }
        write!(out, "{}", guest_spec::render(guest, &Secrets::hidden())?)?;
    }
    Ok(ExitCode::SUCCESS)
}
