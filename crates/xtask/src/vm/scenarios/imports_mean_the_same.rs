//! What is imported, declared and rendered again, the real xl takes for the same domain as before.

use std::collections::BTreeMap;
use std::fs;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;
use xl_cfg::meaning::is_pygrub;
use xshell::{Shell, cmd};

use super::stage::Stage;
use crate::eval::Options;
use crate::round_trip::{self, Pair};

/// Runs xl on both files of each guest. Every line of the answer says by its first word what it is.
const SCRIPT: &str = r#"
mkdir -p /root/pairs && cd /root/pairs && tar -xf ../pairs.tar
for file in */*.cfg; do
    xl create -n "$file" >/root/stdout 2>/root/stderr
    echo "file $? $file"
    sed 's/^/stderr /; $a\' /root/stderr
    sed 's/^/stdout /; $a\' /root/stdout
done
"#;

/// What xl says of a file.
#[derive(Default)]
struct Answer {
    status: i32,
    stderr: String,
    stdout: String,
}

/// Runs the scenario.
pub fn run(stage: &mut Stage) -> Result<()> {
    let offline = Options::offline();
    let pairs = round_trip::pairs(&offline)?;
    let templates = round_trip::templates(&offline)?;
    ensure!(!templates.is_empty(), "no template has a guest");
    let tar = tar(&pairs, &templates)?;
    let dom0 = stage.plain_dom0()?;
    dom0.push("/root/pairs.tar", &tar, "644")?;
    let answer = dom0.run_for(SCRIPT, Duration::from_secs(500))?;
    let answers = read(&answer.text())?;
    let of = |file: String| {
        answers
            .get(&file)
            .with_context(|| format!("xl was not run on {file}"))
    };

    for (index, (name, _)) in templates.iter().enumerate() {
        let answer = of(format!("templates/{index}.cfg"))?;
        ensure!(answer.status == 0, "xl refuses {name}:\n{}", answer.stderr);
    }
    let mut compared = 0;
    let mut wrong = Vec::new();
    for (index, pair) in pairs.iter().enumerate() {
        let original = of(format!("original/{index}.cfg"))?;
        let rendered = of(format!("rendered/{index}.cfg"))?;
        let file = pair.file.display();
        // What only a newer Xen takes is refused in both spellings.
        if original.status != 0 && rendered.status != 0 {
            continue;
        }
        if original.status != rendered.status {
            wrong.push(format!(
                "{file}: status {} became {}\n{}{}\n{}",
                original.status, rendered.status, original.stderr, rendered.stderr, pair.rendered
            ));
            continue;
        }
        let (before, after) = (json(original, pair)?, json(rendered, pair)?);
        let differences = differences(&before, &after);
        if !differences.is_empty() {
            wrong.push(format!("{file}:\n  {}", differences.join("\n  ")));
        }
        compared += 1;
    }
    ensure!(
        wrong.is_empty(),
        "xl makes another domain of what was imported:\n{}",
        wrong.join("\n")
    );
    ensure!(compared >= 60, "only {compared} were compared");
    anstream::println!(
        "  {compared} imported guests are the same to xl, and it takes {} of the templates",
        templates.len()
    );
    Ok(())
}

fn tar(pairs: &[Pair], templates: &[(String, String)]) -> Result<Vec<u8>> {
    let folder = tempfile::tempdir().context("cannot make a temporary folder")?;
    let path = folder.path();
    for part in ["original", "rendered", "templates"] {
        fs::create_dir(path.join(part))?;
    }
    for (index, pair) in pairs.iter().enumerate() {
        fs::write(path.join(format!("original/{index}.cfg")), &pair.original)?;
        fs::write(path.join(format!("rendered/{index}.cfg")), &pair.rendered)?;
    }
    for (index, (_, text)) in templates.iter().enumerate() {
        fs::write(path.join(format!("templates/{index}.cfg")), text)?;
    }
    let shell = Shell::new()?;
    Ok(cmd!(shell, "tar -C {path} -c .").quiet().output()?.stdout)
}

fn read(text: &str) -> Result<BTreeMap<String, Answer>> {
    let mut answers: BTreeMap<String, Answer> = BTreeMap::new();
    let mut file = String::new();
    for line in text.lines() {
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        if word == "file" {
            let (status, path) = rest.split_once(' ').context("a file without a path")?;
            path.clone_into(&mut file);
            answers.entry(file.clone()).or_default().status = status.parse()?;
            continue;
        }
        let answer = answers
            .get_mut(&file)
            .with_context(|| format!("stray: {line}"))?;
        match word {
            "stderr" => answer.stderr.extend([rest, "\n"]),
            "stdout" => answer.stdout.extend([rest, "\n"]),
            _ => anyhow::bail!("{file}: stray line: {line}"),
        }
    }
    Ok(answers)
}

/// The domain configuration, without what the two may differ in.
fn json(answer: &Answer, pair: &Pair) -> Result<Value> {
    let mut config: Value = serde_json::from_str(&answer.stdout)
        .with_context(|| format!("{}: no JSON:\n{}", pair.file.display(), answer.stdout))?;
    left_to_chance(&mut config, pair);
    without_effect(&mut config);
    filled_in(&mut config);
    for (pointer, key) in &pair.differs {
        remove(&mut config, pointer, key);
    }
    Ok(config)
}

/// What the file leaves to chance (UUIDs, hardware addresses, a generation's number), and passwords, which are never
/// taken over.
fn left_to_chance(config: &mut Value, pair: &Pair) {
    if pair.config.get("uuid").is_none() {
        remove(config, "/c_info", "uuid");
    }
    remove(config, "/b_info/type.hvm", "ms_vm_genid");
    remove(config, "/b_info/type.hvm/vnc", "passwd");
    remove(config, "/b_info/type.hvm/spice", "passwd");
    for vfb in items(config, "vfbs") {
        remove(vfb, "/vnc", "passwd");
    }
    for vtpm in items(config, "vtpms") {
        remove(vtpm, "", "uuid");
    }
    if !pair.has_macs {
        for nic in items(config, "nics") {
            remove(nic, "", "mac");
        }
    }
}

/// What nothing comes of, and what stands in another place and is the same.
fn without_effect(config: &mut Value) {
    // The key table says that Xen does nothing with these.
    remove(config, "/b_info/sched_params", "slice");
    remove(config, "/b_info/sched_params", "latency");
    if config.pointer("/c_info/type").and_then(Value::as_str) == Some("pv") {
        remove(config, "/c_info", "hap");
    }
    let vnc = config.pointer("/b_info/type.hvm/vnc/enable");
    if vnc.and_then(Value::as_str) == Some("False") {
        for key in ["listen", "display", "findunused"] {
            remove(config, "/b_info/type.hvm/vnc", key);
        }
    }
    for vfb in items(config, "vfbs") {
        // Where there is no window, nothing that is said of it matters.
        if vfb.pointer("/sdl/enable").and_then(Value::as_str) != Some("True") {
            remove(vfb, "", "sdl");
        }
    }
    // The guest knows these by a name of theirs, wherever they stand; the first disk is what a boot loader reads.
    let from_first = config.pointer("/b_info/bootloader").is_some();
    for (list, name) in [
        ("p9s", "tag"),
        ("channels", "name"),
        ("vkbs", "unique_id"),
        ("disks", "vdev"),
    ] {
        let from = usize::from(list == "disks" && from_first);
        let Some(items) = config.get_mut(list).and_then(Value::as_array_mut) else {
            continue;
        };
        if let Some(items) = items.get_mut(from..) {
            items.sort_by_cached_key(|item| item[name].to_string());
        }
    }
}

/// What libxl or xl fills in later where nothing is set, or what another spelling makes of it.
fn filled_in(config: &mut Value) {
    if let Some(build) = config.get_mut("b_info").and_then(Value::as_object_mut) {
        build
            .entry("avail_vcpus")
            .or_insert_with(|| serde_json::json!([0]));
        build.entry("max_vcpus").or_insert_with(|| 1.into());
        let program = build.get_mut("bootloader");
        if let Some(program) = program
            && program.as_str().is_some_and(is_pygrub)
        {
            *program = "pygrub".into();
        }
    }
    if let Some(hvm) = config
        .pointer_mut("/b_info/type.hvm")
        .and_then(Value::as_object_mut)
        && let Some(one) = hvm.remove("usbdevice")
    {
        hvm.insert("usbdevice_list".to_owned(), serde_json::json!([one]));
    }
    for nic in items(config, "nics") {
        if let Some(nic) = nic.as_object_mut() {
            nic.entry("bridge").or_insert_with(|| "xenbr0".into());
            nic.entry("trusted").or_insert_with(|| "True".into());
        }
    }
    for disk in items(config, "disks") {
        // xl-disk-configuration(5): below /dev.
        let path = disk["pdev_path"].as_str().unwrap_or_default();
        if path.starts_with("vg0/") {
            disk["pdev_path"] = format!("/dev/{path}").into();
        }
    }
    for device in items(config, "usbdevs") {
        // Without `type=` xl keeps the address, and does not print it.
        remove(device, "", "type.hostdev");
        remove(device, "", "type");
    }
}

fn items<'a>(config: &'a mut Value, list: &str) -> impl Iterator<Item = &'a mut Value> {
    config
        .get_mut(list)
        .and_then(Value::as_array_mut)
        .into_iter()
        .flatten()
}

fn remove(value: &mut Value, pointer: &str, key: &str) {
    if let Some(Value::Object(object)) = value.pointer_mut(pointer) {
        object.remove(key);
    }
}

/// The places in which two documents differ.
fn differences(one: &Value, other: &Value) -> Vec<String> {
    fn walk(path: &str, one: &Value, other: &Value, found: &mut Vec<String>) {
        match (one, other) {
            (Value::Object(a), Value::Object(b)) => {
                let keys: std::collections::BTreeSet<_> = a.keys().chain(b.keys()).collect();
                for key in keys {
                    let null = Value::Null;
                    walk(
                        &format!("{path}/{key}"),
                        a.get(key).unwrap_or(&null),
                        b.get(key).unwrap_or(&null),
                        found,
                    );
                }
            }
            (Value::Array(a), Value::Array(b)) if a.len() == b.len() => {
                for (index, (a, b)) in a.iter().zip(b).enumerate() {
                    walk(&format!("{path}/{index}"), a, b, found);
                }
            }
            _ if one == other => {}
            _ => found.push(format!("{path}: {one} became {other}")),
        }
    }
    let mut found = Vec::new();
    walk("", one, other, &mut found);
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_difference_is_found() {
        let one = serde_json::json!({"a": {"b": 1, "c": [1, 2]}, "d": null});
        let other = serde_json::json!({"a": {"b": 2, "c": [1, 3], "e": 0}});
        assert_eq!(
            differences(&one, &other),
            [
                "/a/b: 1 became 2",
                "/a/c/1: 2 became 3",
                "/a/e: null became 0"
            ]
        );
        assert_eq!(differences(&one, &one), [""; 0]);
    }
}
