//! The corpus of configurations before the real xl: it takes every file, asks for the keys of the table and no others,
//! its domain configurations have them where the table says, and each is read back to what the file means.

mod told;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;
use xl_cfg::Config;
use xl_cfg::keys::{self, Arch, GuestType, KeyInfo};
use xshell::{Shell, cmd};

use super::stage::Stage;
use crate::eval;

/// What writes down the keys that xl asks for.
const ASKED_KEYS: &str = include_str!("../dom0/asked-keys.c");

/// Runs xl on each file. Every line of the answer says by its first word what it is.
const SCRIPT: &str = r#"
mkdir -p /root/corpus && cd /root/corpus && tar -xf ../corpus.tar
for file in */*.cfg; do
    rm -f /root/asked
    LD_PRELOAD=/root/asked-keys.so ASKED_KEYS=/root/asked xl create -n "$file" >/root/stdout 2>/root/stderr
    echo "file $? $file"
    [ ! -e /root/asked ] || sed 's/^/asked /' /root/asked
    sed 's/^/stderr /; $a\' /root/stderr
    sed 's/^/stdout /; $a\' /root/stdout
done
"#;

/// A file of the corpus, and what xl made of it.
struct File {
    /// Its path in the corpus, such as `pv/minimal.cfg`.
    path: String,
    guest: GuestType,
    config: Config,
    /// The first Xen that takes it, by its minor version, when older ones refuse it.
    since: Option<u32>,
    status: i32,
    /// The keys that xl asked for, and whether one of the questions got a value.
    asked: BTreeMap<String, bool>,
    stderr: String,
    /// The domain configuration that xl made of it, as JSON.
    stdout: String,
}

/// Runs the scenario.
pub fn run(stage: &mut Stage) -> Result<()> {
    let corpus = eval::project().join("crates/xl-cfg/tests/corpus");
    let shell = Shell::new()?;
    let tar = cmd!(shell, "tar -C {corpus} -c .").quiet().output()?.stdout;
    let library = build(&shell)?;

    let image = stage.image.clone();
    let dom0 = stage.plain_dom0()?;
    let minor = minor(&dom0.ok("xl info")?)?;
    dom0.push("/root/corpus.tar", &tar, "644")?;
    dom0.push("/root/asked-keys.so", &library, "755")?;
    let answer = dom0.run_for(SCRIPT, Duration::from_secs(400))?;
    let mut files = read(&answer.text(), &corpus)?;

    let all = files.len();
    refused(&files, minor)?;
    files.retain(|file| file.since.is_none_or(|since| since <= minor));
    taken(&files)?;
    let configs = domain_configs(&files)?;
    asked(&files, minor)?;
    seen(&files, &configs, minor)?;
    told::read_back(dom0, &files, &configs, minor)?;
    told::running(dom0, &image, minor)?;
    anstream::println!(
        "  Xen 4.{minor}: {} files taken, {} newer ones refused",
        files.len(),
        all - files.len()
    );
    Ok(())
}

/// The library, made by the C compiler that Rust links with.
fn build(shell: &Shell) -> Result<Vec<u8>> {
    let folder = tempfile::tempdir().context("cannot make a temporary folder")?;
    let source = folder.path().join("asked-keys.c");
    let library = folder.path().join("asked-keys.so");
    fs::write(&source, ASKED_KEYS)?;
    cmd!(
        shell,
        "cc -shared -fPIC -O1 -Wall -Werror -o {library} {source} -ldl"
    )
    .quiet()
    .run()
    .context("the C compiler cannot make asked-keys.so")?;
    fs::read(&library).context("the C compiler made no asked-keys.so")
}

/// The minor version of the Xen that runs.
fn minor(info: &str) -> Result<u32> {
    info.lines()
        .find_map(|line| line.strip_prefix("xen_minor"))
        .and_then(|rest| rest.trim_start_matches([' ', ':']).trim().parse().ok())
        .with_context(|| format!("xl info has no xen_minor:\n{info}"))
}

/// Takes the script's answer apart.
fn read(answer: &str, corpus: &Path) -> Result<Vec<File>> {
    let mut files: Vec<File> = Vec::new();
    for line in answer.lines() {
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        if word == "file" {
            let (status, path) = rest.split_once(' ').context("a file without a path")?;
            files.push(File::new(path, status.parse()?, corpus)?);
            continue;
        }
        let file = files.last_mut().with_context(|| format!("stray: {line}"))?;
        match word {
            "asked" => file.ask(rest),
            "stderr" => file.stderr.extend([rest, "\n"]),
            "stdout" => file.stdout.extend([rest, "\n"]),
            _ => anyhow::bail!("{}: stray line: {line}", file.path),
        }
    }
    let there: BTreeSet<PathBuf> = GuestType::ALL
        .iter()
        .map(|guest| fs::read_dir(corpus.join(guest.word())))
        .collect::<Result<Vec<_>, _>>()?
        .into_iter()
        .flatten()
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<_, _>>()?;
    let read = files.iter().map(|file| corpus.join(&file.path)).collect();
    ensure!(there == read, "xl was not run on all of {there:?}");
    Ok(files)
}

impl File {
    fn new(path: &str, status: i32, corpus: &Path) -> Result<Self> {
        let text = fs::read_to_string(corpus.join(path))?;
        let folder = path.split('/').next().unwrap_or_default();
        let guest = GuestType::ALL
            .into_iter()
            .find(|guest| guest.word() == folder)
            .with_context(|| format!("{path} is in no folder of a guest type"))?;
        Ok(Self {
            path: path.to_owned(),
            guest,
            config: Config::parse(&text).with_context(|| path.to_owned())?,
            since: since(&text),
            status,
            asked: BTreeMap::new(),
            stderr: String::new(),
            stdout: String::new(),
        })
    }

    /// Takes one question, when it is for this file and not for xl.conf.
    fn ask(&mut self, line: &str) {
        let mut fields = line.split('\t');
        if let (Some(source), Some(key), Some(answer)) =
            (fields.next(), fields.next(), fields.next())
            && source == self.path
        {
            *self.asked.entry(key.to_owned()).or_default() |= answer == "0";
        }
    }
}

/// What the first line says, when it says `since: 4.N, refused before.`
pub fn since(text: &str) -> Option<u32> {
    let head = text.lines().next()?;
    let (_, rest) = head.split_once("since: 4.")?;
    let (minor, _) = rest.split_once(", refused before.")?;
    minor.parse().ok()
}

/// A file for newer versions that says so is refused by this one.
fn refused(files: &[File], minor: u32) -> Result<()> {
    let newer = |file: &&File| file.since.is_some_and(|since| since > minor);
    for file in files.iter().filter(newer) {
        ensure!(
            file.status != 0,
            "{} says that Xen 4.{minor} refuses it, which takes it",
            file.path
        );
    }
    Ok(())
}

/// xl takes every file, and reads every value as what it is.
fn taken(files: &[File]) -> Result<()> {
    let refused: Vec<String> = files
        .iter()
        .filter(|file| file.status != 0)
        .map(|file| format!("{}: status {}\n{}", file.path, file.status, file.stderr))
        .collect();
    ensure!(refused.is_empty(), "xl refuses\n{}", refused.join("\n"));

    let mut unread = Vec::new();
    for file in files {
        let keys = file.config.iter().map(|(key, _)| key.as_str());
        unread.extend(
            keys.filter(|key| file.asked.get(*key) == Some(&false))
                .map(|key| format!("{} {key}\n{}", file.path, file.stderr)),
        );
    }
    ensure!(
        unread.is_empty(),
        "xl asks for what is set and gets no value:\n{}",
        unread.join("\n")
    );
    Ok(())
}

/// The domain configurations. They are kept below `target/`, with xl's warnings, for whoever wants to look at them.
fn domain_configs(files: &[File]) -> Result<Vec<Value>> {
    let mut configs = Vec::new();
    for file in files {
        let name = file.path.trim_end_matches(".cfg");
        keep(&format!("{name}.json"), &file.stdout)?;
        keep(&format!("{name}.stderr"), &file.stderr)?;
        let config: Value = serde_json::from_str(&file.stdout)
            .with_context(|| format!("{}: xl's answer is no JSON:\n{}", file.path, file.stdout))?;
        let name = file.config.get("name").and_then(xl_cfg::Value::as_text);
        ensure!(
            config["c_info"]["name"].as_str() == name.as_deref()
                && config["c_info"]["type"] == file.guest.word(),
            "{}: xl made another guest of it: {}",
            file.path,
            config["c_info"]
        );
        configs.push(config);
    }
    Ok(configs)
}

/// Keeps what xl printed for whoever wants to look at it.
fn keep(name: &str, text: &str) -> Result<()> {
    let path = eval::project()
        .join("target/xl-reads-the-corpus")
        .join(name);
    fs::create_dir_all(path.parent().unwrap_or(&path))?;
    fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))
}

/// What xl asks for is what the table says that this Xen reads: over all files no more and no less, and for each type
/// of guest at least what has an effect on it.
fn asked(files: &[File], minor: u32) -> Result<()> {
    let table = |wanted: &dyn Fn(&KeyInfo) -> bool| -> BTreeSet<&str> {
        let read = keys::all().iter().filter(|info| info.read_by(minor));
        read.filter(|info| wanted(info))
            .map(|info| info.name)
            .collect()
    };
    let union = |wanted: &dyn Fn(&File) -> bool| -> BTreeSet<&str> {
        let files = files.iter().filter(|file| wanted(file));
        files
            .flat_map(|file| file.asked.keys().map(String::as_str))
            .collect()
    };
    let all = union(&|_| true);
    let known = table(&|_| true);
    ensure!(
        all == known,
        "xl of Xen 4.{minor} asks for {:?}, which the table has not; the table has {:?}, for which it does not ask",
        all.difference(&known).collect::<Vec<_>>(),
        known.difference(&all).collect::<Vec<_>>()
    );
    for guest in GuestType::ALL {
        let asked = union(&|file| file.guest == guest);
        let effective = table(&|info| info.types.contains(guest) && info.arch != Arch::Arm);
        let missing: Vec<_> = effective.difference(&asked).collect();
        ensure!(
            missing.is_empty(),
            "for {} xl never asks for {missing:?}, to which the table gives an effect",
            guest.word()
        );
    }
    Ok(())
}

/// Each path into the JSON that the table names is there in the configuration of a file that sets the key.
fn seen(files: &[File], configs: &[Value], minor: u32) -> Result<()> {
    let mut missing = Vec::new();
    for info in keys::all().iter().filter(|info| info.read_by(minor)) {
        for pointer in info.observed.iter().filter_map(|seen| seen.pointer()) {
            let found = files
                .iter()
                .zip(configs)
                .any(|(file, config)| file.config.get(info.name).is_some() && has(config, pointer));
            if !found {
                missing.push(format!("{} {pointer}", info.name));
            }
        }
    }
    ensure!(
        missing.is_empty(),
        "the table says that these are seen there, and in no file's JSON they are:\n{}",
        missing.join("\n")
    );
    Ok(())
}

/// Whether something is at a JSON Pointer in which `*` stands for each item of a list.
fn has(value: &Value, pointer: &str) -> bool {
    match pointer.split_once("/*") {
        None => value.pointer(pointer).is_some(),
        Some((list, rest)) => value
            .pointer(list)
            .and_then(Value::as_array)
            .is_some_and(|items| items.iter().any(|item| has(item, rest))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pointer_finds_in_each_item() {
        let value = serde_json::json!({"type.hvm": {"a": 1}, "list": [{}, {"b": {"c": null}}]});
        assert!(has(&value, "/type.hvm/a"));
        assert!(has(&value, "/list/*/b/c"));
        assert!(!has(&value, "/list/*/c"));
        assert!(!has(&value, "/type.hvm/*/a"));
    }

    /// A file of one setting, for which xl asked for all keys of the table and got no value.
    fn file(guest: GuestType, setting: &str) -> File {
        let keys = keys::all().iter().filter(|info| info.read_by(17));
        File {
            path: "x.cfg".to_owned(),
            guest,
            config: Config::parse(setting).unwrap(),
            since: None,
            status: 0,
            asked: keys.map(|info| (info.name.to_owned(), false)).collect(),
            stderr: String::new(),
            stdout: String::new(),
        }
    }

    #[test]
    fn a_key_too_many_or_too_few_is_named() {
        let mut files = GuestType::ALL.map(|guest| file(guest, ""));
        asked(&files, 17).unwrap();
        let error = asked(&files, 18).unwrap_err().to_string();
        assert!(error.contains("\"smbios\""), "{error}");
        files[0].ask("x.cfg\tmemroy\t0");
        files[0].ask("/etc/xen/xl.conf\tautoballoon\t0");
        let error = asked(&files, 17).unwrap_err().to_string();
        assert!(error.contains("asks for [\"memroy\"], which"), "{error}");
        files[0].asked.remove("memroy");
        files[2].asked.remove("vga");
        let error = asked(&files, 17).unwrap_err().to_string();
        assert!(
            error.contains("for hvm xl never asks for [\"vga\"]"),
            "{error}"
        );
    }

    #[test]
    fn a_value_that_xl_does_not_read_is_named() {
        let mut file = file(GuestType::Pv, "memory = 1");
        assert!(taken(std::slice::from_ref(&file)).is_err());
        file.ask("x.cfg\tmemory\t22");
        assert!(taken(std::slice::from_ref(&file)).is_err());
        file.ask("x.cfg\tmemory\t0");
        taken(std::slice::from_ref(&file)).unwrap();
        file.status = 1;
        assert!(taken(std::slice::from_ref(&file)).is_err());
        assert!(refused(std::slice::from_ref(&file), 17).is_ok());
    }

    #[test]
    fn what_older_versions_refuse_is_said() {
        assert_eq!(
            since("# arch: arm. since: 4.18, refused before. X.\n"),
            Some(18)
        );
        assert_eq!(since("# since: 4.18. X, refused before.\n"), None);
        assert_eq!(since("# X.\n# since: 4.18, refused before.\n"), None);
    }

    #[test]
    fn the_minor_version_is_read() {
        assert_eq!(
            minor("xen_major              : 4\nxen_minor              : 17\n").unwrap(),
            17
        );
        assert!(minor("xen_version            : 4.17.7\n").is_err());
    }
}
