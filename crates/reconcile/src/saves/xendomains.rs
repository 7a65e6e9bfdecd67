//! Why xendomains did not restore a guest, as it said itself.

use guest_spec::{AutostartManager, Document};

use super::{Save, Saves};
use crate::observe::Domains;
use crate::program::{self, Programs};

impl Saves {
    /// Where xendomains is the manager: asks the journal of this boot why it did not restore what is left, of the files of an
    /// earlier boot that have no domain, and of which nobody said anything since. Where the journal does not answer, that is
    /// not known.
    #[must_use]
    pub fn with_reasons(
        mut self,
        document: &Document,
        domains: &Domains,
        programs: &Programs,
    ) -> Self {
        let (Domains::Known(_), AutostartManager::Xendomains) =
            (domains, document.autostart_manager)
        else {
            return self;
        };
        let is_left = |name: &str, save: &Save| {
            let mut all = domains.all().iter();
            save.before_boot
                && save.failure.is_none()
                && save.may_restore()
                && !all.any(|domain| domain.name == name || save.uuid == Some(domain.uuid))
        };
        let mut left: Vec<(&String, &mut Save)> = self
            .files
            .iter_mut()
            .filter(|(name, save)| is_left(name, save))
            .collect();
        if left.is_empty() {
            return self;
        }
        let args = ["-b", "-u", "xendomains.service", "-o", "cat", "--no-pager"];
        let said = program::run(&programs.journalctl, &args, programs.answer_limit);
        let said = said.unwrap_or_default();
        for (name, save) in &mut left {
            save.failure = not_restored(&said, name);
        }
        self
    }
}

/// What xl said to xendomains, which prints it between a line with the file's name and one with an exclamation mark
/// (`start` in Xen's `tools/hotplug/Linux/xendomains.in`); the last time that it tried.
fn not_restored(said: &str, name: &str) -> Option<String> {
    let heading = format!("An error occurred while restoring domain {name}:");
    let lines: Vec<&str> = said.lines().collect();
    let at = lines.iter().rposition(|line| *line == heading)?;
    let words = lines[at + 1..].iter().take_while(|line| **line != "!");
    let words: Vec<&str> = words.copied().collect();
    Some(program::tail(&words.join("\n"))).filter(|words| !words.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_says_why() {
        let said = "Restoring Xen domains: db web
An error occurred while restoring domain web:
Loading new save file
libxl: error: no such disk
libxl: error: cannot add disk devices
!
 mail
Starting auto Xen domains: web(skip)
";
        assert_eq!(
            not_restored(said, "web").unwrap(),
            "Loading new save file; libxl: error: no such disk; libxl: error: cannot add disk devices"
        );
        for name in ["db", "mail", "we", "eb"] {
            assert_eq!(not_restored(said, name), None, "{name}");
        }
        // The last time counts, also where its end is missing.
        let heading = "An error occurred while restoring domain web:";
        let again = format!("{said}{heading}\nanother");
        assert_eq!(not_restored(&again, "web").unwrap(), "another");
        assert_eq!(not_restored(heading, "web"), None);
    }
}
