//! What the verbs share: the document, the layout, the programs, a plan of now.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;
use std::{fmt, fs};

use anyhow::Context as _;
use disk_image::Tools;
use guest_spec::{Document, Guest};
use reconcile::observe::{Configurations, Observed, observe};
use reconcile::plan::{Plan, plan};
use reconcile::{Executor, Layout, Lock, Programs, Records, Stages, Starter, budget};

use crate::cli::{Common, Stage};
use crate::output;

/// The document cannot be used, and nothing was changed.
#[derive(Debug)]
pub struct InvalidDocument(pub String);

impl fmt::Display for InvalidDocument {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for InvalidDocument {}

/// A valid document, and where and with what it is applied.
pub struct Context {
    pub document: Document,
    pub layout: Layout,
    pub programs: Programs,
    pub tools: Tools,
}

/// What is there, and what is to be done.
pub struct Now {
    pub records: Records,
    pub observed: Observed,
    pub plan: Plan,
}

/// The file with the declared guests.
pub fn spec_path(common: &Common) -> PathBuf {
    common
        .spec
        .clone()
        .unwrap_or_else(|| common.root.join("etc/domus/guests.json"))
}

/// The programs that Domus calls.
pub fn programs(common: &Common) -> Programs {
    let mut programs = Programs {
        xl: common.xl.clone(),
        ..Programs::default()
    };
    if let Some(seconds) = common.xl_timeout {
        programs.answer_limit = Duration::from_secs(seconds);
    }
    programs
}

/// Reads the document.
pub fn parse(common: &Common) -> anyhow::Result<Document> {
    let path = spec_path(common);
    let text = fs::read_to_string(&path).map_err(|error| {
        InvalidDocument(format!(
            "cannot read {}: {error}{}",
            path.display(),
            hint(&path)
        ))
    })?;
    let document = Document::parse(&text)
        .map_err(|error| InvalidDocument(format!("{}: {error}", path.display())))?;
    Ok(document)
}

fn hint(path: &Path) -> &'static str {
    if path.exists() {
        ""
    } else {
        ". On a Dom0, declare virtualisation.xen.guests and switch; elsewhere, give --spec FILE"
    }
}

impl Context {
    /// Reads a document that has no problems.
    pub fn load(common: &Common) -> anyhow::Result<Self> {
        let document = parse(common)?;
        let problems = document.problems();
        if !problems.is_empty() {
            let lines: Vec<String> = problems.iter().map(ToString::to_string).collect();
            let text = format!(
                "{}: nothing was changed, because\n{}",
                spec_path(common).display(),
                lines.join("\n")
            );
            return Err(InvalidDocument(text).into());
        }
        let root = common
            .root
            .canonicalize()
            .with_context(|| format!("cannot use --root {}", common.root.display()))?;
        let layout = Layout::new(&root, &document);
        let programs = programs(common);
        Ok(Self {
            document,
            layout,
            programs,
            tools: Tools::default(),
        })
    }

    /// Looks at what is there and plans these stages.
    pub fn now(&self, stages: Stages) -> anyhow::Result<Now> {
        self.look(stages, Configurations::Told)
    }

    /// The same by what libxl has stored of the domains: enough to see that nothing is in a guest's way.
    pub fn now_as_stored(&self, stages: Stages) -> anyhow::Result<Now> {
        self.look(stages, Configurations::Stored)
    }

    fn look(&self, stages: Stages, configurations: Configurations) -> anyhow::Result<Now> {
        let records = Records::load(&self.layout)?;
        let observed = observe(
            &self.document,
            &records,
            &self.layout,
            &self.programs,
            stages,
            configurations,
        )?;
        let plan = plan(&self.document, &records, &observed, &self.layout, stages);
        Ok(Now {
            records,
            observed,
            plan,
        })
    }

    /// The same, of which what there is no memory for is taken out, and said.
    pub fn planned(&self, stages: Stages) -> anyhow::Result<Now> {
        let mut now = self.now(stages)?;
        if budget::is_needed(&now.plan) {
            match self.memory(&now.observed) {
                Ok(host) => budget::limit(&mut now.plan, &self.document, &now.observed, &host),
                Err(why) => now.plan.notes.push(why),
            }
        }
        Ok(now)
    }

    /// The memory that guests may have; or that it is not known, which keeps nobody down.
    fn memory(&self, observed: &Observed) -> Result<budget::Host, String> {
        budget::look(&self.programs, &self.layout, &observed.domains).map_err(|why| {
            format!(
                "how much memory is free is not known, and guests are started as long as xl starts them: {why}"
            )
        })
    }

    /// Whether there is memory for guests that a person starts, each with the domain that is to end first, where it is a
    /// restart: why not, by their names. What else is to be said of it is said.
    pub fn without_memory(
        &self,
        guests: &[(&str, Option<u32>)],
        observed: &Observed,
    ) -> BTreeMap<String, String> {
        let plan = match self.memory(observed) {
            Ok(host) => budget::by_hand(guests, &self.document, observed, &host),
            Err(why) => {
                output::warning(&why);
                return BTreeMap::new();
            }
        };
        for note in &plan.notes {
            output::warning(note);
        }
        let refused = plan.guests.into_iter();
        refused
            .filter_map(|guest| Some((guest.name, guest.problems.into_iter().next()?)))
            .collect()
    }

    /// What carries a plan out.
    pub fn executor(&self) -> Executor<'_> {
        let systemd = self.layout.is_system() && Path::new("/run/systemd/system").is_dir();
        let starter = if systemd { Starter::Unit } else { Starter::Xl };
        Executor {
            document: &self.document,
            layout: &self.layout,
            programs: &self.programs,
            tools: &self.tools,
            starter,
        }
    }

    /// Waits for the right to change things, which one process has at a time; says at once who has it, and what that one
    /// waits for.
    pub fn lock(&self, command: &str) -> anyhow::Result<Lock> {
        let lock = Lock::take(&self.layout, command, &mut |holder| {
            let doing = holder.doing.as_ref().map(|doing| format!("; {doing}"));
            output::warning(&format!(
                "waiting for {} to end{}",
                holder.who,
                doing.unwrap_or_default()
            ));
        });
        Ok(lock?)
    }

    /// A declared guest.
    pub fn guest(&self, name: &str) -> anyhow::Result<&Guest> {
        self.document
            .guests
            .iter()
            .find(|guest| guest.name == name)
            .with_context(|| {
                let guests = self.document.guests.iter();
                let called =
                    |guest: &&Guest| guest.lifecycle.previous_names.contains(&name.to_owned());
                if let Some(guest) = guests.clone().find(called) {
                    return format!("guest {name} is called {} now", guest.name);
                }
                let names: Vec<&str> = self
                    .document
                    .guests
                    .iter()
                    .map(|guest| guest.name.as_str())
                    .collect();
                format!(
                    "no guest {name} is declared; there are: {}",
                    names.join(", ")
                )
            })
    }
}

/// The stages that a `--stage` means; all without one.
pub fn stages(stage: Option<Stage>) -> Stages {
    let none = Stages::NONE;
    match stage {
        None => Stages::ALL,
        Some(Stage::Bridges) => Stages {
            bridges: true,
            ..none
        },
        Some(Stage::Files) => Stages {
            files: true,
            ..none
        },
        Some(Stage::Images) => Stages {
            images: true,
            ..none
        },
        Some(Stage::Guests) => Stages {
            guests: true,
            ..none
        },
    }
}
