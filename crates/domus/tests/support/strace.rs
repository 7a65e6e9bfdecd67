//! Runs of domus under strace.

use std::collections::HashMap;
use std::fs;
use std::process::{Command, Output};

use super::Dom0;
use super::process::same_environment;

/// Whether there is a strace; without it, these tests are skipped, and say so.
pub fn has_strace() -> bool {
    let there = Command::new("strace")
        .args(["-qq", "-o", "/dev/null", "true"])
        .status()
        .is_ok();
    if !there {
        println!("skipped: there is no strace");
    }
    there
}

/// Prepares a run of a command, and of all that it calls, under strace with these arguments.
pub fn traced(args: &[&str], command: &Command) -> Command {
    let mut strace = Command::new("strace");
    strace.args(["-f", "-qq"]).args(args);
    strace.arg(command.get_program()).args(command.get_args());
    same_environment(&mut strace, command);
    strace
}

/// Runs a command with this injected into each such call of its own and of all that it calls.
pub fn injected(command: &Command, call: &str, injected: &str) -> Output {
    let (trace, inject) = (format!("trace={call}"), format!("inject={call}:{injected}"));
    let args = ["-o", "/dev/null", "-e", &trace, "-e", &inject];
    traced(&args, command).output().unwrap()
}

/// Runs a command, which is killed at its `nth` call of this name, or what it calls is at its own; says whether it then
/// did not succeed, which is whether there was such a call.
pub fn killed_at(command: &Command, call: &str, nth: usize) -> bool {
    let ran = injected(command, call, &format!("signal=KILL:when={nth}"));
    !ran.status.success()
}

/// How often each of these calls is made by one thread of domus, or of what it calls, when it is run so.
pub fn count_calls(dom0: &Dom0, args: &[&str], calls: &[&str]) -> HashMap<String, usize> {
    let log = dom0.path("/xl/calls");
    let trace = format!("trace={}", calls.join(","));
    let options = ["-o", log.to_str().unwrap(), "-e", &trace];
    let ran = traced(&options, &dom0.domus(args)).output().unwrap();
    assert!(ran.status.success());
    let mut by_thread: HashMap<(String, String), usize> = HashMap::new();
    for line in String::from_utf8_lossy(&fs::read(log).unwrap()).lines() {
        let Some((thread, rest)) = line.split_once(' ') else {
            continue;
        };
        if let Some((call, _)) = rest.trim_start().split_once('(') {
            let key = (thread.to_owned(), call.to_owned());
            *by_thread.entry(key).or_default() += 1;
        }
    }
    let mut most = HashMap::new();
    for ((_, call), count) in by_thread {
        let known: &mut usize = most.entry(call).or_default();
        *known = count.max(*known);
    }
    most
}
