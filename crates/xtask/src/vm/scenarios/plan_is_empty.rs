//! After every start the plan is empty: each guest of the corpus, imported and declared, is started by the real xl from
//! what Domus renders, paused, and `domus plan` finds nothing to do and nothing to say.

mod fit;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use guest_spec::{Document, Secrets};
use reconcile::compare::compare;
use reconcile::domains::parse_stored;
use serde_json::Value;
use xl_cfg::keys;

use super::kept;
use super::stage::Stage;
use super::xl_reads_the_corpus::since;
use crate::eval::{self, Options};
use crate::round_trip;
use crate::vm::qemu::Machine;

/// The Xen that the Dom0 has: 4.17.
const MINOR: u32 = 17;

/// Stands for qemu.
const FAKE_QEMU: &str = include_str!("../dom0/fake-qemu.py");

/// Starts the guests of each batch, paused, and asks. Every line of the answer says by its first word what it is.
const SCRIPT: &str = r#"
cd /root
domus="/usr/lib/domus-dom0/domus --spec /root/corpus.json"
$domus apply --stage files >files.log 2>&1 || { cat files.log >&2; exit 1; }
mkdir said
start() {
    timeout 90 xl create -p "/etc/xen/$1.cfg" >"said/$1" 2>&1 || sed "s/^/refused $1: /" "said/$1"
}
export -f start
for batch in batches/*; do
    tr '\n' '\0' <"$batch" | xargs -0 -n 1 -P 3 bash -c 'start "$1"' bash
    xl list -l >list.json
    echo "list $(tr -d '\n' <list.json)"
    for file in /var/lib/xen/userdata-d.*.libxl-json; do echo "kept $(tr -d '\n\0' <"$file")"; done
    $domus plan --stage guests --json >plan.json 2>plan.err || sed 's/^/failed /' plan.err
    echo "plan $(cat plan.json)"
    xl list >list
    while IFS= read -r name; do
        awk -v name="$name" '$1 == name { print $2 }' list
    done <"$batch" | xargs -r -n 1 -P 8 xl destroy >/dev/null 2>&1
done
"#;

/// Runs the scenario.
pub fn run(stage: &mut Stage) -> Result<()> {
    let offline = Options::offline();
    let (mut document, files) = round_trip::document(&offline)?;
    let mut newer = BTreeSet::new();
    for (name, file) in &files {
        let text = fs::read_to_string(file)?;
        if since(&text).is_some_and(|since| since > MINOR) {
            newer.insert(name.clone());
        }
    }
    document.guests.retain(|guest| !newer.contains(&guest.name));
    let left_out = fit::fit(&mut document, &files)?;
    keep("corpus.json", &serde_json::to_string_pretty(&document)?)?;
    keep("prepare.sh", &fit::script(&document))?;
    keep("run.sh", SCRIPT)?;

    let mut world = stage.empty_world(Machine::FAST)?;
    let dom0 = &mut world.dom0;
    dom0.push("/usr/libexec/fake-qemu", FAKE_QEMU.as_bytes(), "755")?;
    dom0.push("/root/corpus.json", &serde_json::to_vec(&document)?, "600")?;
    dom0.ok(&fit::script(&document))?;
    let answer = dom0.run_for(SCRIPT, Duration::from_secs(560))?;
    drop(world);
    keep("answer", &answer.text())?;
    ensure!(answer.status == 0, "{}", answer.error_text());
    let compared = judge(&answer.text(), &document)?;
    ensure!(
        compared == document.guests.len(),
        "only {compared} of {} were started",
        document.guests.len()
    );
    anstream::println!(
        "  {compared} guests as declared after their start; {left_out} cannot be started here, {} need a newer Xen",
        newer.len()
    );
    Ok(())
}

/// Judges every batch, and gives how many guests were started.
fn judge(answer: &str, document: &Document) -> Result<usize> {
    let mut wrong = Vec::new();
    let mut compared = 0;
    let mut started: BTreeMap<String, String> = BTreeMap::new();
    let mut kept: BTreeMap<String, String> = BTreeMap::new();
    for line in answer.lines() {
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        match word {
            "refused" => wrong.push(format!("xl refuses {rest}")),
            "failed" => wrong.push(format!("domus plan: {rest}")),
            "list" => {
                started = configurations(rest)?;
                started.retain(|name, _| document.guests.iter().any(|guest| guest.name == *name));
            }
            "kept" => {
                let config: Value = serde_json::from_str(rest).context("what libxl keeps")?;
                // It keeps one of the Dom0, too, which has no name and is read as well.
                parse_stored(rest).context("what libxl keeps")?;
                if let Some(name) = config["c_info"]["name"].as_str() {
                    kept.insert(name.to_owned(), rest.to_owned());
                }
            }
            "plan" => {
                compared += started.len();
                for (name, told) in &started {
                    let kept = kept
                        .get(name)
                        .with_context(|| format!("libxl keeps nothing of {name}"))?;
                    if let Err(error) = kept::names_every_disk(kept, told) {
                        wrong.push(format!("{name}: {error:#}"));
                    }
                }
                let plan: Value = serde_json::from_str(rest).context("domus plan is no JSON")?;
                wrong.extend(with_known_start(&plan, &started)?);
                wrong.extend(with_unknown_start(document, &started)?);
            }
            _ => anyhow::bail!("stray line: {line}"),
        }
    }
    ensure!(
        wrong.is_empty(),
        "started, these are not as declared:\n{}",
        wrong.join("\n")
    );
    Ok(compared)
}

/// libxl's configurations of the guests, by name.
fn configurations(list: &str) -> Result<BTreeMap<String, String>> {
    let list: Vec<Value> = serde_json::from_str(list).context("xl list -l is no JSON")?;
    let guests = list.iter().filter(|domain| domain["domid"] != 0);
    guests
        .map(|domain| {
            let config = &domain["config"];
            let name = config["c_info"]["name"].as_str();
            let name = name.with_context(|| format!("a domain without a name: {domain}"))?;
            Ok((name.to_owned(), config.to_string()))
        })
        .collect()
}

/// With the configuration of the start at hand, nothing differs and nothing is unknown.
fn with_known_start(plan: &Value, started: &BTreeMap<String, String>) -> Result<Vec<String>> {
    let guests = plan["guests"].as_array().context("a plan without guests")?;
    let mut wrong = Vec::new();
    for name in started.keys() {
        let guest = guests.iter().find(|guest| guest["name"] == name.as_str());
        let guest = guest.with_context(|| format!("domus plan does not know {name}"))?;
        for part in ["steps", "changes", "notes", "problems"] {
            let said = guest[part].as_array().into_iter().flatten();
            wrong.extend(said.map(|said| format!("{name}, {part}: {said}")));
        }
    }
    Ok(wrong)
}

/// Without it, nothing differs, and only of what libxl does not tell nobody can tell.
fn with_unknown_start(
    document: &Document,
    started: &BTreeMap<String, String>,
) -> Result<Vec<String>> {
    let mut wrong = Vec::new();
    for (name, json) in started {
        let guest = document.guests.iter().find(|guest| guest.name == *name);
        let guest = guest.with_context(|| format!("{name} is a stranger"))?;
        let declared = guest_spec::render(guest, &Secrets::hidden())?;
        let mut compared = compare(&declared, Some(json), None, MINOR);
        compared.unknown.retain(|key| {
            let info = keys::get(key);
            let untold =
                info.is_some_and(|info| info.observed.iter().all(|seen| seen.pointer().is_none()));
            !untold && !COUNTED_BY_THE_HOST.contains(&key.as_str())
        });
        if !compared.is_same() {
            wrong.push(format!("{name}, its start unknown: {compared:#?}"));
        }
    }
    Ok(wrong)
}

/// What libxl tells in another form, from which nobody gets back to what was written (`libxl_json`, `kept.rs`).
const COUNTED_BY_THE_HOST: [&str; 5] = ["cpuid", "cpus", "cpus_soft", "firmware", "kernel"];

/// Keeps what was run and said below `target/` for whoever wants to look at it.
fn keep(name: &str, text: &str) -> Result<()> {
    let folder = eval::project().join("target/plan-is-empty");
    fs::create_dir_all(&folder)?;
    let path = folder.join(name);
    fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))
}
