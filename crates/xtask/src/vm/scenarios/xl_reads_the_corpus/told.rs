//! The way back: from what xl printed to a configuration that means what the file means, and of which xl prints the same.

use std::fs;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use reconcile::libxl_json::{self, Read};
use serde_json::Value as Json;
use xl_cfg::Config;
use xl_cfg::keys::GuestType;
use xshell::{Shell, cmd};

use super::{File, keep};
use crate::vm::dom0::Dom0;
use crate::vm::image::Image;
use crate::vm::micro;

/// Runs xl on each file that was made of its own JSON.
const SCRIPT: &str = r#"
mkdir -p /root/told && cd /root/told && tar -xf ../told.tar
for file in */*.cfg; do
    xl create -n "$file" >/root/stdout 2>/root/stderr || { echo "$file"; cat /root/stderr; } >>/root/told-refused
    mv /root/stdout "${file%.cfg}.json"
done
[ ! -e /root/told-refused ] || { cat /root/told-refused >&2; exit 1; }
tar -c */*.json
"#;

/// What xl makes anew each time, or nobody reads.
const CHANGES: [(&str, &str); 3] = [
    ("/b_info/type.hvm", "ms_vm_genid"),
    ("/b_info/sched_params", "slice"),
    ("/b_info/sched_params", "latency"),
];

/// Reads every configuration back and compares it with its file, then has xl read it and compares what xl prints.
pub fn read_back(dom0: &mut Dom0, files: &[File], jsons: &[Json], minor: u32) -> Result<()> {
    let folder = tempfile::tempdir().context("cannot make a temporary folder")?;
    let mut wrong = Vec::new();
    for (file, json) in files.iter().zip(jsons) {
        let read = libxl_json::config(json);
        wrong.extend(
            mistakes(&file.config, json, &read, minor)
                .map(|mistake| format!("{}: {mistake}", file.path)),
        );
        let path = folder.path().join(&file.path);
        fs::create_dir_all(path.parent().unwrap_or(folder.path()))?;
        let text = read.config.to_text().with_context(|| file.path.clone())?;
        fs::write(path, text)?;
    }
    fixtures(files, jsons, minor)?;
    ensure!(
        wrong.is_empty(),
        "read back from xl's JSON:\n{}",
        wrong.join("\n")
    );

    for (file, json, again) in again(dom0, folder.path(), files, jsons)? {
        let (json, again) = (comparable(json), comparable(&again));
        if json != again {
            wrong.push(format!("{}:\n{json}\n{again}", file.path));
        }
    }
    ensure!(
        wrong.is_empty(),
        "of the configuration that was read back from its JSON, xl makes another guest:\n{}",
        wrong.join("\n")
    );
    Ok(())
}

/// Guests that are made and never run: libxl says of them what it says of any that runs.
const GUESTS: [(&str, &str); 3] = [
    (
        "told-pv",
        include_str!("../../../../../reconcile/tests/fixtures/running/pv.cfg"),
    ),
    (
        "told-pvh",
        include_str!("../../../../../reconcile/tests/fixtures/running/pvh.cfg"),
    ),
    (
        "told-hvm",
        include_str!("../../../../../reconcile/tests/fixtures/running/hvm.cfg"),
    ),
];

/// Makes guests of each type, and reads back what `xl list -l` says of them.
pub fn running(dom0: &mut Dom0, image: &Image, minor: u32) -> Result<()> {
    micro::push(dom0, image)?;
    dom0.ok(
        "mkdir -p /vmdisks /srv/share; truncate -s 8M /vmdisks/one.img /vmdisks/two.img
        ip link add told0 type bridge",
    )?;
    for (name, config) in GUESTS {
        dom0.push(&format!("/root/{name}.cfg"), config.as_bytes(), "600")?;
        dom0.ok(&format!("xl create -p /root/{name}.cfg"))?;
    }
    let list = dom0.ok("xl list -l")?;
    for (name, _) in GUESTS {
        dom0.ok(&format!("xl destroy {name}"))?;
    }
    keep("list-l.json", &list)?;
    let domains: Vec<Json> = serde_json::from_str(&list).context("xl list -l is no JSON")?;
    let mut wrong = Vec::new();
    for (name, config) in GUESTS {
        let json = domains.iter().map(|domain| &domain["config"]);
        let json = json.clone().find(|json| json["c_info"]["name"] == name);
        let json = json.with_context(|| format!("xl list -l has no {name}"))?;
        let read = libxl_json::config(json);
        let config = Config::parse(config).context(name)?;
        wrong.extend(
            mistakes(&config, json, &read, minor).map(|mistake| format!("{name}: {mistake}")),
        );
    }
    ensure!(
        wrong.is_empty(),
        "read back from xl list -l:\n{}\n{list}",
        wrong.join("\n")
    );
    Ok(())
}

/// Keeps the JSON in the form of crates/reconcile/tests/fixtures/create-n, to be copied there when the corpus changes.
fn fixtures(files: &[File], jsons: &[Json], minor: u32) -> Result<()> {
    for guest in GuestType::ALL {
        let all = files
            .iter()
            .zip(jsons)
            .filter(|(file, _)| file.guest == guest);
        let lines = all.map(|(file, json)| {
            let name = file.path.rsplit('/').next().unwrap_or_default();
            format!("{}: {json}", Json::from(name))
        });
        let lines: Vec<String> = lines.collect();
        let text = format!("{{\n{}\n}}\n", lines.join(",\n"));
        keep(
            &format!("create-n/xl-4.{minor}-{}.json", guest.word()),
            &text,
        )?;
    }
    Ok(())
}

/// What xl prints for the configurations that were read back.
fn again<'f>(
    dom0: &mut Dom0,
    folder: &Path,
    files: &'f [File],
    jsons: &'f [Json],
) -> Result<Vec<(&'f File, &'f Json, Json)>> {
    let shell = Shell::new()?;
    let tar = cmd!(shell, "tar -C {folder} -c .").quiet().output()?.stdout;
    dom0.push("/root/told.tar", &tar, "600")?;
    let output = dom0.run_for(SCRIPT, Duration::from_secs(400))?;
    ensure!(
        output.status == 0,
        "xl refuses what was read back:\n{}",
        output.error_text()
    );
    let tar = folder.join("again.tar");
    fs::write(&tar, &output.stdout)?;
    cmd!(shell, "tar -C {folder} -xf {tar}").quiet().run()?;
    files
        .iter()
        .zip(jsons)
        .map(|(file, json)| {
            let again = fs::read_to_string(folder.join(&file.path).with_extension("json"))?;
            let again = serde_json::from_str(&again).with_context(|| file.path.clone())?;
            Ok((file, json, again))
        })
        .collect()
}

/// Where a configuration that was read back is not the one that was written, and what could not be read.
fn mistakes<'a>(
    written: &Config,
    json: &'a Json,
    read: &'a Read,
    minor: u32,
) -> impl Iterator<Item = String> + use<'a> {
    let unread = read.unread.iter().filter(|place| !lost_by_xl(json, place));
    let unread = unread.map(|place| format!("unread: {place}"));
    let differences = libxl_json::differences(written, &read.config, minor);
    let differences = differences.into_iter().map(|difference| {
        let show =
            |value: Option<xl_cfg::Value>| value.map_or("-".to_owned(), |value| value.to_string());
        format!(
            "{}: {} became {}",
            difference.key,
            show(difference.one),
            show(difference.other)
        )
    });
    unread.chain(differences)
}

/// Whether xl itself has lost what should be there.
fn lost_by_xl(json: &Json, place: &str) -> bool {
    let there = json.pointer(place);
    // `rdm` without a policy takes one from memory that nobody has set (`xlu_rdm_parse`).
    let policy = place == "/b_info/type.hvm/rdm/policy" || place.ends_with("/rdm_policy");
    // A USB device of which the file does not say the type has no numbers in the JSON (`parse_usbdev_config`).
    let usb = place.starts_with("/usbdevs/")
        && there.is_some_and(|device| device.get("type.hostdev").is_none());
    policy || usb
}

/// The JSON without what changes each time and what xl has lost.
fn comparable(json: &Json) -> Json {
    let mut json = json.clone();
    let mut remove = |parent: &str, name: &str| {
        if let Some(fields) = json.pointer_mut(parent).and_then(Json::as_object_mut) {
            fields.remove(name);
        }
    };
    for (parent, name) in CHANGES {
        remove(parent, name);
    }
    remove("/b_info/type.hvm/rdm", "policy");
    for list in ["usbdevs", "pcidevs"] {
        let Some(items) = json.get_mut(list).and_then(Json::as_array_mut) else {
            continue;
        };
        items.retain(|item| list != "usbdevs" || item.get("type.hostdev").is_some());
        for item in items {
            if item["rdm_policy"].is_null()
                && let Some(fields) = item.as_object_mut()
            {
                fields.remove("rdm_policy");
            }
        }
    }
    // What libxl takes anyway (`libxl__device_nic_setdefault`); no configuration needs to say it.
    for nic in json
        .get_mut("nics")
        .and_then(Json::as_array_mut)
        .into_iter()
        .flatten()
    {
        if nic["trusted"] == "True"
            && let Some(fields) = nic.as_object_mut()
        {
            fields.remove("trusted");
        }
    }
    json
}
