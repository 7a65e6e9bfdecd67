//! What `cargo test --quiet -- --show-output` tells: counts, what tests say on lines of their own, and of all that was
//! printed only what failed.

/// What the tests of all crates told.
#[derive(Debug, Default)]
pub struct Told<'a> {
    /// How many passed, failed and were ignored.
    pub counts: Counts,
    /// Why a test could not do its work here: its lines `skipped: WHY`. It is among those that passed.
    pub skips: Vec<&'a str>,
    /// What tests counted: their lines `counted: WHAT`.
    pub counted: Vec<&'a str>,
    failed: Vec<&'a str>,
    /// What failed tests printed, each with its heading.
    sections: Vec<String>,
}

/// The counts of test binaries.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Counts {
    /// Tests that passed.
    pub passed: usize,
    /// Tests that failed.
    pub failed: usize,
    /// Tests that are marked as ignored.
    pub ignored: usize,
}

impl Counts {
    /// Reads the last line of one test binary: `test result: ok. 3 passed; 0 failed; 1 ignored; …`.
    fn parse(line: &str) -> Option<Self> {
        let rest = line.strip_prefix("test result: ")?.split_once(". ")?.1;
        let count = |word: &str| {
            let part = rest.split("; ").find_map(|part| part.strip_suffix(word))?;
            part.trim().parse().ok()
        };
        Some(Self {
            passed: count(" passed")?,
            failed: count(" failed")?,
            ignored: count(" ignored")?,
        })
    }
}

impl<'a> Told<'a> {
    /// Reads the standard output of cargo.
    pub fn read(stdout: &'a str) -> Self {
        let mut told = Self::default();
        let mut binary = Vec::new();
        for line in stdout.lines() {
            if let Some(counts) = Counts::parse(line) {
                told.counts.passed += counts.passed;
                told.counts.failed += counts.failed;
                told.counts.ignored += counts.ignored;
                if counts.failed > 0 {
                    told.failures_of(&binary);
                }
                binary.clear();
                continue;
            }
            told.skips.extend(line.strip_prefix("skipped: "));
            told.counted.extend(line.strip_prefix("counted: "));
            binary.push(line);
        }
        told
    }

    /// Takes from what one binary printed its failures: last come, below `failures:`, what each failed test printed, and, below
    /// another `failures:`, their names.
    fn failures_of(&mut self, binary: &[&'a str]) {
        const HEADING: &str = "failures:";
        let Some(list) = binary.iter().rposition(|line| *line == HEADING) else {
            return;
        };
        let names = binary.iter().skip(list + 1);
        let names: Vec<&str> = names.filter_map(|line| line.strip_prefix("    ")).collect();
        let is_section = |line: &str| {
            let name = line.strip_prefix("---- ");
            let name = name.and_then(|rest| rest.strip_suffix(" stdout ----"));
            name.is_some_and(|name| names.contains(&name))
        };
        // A test may itself print that heading: only behind the true one a failed test's section begins.
        let first = binary
            .windows(3)
            .position(|lines| lines[0] == HEADING && lines[1].is_empty() && is_section(lines[2]));
        if let Some(first) = first {
            let sections = binary.get(first + 2..list).unwrap_or_default();
            self.sections
                .push(sections.join("\n").trim_end().to_owned());
        }
        self.failed.extend(names);
    }

    /// What a person needs who is to mend what failed: the names, what these tests printed, and cargo's errors. Where they are
    /// not found, all of cargo's output.
    pub fn failures(&self, stdout: &str, stderr: &str) -> String {
        let errors = without_warnings(stderr);
        let all_named = self.failed.len() == self.counts.failed;
        if !all_named || (self.failed.is_empty() && errors.is_empty()) {
            return format!("{stdout}{stderr}");
        }
        let names = self.failed.iter().map(|name| format!("  {name}"));
        let mut parts = vec![names.collect::<Vec<_>>().join("\n")];
        parts.extend(self.sections.iter().cloned());
        parts.push(errors);
        parts.retain(|part| !part.is_empty());
        parts.join("\n\n")
    }
}

/// What cargo and the compiler wrote, but for warnings: each goes on to an empty line, or to the next error.
fn without_warnings(stderr: &str) -> String {
    let mut kept = Vec::new();
    let mut in_warning = false;
    for line in stderr.lines() {
        if line.starts_with("warning") {
            in_warning = true;
        } else if line.starts_with("error") {
            in_warning = false;
        }
        if !in_warning {
            kept.push(line);
        }
        in_warning &= !line.is_empty();
    }
    kept.join("\n").trim().to_owned()
}

#[cfg(test)]
mod tests {
    //! What cargo 1.95 printed of a crate with such tests.

    use super::*;

    const PASSING: &str = include_str!("fixtures/passing.stdout.txt");
    const FAILING: [&str; 2] = [
        include_str!("fixtures/failing.stdout.txt"),
        include_str!("fixtures/failing.stderr.txt"),
    ];
    const ABORTED: [&str; 2] = [
        include_str!("fixtures/aborted.stdout.txt"),
        include_str!("fixtures/aborted.stderr.txt"),
    ];
    const BROKEN: &str = include_str!("fixtures/broken.stderr.txt");

    fn counts(passed: usize, failed: usize, ignored: usize) -> Counts {
        Counts {
            passed,
            failed,
            ignored,
        }
    }

    #[test]
    fn counts_what_cargo_prints() {
        let line = "test result: FAILED. 21 passed; 2 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.05s";
        assert_eq!(Counts::parse(line), Some(counts(21, 2, 1)));
        assert_eq!(Counts::parse("test foo ... ok"), None);
    }

    #[test]
    fn what_passed_says_only_what_it_counted() {
        let told = Told::read(PASSING);
        assert_eq!(told.counts, counts(2, 0, 0));
        assert_eq!(told.counted, ["writes: 12 kills, no difference"]);
        assert!(told.skips.is_empty() && told.failed.is_empty() && told.sections.is_empty());
    }

    #[test]
    fn of_what_failed_names_come_first_and_nothing_that_passed() {
        let [stdout, stderr] = FAILING;
        let told = Told::read(stdout);
        assert_eq!(told.counts, counts(5, 4, 1));
        assert_eq!(told.skips, ["there is no strace"]);
        assert_eq!(told.counted, ["writes: 12 kills, no difference"]);
        insta::assert_snapshot!(told.failures(stdout, stderr));
    }

    #[test]
    fn of_a_test_that_takes_its_binary_along_cargo_tells() {
        let [stdout, stderr] = ABORTED;
        let told = Told::read(stdout);
        assert_eq!(told.counts, Counts::default());
        assert_eq!(told.failures(stdout, stderr), stderr.trim_end());
    }

    #[test]
    fn of_what_does_not_build_the_compilers_errors_are_told() {
        let said = Told::read("").failures("", BROKEN);
        assert!(BROKEN.contains("warning: unused import"));
        assert!(
            !said.contains("unused") && said.starts_with("error[E0277]: the trait bound"),
            "{said}"
        );
        assert!(
            said.contains("missing()") && said.ends_with("due to 2 previous errors"),
            "{said}"
        );
    }

    #[test]
    fn a_warning_ends_where_an_error_begins() {
        let stderr =
            "warning: `example` (lib) generated 1 warning\nerror: could not compile `example`\n";
        assert_eq!(
            without_warnings(stderr),
            "error: could not compile `example`"
        );
    }

    #[test]
    fn what_is_not_understood_is_told_whole() {
        let counted = "one --- BROKEN\ntest result: FAILED. 0 passed; 1 failed; 0 ignored\n";
        for (stdout, stderr) in [
            ("running 1 test\n", "warning: odd\n"),
            (counted, "error: test failed\n"),
        ] {
            let said = Told::read(stdout).failures(stdout, stderr);
            assert_eq!(said, format!("{stdout}{stderr}"));
        }
    }
}
