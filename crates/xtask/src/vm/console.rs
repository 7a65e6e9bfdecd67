//! What micro guests say on their consoles, as xenconsoled logs it in the Dom0.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};

use super::dom0::Dom0;

/// How a micro guest says it is:
/// `mrkitty: up 34 s, memory 241 MiB, 1 vCPU, boots 3, writes 1234, disks xvda:1024, nics 00:16:3e:5d:0c:91`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct State {
    /// The line itself.
    pub line: String,
    /// Since when it runs, in seconds; a restored guest goes on counting.
    pub up_seconds: u64,
    /// The memory that its kernel has.
    pub memory_mib: u64,
    /// How many of its vCPUs are online.
    pub vcpus: u64,
    /// How often its root disk was booted; `None` without one.
    pub boots: Option<u64>,
    /// How often it wrote to its root disk.
    pub writes: Option<u64>,
    /// Its disks and CD drives, and their sizes in MiB.
    pub disks: BTreeMap<String, u64>,
    /// The hardware addresses of its network interfaces.
    pub nics: BTreeSet<String>,
}

impl State {
    /// Reads such a line of guest `name`.
    pub fn parse(name: &str, line: &str) -> Option<Self> {
        let rest = line.strip_prefix(name)?.strip_prefix(": up ")?;
        let mut fields = rest.split(", ");
        let up_seconds = fields.next()?.strip_suffix(" s")?.parse().ok()?;
        let memory_mib = fields
            .next()?
            .strip_prefix("memory ")?
            .strip_suffix(" MiB")?
            .parse()
            .ok()?;
        let vcpus = fields.next()?.strip_suffix(" vCPU")?.parse().ok()?;
        let boots = fields.next()?.strip_prefix("boots ")?.parse().ok();
        let writes = fields.next()?.strip_prefix("writes ")?.parse().ok();
        let disks = words(fields.next()?.strip_prefix("disks ")?)
            .map(|disk| {
                let (name, size) = disk.split_once(':')?;
                Some((name.to_owned(), size.parse().ok()?))
            })
            .collect::<Option<_>>()?;
        let nics = words(fields.next()?.strip_prefix("nics ")?)
            .map(str::to_owned)
            .collect();
        Some(Self {
            line: line.to_owned(),
            up_seconds,
            memory_mib,
            vcpus,
            boots,
            writes,
            disks,
            nics,
        })
    }
}

impl State {
    /// Whether the guest's kernel has about `mib` of memory; it counts less than its domain has, for it keeps some for
    /// itself.
    pub fn sees_memory(&self, mib: u64) -> bool {
        self.memory_mib <= mib && self.memory_mib > mib - 64
    }

    /// Asserts that the guest is still the one of `before`, restored perhaps, but not booted anew.
    ///
    /// # Errors
    /// Its uptime or its boots say otherwise, or writes to its disk were lost.
    pub fn goes_on_from(&self, before: &Self) -> Result<()> {
        let (was, is) = (&before.line, &self.line);
        ensure!(
            self.up_seconds >= before.up_seconds && self.boots == before.boots,
            "a guest was booted anew:\n  {was}\n  {is}"
        );
        ensure!(
            self.writes >= before.writes,
            "a guest lost writes:\n  {was}\n  {is}"
        );
        Ok(())
    }
}

/// Asserts that all guests go on; the states are of the same guests in the same order.
///
/// # Errors
/// As [`State::goes_on_from`].
pub fn all_go_on(before: &[State], after: &[State]) -> Result<()> {
    ensure!(
        before.len() == after.len(),
        "there were {} guests, and there are {}",
        before.len(),
        after.len()
    );
    let mut pairs = before.iter().zip(after);
    pairs.try_for_each(|(before, after)| after.goes_on_from(before))
}

/// Asserts that all guests were restored: they go on, each with as much memory as before.
///
/// # Errors
/// As [`all_go_on`]; or one has another size.
pub fn all_restored(before: &[State], after: &[State]) -> Result<()> {
    all_go_on(before, after)?;
    for (before, after) in before.iter().zip(after) {
        ensure!(
            after.memory_mib == before.memory_mib,
            "a guest came back with another size:\n  {}\n  {}",
            before.line,
            after.line
        );
    }
    Ok(())
}

/// The words of a field; none where it says `-`.
fn words(field: &str) -> impl Iterator<Item = &str> {
    field.split(' ').filter(|word| *word != "-")
}

/// Types a line on a guest's console.
///
/// # Errors
/// There is no such guest, or its console takes nothing.
pub fn type_line(dom0: &mut Dom0, name: &str, line: &str) -> Result<()> {
    dom0.ok(&format!(
        "echo '{line}' >\"$(xenstore-read /local/domain/$(xl domid '{name}')/console/tty)\""
    ))
    .map(|_| ())
}

/// Where a guest's console log ends now, in bytes; what is waited for afterwards is read from there.
pub fn mark(dom0: &mut Dom0, name: &str) -> Result<u64> {
    let size = dom0.ok(&format!(
        "stat -c %s /var/log/xen/console/guest-{name}.log 2>/dev/null || echo 0"
    ))?;
    size.trim()
        .parse()
        .with_context(|| format!("no size of the console log of {name}"))
}

/// Waits for a line of guest `name` that contains `what` and was written after `mark`; gives it from the guest's
/// name on, which a micro guest begins its lines with.
///
/// # Errors
/// It did not come within `seconds`; the message has the end of the guest's console.
pub fn line_after(
    dom0: &mut Dom0,
    name: &str,
    mark: u64,
    what: &str,
    seconds: u32,
) -> Result<String> {
    let log = format!("/var/log/xen/console/guest-{name}.log");
    let from = mark + 1;
    let script = format!(
        "for i in $(seq {seconds}); do
            line=$(tail -c +{from} {log} 2>/dev/null | tr -d '\\r' | grep -a -o '{name}: .*' | grep -a -F '{what}' | tail -n 1)
            [ -n \"$line\" ] && {{ echo \"$line\"; exit 0; }}
            sleep 1
        done
        {{ echo 'its console ends with:'; tail -n 25 {log}; xl list
        tail -n 5 /var/log/xen/xl-{name}.log /var/log/xen/bootloader*{name}* /var/log/xen/qemu-*{name}*; }} >&2 2>/dev/null
        exit 1"
    );
    let output = dom0.run_for(&script, Duration::from_secs(u64::from(seconds) + 60))?;
    if output.status != 0 {
        bail!(
            "guest {name} did not say '{what}' within {seconds} s; {}",
            printable(&output.error_text())
        );
    }
    Ok(printable(output.text().trim()))
}

/// Waits for a guest's next state after `mark`.
///
/// # Errors
/// The guest said none within `seconds`.
pub fn state_after(dom0: &mut Dom0, name: &str, mark: u64, seconds: u32) -> Result<State> {
    let line = line_after(dom0, name, mark, " writes ", seconds)?;
    State::parse(name, &line)
        .with_context(|| format!("guest {name} said, and should have said how it is: {line}"))
}

/// What a guest wrote, without what would steer a terminal.
fn printable(text: &str) -> String {
    text.chars()
        .filter(|c| !c.is_control() || *c == '\n')
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_is_read() {
        let line = "mrkitty: up 34 s, memory 241 MiB, 1 vCPU, boots 3, writes 1234, disks xvda:1024 xvdb:64, nics 00:16:3e:5d:0c:91";
        let state = State::parse("mrkitty", line).unwrap();
        assert_eq!(
            (
                state.up_seconds,
                state.memory_mib,
                state.boots,
                state.writes
            ),
            (34, 241, Some(3), Some(1234))
        );
        let disks = [("xvda".to_owned(), 1024), ("xvdb".to_owned(), 64)];
        assert_eq!(state.disks, BTreeMap::from(disks));
        assert_eq!(state.nics, BTreeSet::from(["00:16:3e:5d:0c:91".to_owned()]));
        let state = State::parse(
            "pvh",
            "pvh: up 4 s, memory 120 MiB, 2 vCPU, boots -, writes -, disks -, nics -",
        )
        .unwrap();
        assert_eq!((state.vcpus, state.boots, state.writes), (2, None, None));
        assert!(state.disks.is_empty() && state.nics.is_empty());
        assert_eq!(State::parse("other", line), None);
        assert_eq!(State::parse("mrkitty", "mrkitty: up 34 s, mem"), None);
    }

    #[test]
    fn a_fresh_boot_is_told_from_a_restore() {
        let state = |text: &str| State::parse("g", &format!("g: {text}, disks -, nics -")).unwrap();
        let before = state("up 34 s, memory 241 MiB, 1 vCPU, boots 3, writes 12");
        let restored = state("up 40 s, memory 241 MiB, 1 vCPU, boots 3, writes 14");
        assert!(restored.goes_on_from(&before).is_ok());
        for bad in [
            "up 40 s, memory 241 MiB, 1 vCPU, boots 4, writes 14",
            "up 4 s, memory 241 MiB, 1 vCPU, boots 3, writes 14",
            "up 40 s, memory 241 MiB, 1 vCPU, boots 3, writes 11",
        ] {
            assert!(state(bad).goes_on_from(&before).is_err(), "{bad}");
        }
        let all = [before.clone(), before.clone()];
        let smaller = state("up 40 s, memory 113 MiB, 1 vCPU, boots 3, writes 14");
        assert!(all_go_on(&all, &[restored.clone(), smaller.clone()]).is_ok());
        assert!(all_go_on(&all, std::slice::from_ref(&restored)).is_err());
        assert!(all_restored(&all, &[restored.clone(), restored.clone()]).is_ok());
        assert!(all_restored(&all, &[restored, smaller]).is_err());
        assert!(before.sees_memory(256) && !before.sees_memory(384) && !before.sees_memory(240));
    }

    #[test]
    fn a_guest_steers_no_terminal() {
        assert_eq!(printable("a\x1b[2Jb\nc\r"), "a[2Jb\nc");
    }
}
