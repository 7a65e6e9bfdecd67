//! `domus check`

use std::process::ExitCode;

use guest_spec::Judgement;
use serde_json::json;

use crate::cli::Common;
use crate::context::{parse, spec_path};
use crate::output;

pub fn run(common: &Common) -> anyhow::Result<ExitCode> {
    let document = parse(common)?;
    let Judgement { problems, warnings } = document.judge();
    if common.json {
        outln!(
            "{}",
            json!({ "guests": document.guests.len(), "problems": problems, "warnings": warnings })
        );
    } else {
        for warning in &warnings {
            output::warning(&warning.to_string());
        }
        for problem in &problems {
            output::error(&problem.to_string());
        }
        if problems.is_empty() {
            let count = document.guests.len();
            let guests = if count == 1 { "guest" } else { "guests" };
            outln!(
                "{}: {count} {guests}, nothing wrong",
                spec_path(common).display()
            );
        }
    }
    Ok(if problems.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(2)
    })
}
