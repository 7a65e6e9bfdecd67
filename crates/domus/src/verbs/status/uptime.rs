//! Since when domains run.

use std::collections::HashMap;

use reconcile::observe::Domains;
use reconcile::{Programs, program};

/// How long each domain runs, in seconds, by its number: since it was created or restored. One call of `xl uptime` for
/// all; a domain whose start xenstore does not know is not in it, and an xl that fails gives none.
pub fn all(domains: &Domains, programs: &Programs) -> HashMap<u32, u64> {
    if !domains.all().iter().any(|domain| domain.domid != 0) {
        return HashMap::new();
    }
    let said = program::run(&programs.xl, &["uptime"], programs.answer_limit);
    let said = said.unwrap_or_default();
    said.lines().skip(1).filter_map(parse).collect()
}

/// `NAME ID [N day[s],] H:MM:SS` (`print_uptime` in `xl_info.c`); a name may have spaces, so it is read from the right.
fn parse(line: &str) -> Option<(u32, u64)> {
    let mut words = line.split_whitespace().rev();
    let clock: Vec<u64> = words
        .next()?
        .split(':')
        .map(str::parse)
        .collect::<Result<_, _>>()
        .ok()?;
    let [hours, minutes, seconds] = clock[..] else {
        return None;
    };
    let mut word = words.next()?;
    let mut days: u64 = 0;
    if matches!(word, "day," | "days,") {
        days = words.next()?.parse().ok()?;
        word = words.next()?;
    }
    let total = days.checked_mul(86400)? + hours.checked_mul(3600)? + minutes * 60 + seconds;
    Some((word.parse().ok()?, total))
}

/// A time in its two largest units: `3d 4h`, `4h 12m`, `12m 5s`, `5s`.
pub fn human(seconds: u64) -> String {
    let parts = [
        (seconds / 86400, "d"),
        (seconds / 3600 % 24, "h"),
        (seconds / 60 % 60, "m"),
        (seconds % 60, "s"),
    ];
    let first = parts.iter().position(|(count, _)| *count > 0).unwrap_or(3);
    let shown = parts[first..].iter().take(2);
    let words: Vec<String> = shown
        .map(|(count, unit)| format!("{count}{unit}"))
        .collect();
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_xl_prints_is_read() {
        let cases = [
            (
                "web                                  3  0:00:07",
                Some((3, 7)),
            ),
            (
                "my guest                            14 23:59:59",
                Some((14, 86399)),
            ),
            (
                "mail                                 4 1 day,  2:03:04",
                Some((4, 93_784)),
            ),
            (
                "old                                  5 400 days, 10:00:00",
                Some((5, 34_596_000)),
            ),
            ("", None),
            ("Name                                ID Uptime", None),
            ("web 3 1 day, x:00:00", None),
            ("web 3 99999999999999999999 days, 1:00:00", None),
        ];
        for (line, expected) in cases {
            assert_eq!(parse(line), expected, "{line}");
        }
    }

    #[test]
    fn times_in_words() {
        let said: Vec<String> = [0, 59, 60, 3599, 3600, 93_784]
            .into_iter()
            .map(human)
            .collect();
        assert_eq!(said, ["0s", "59s", "1m 0s", "59m 59s", "1h 0m", "1d 2h"]);
    }
}
