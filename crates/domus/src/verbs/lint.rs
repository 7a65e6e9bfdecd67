//! `domus check FILE…`: plain xl configurations, judged as an expert would.

use std::io::{self, Read as _};
use std::path::Path;
use std::process::ExitCode;
use std::{fmt, fs};

use serde::Serialize;
use xl_cfg::check::{self, Options, Severity};
use xl_cfg::{Document, Place};

use crate::cli::{CheckArgs, Common};
use crate::output::{BOLD, RED, YELLOW, styled};

/// What is said about the files, for `--json` and for people.
#[derive(Serialize, Default)]
struct Report {
    files: Vec<File>,
    errors: usize,
    warnings: usize,
}

#[derive(Serialize)]
struct File {
    file: String,
    findings: Vec<Entry>,
}

/// One finding, with its place in the words of a person.
#[derive(Serialize)]
struct Entry {
    severity: &'static str,
    rule: &'static str,
    key: Option<String>,
    line: Option<usize>,
    column: Option<usize>,
    message: String,
    #[serde(skip)]
    place: Option<Place>,
}

pub fn run(common: &Common, args: &CheckArgs) -> anyhow::Result<ExitCode> {
    let options = Options {
        xen_minor: args.xen.map(|version| version.minor),
    };
    let mut report = Report::default();
    for path in &args.files {
        report.add(path, options);
    }
    if common.json {
        outln!("{}", serde_json::to_string(&report)?);
    } else {
        let text = report.to_string();
        outln!("{}", text.strip_suffix('\n').unwrap_or(&text));
    }
    Ok(if report.errors == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(2)
    })
}

impl Report {
    fn add(&mut self, path: &Path, options: Options) {
        let findings = match read(path) {
            Ok(text) => judge(&text, options),
            Err(error) => vec![Entry::alone(
                "unreadable",
                format!("cannot be read: {error}"),
            )],
        };
        for finding in &findings {
            if finding.severity == Severity::Error.as_str() {
                self.errors += 1;
            } else {
                self.warnings += 1;
            }
        }
        self.files.push(File {
            file: path.display().to_string(),
            findings,
        });
    }
}

/// The bytes of a file, or of standard input for `-`.
pub fn read(path: &Path) -> io::Result<Vec<u8>> {
    if path == Path::new("-") {
        let mut text = Vec::new();
        io::stdin().read_to_end(&mut text)?;
        return Ok(text);
    }
    fs::read(path)
}

fn judge(text: &[u8], options: Options) -> Vec<Entry> {
    let document = match Document::parse(text) {
        Ok(document) => document,
        Err(error) => {
            return vec![Entry {
                line: Some(error.place.line),
                column: Some(error.place.column),
                place: Some(error.place).filter(|place| !place.hidden),
                ..Entry::alone("parse", error.message)
            }];
        }
    };
    check::document(&document, options)
        .into_iter()
        .map(|finding| {
            let place = finding.span.map(|span| document.place(span.start));
            Entry {
                severity: finding.severity.as_str(),
                rule: finding.rule.as_str(),
                key: finding.key,
                line: place.as_ref().map(|place| place.line),
                column: place.as_ref().map(|place| place.column),
                message: finding.message,
                place: place.filter(|place| !place.hidden),
            }
        })
        .collect()
}

impl Entry {
    fn alone(rule: &'static str, message: String) -> Self {
        Self {
            severity: Severity::Error.as_str(),
            rule,
            key: None,
            line: None,
            column: None,
            message,
            place: None,
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for File { file, findings } in &self.files {
            for finding in findings {
                write!(f, "{}", styled(BOLD, file))?;
                if let (Some(line), Some(column)) = (finding.line, finding.column) {
                    write!(f, "{}", styled(BOLD, format_args!(":{line}:{column}")))?;
                }
                let style = if finding.severity == Severity::Error.as_str() {
                    RED
                } else {
                    YELLOW
                };
                write!(
                    f,
                    ": {} ",
                    styled(style, format_args!("{}:", finding.severity))
                )?;
                if let Some(key) = &finding.key {
                    write!(f, "{key}: ")?;
                }
                writeln!(f, "{} [{}]", finding.message, finding.rule)?;
                if let Some(place) = &finding.place {
                    writeln!(f, "{place}")?;
                }
            }
        }
        let count = |count: usize, word: &str| match count {
            1 => format!("1 {word}"),
            _ => format!("{count} {word}s"),
        };
        let files = count(self.files.len(), "file");
        if self.errors + self.warnings == 0 {
            return writeln!(f, "{files}, nothing wrong");
        }
        writeln!(
            f,
            "{files}: {}, {}",
            count(self.errors, "error"),
            count(self.warnings, "warning")
        )
    }
}
