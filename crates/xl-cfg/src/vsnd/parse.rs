//! Reading the strings of a sound card.

use super::{Pcm, SoundParams, Stream, Vsnd};
use crate::SpecError;
use crate::keyed::Keys;
use crate::number::any_base;
use crate::spec::text;

static CARD: Keys = Keys::new(
    "a sound card",
    &[
        "sample-rates",
        "sample-formats",
        "channels-min",
        "channels-max",
        "buffer-size",
        "backend",
        "short-name",
        "long-name",
    ],
);

static PCM: Keys = Keys::new(
    "a sound device",
    &[
        "sample-rates",
        "sample-formats",
        "channels-min",
        "channels-max",
        "buffer-size",
        "name",
    ],
);

static STREAM: Keys = Keys::new(
    "a sound stream",
    &[
        "sample-rates",
        "sample-formats",
        "channels-min",
        "channels-max",
        "buffer-size",
        "unique-id",
        "type",
    ],
);

pub(super) fn card(items: &[&str]) -> Result<Vsnd, SpecError> {
    let mut card = Vsnd::default();
    let mut has_card = false;
    for item in items {
        // Like xl, which cuts at commas and skips what is empty.
        let rest = item.trim_start_matches(',');
        if rest.is_empty() {
            continue;
        }
        let (kind, words) = rest.split_once(',').unwrap_or((rest, ""));
        let kind = kind.trim_start_matches(' ');
        if kind.eq_ignore_ascii_case("card") {
            if has_card {
                return Err(SpecError::Twice { key: "CARD" });
            }
            has_card = true;
            read_card(&mut card, words)?;
        } else if kind.eq_ignore_ascii_case("pcm") {
            card.pcms.push(pcm(words)?);
        } else if kind.eq_ignore_ascii_case("stream") {
            let stream = stream(words)?;
            match card.pcms.last_mut() {
                Some(pcm) => pcm.streams.push(stream),
                // xl makes a device for streams that have none.
                None => card.pcms.push(Pcm {
                    streams: vec![stream],
                    ..Pcm::default()
                }),
            }
        } else {
            return Err(SpecError::unknown(
                kind,
                "the strings of a sound card begin with CARD, PCM or STREAM and a comma",
            ));
        }
    }
    Ok(card)
}

fn read_card(card: &mut Vsnd, words: &str) -> Result<(), SpecError> {
    for word in CARD.read(words) {
        let (key, value) = word?;
        *match key {
            "backend" => &mut card.backend,
            "short-name" => &mut card.short_name,
            "long-name" => &mut card.long_name,
            _ => {
                card.params.set(key, value)?;
                continue;
            }
        } = Some(text(key, value)?);
    }
    Ok(())
}

fn pcm(words: &str) -> Result<Pcm, SpecError> {
    let mut pcm = Pcm::default();
    for word in PCM.read(words) {
        match word? {
            ("name", value) => pcm.name = Some(text("name", value)?),
            (key, value) => pcm.params.set(key, value)?,
        }
    }
    Ok(pcm)
}

fn stream(words: &str) -> Result<Stream, SpecError> {
    let mut stream = Stream::default();
    if words
        .split(',')
        .any(|word| word.trim_start_matches(' ').starts_with("id="))
    {
        return Err(SpecError::unknown(
            "id",
            "xl's manual has it in an example, but xl reads unique-id",
        ));
    }
    for word in STREAM.read(words) {
        match word? {
            ("unique-id", value) => stream.unique_id = Some(text("unique-id", value)?),
            ("type", value) => stream.kind = Some(value.parse()?),
            (key, value) => stream.params.set(key, value)?,
        }
    }
    Ok(stream)
}

impl SoundParams {
    fn set(&mut self, key: &'static str, value: &str) -> Result<(), SpecError> {
        let number = |text| any_base(key, text, 0..=u32::MAX);
        let words = value.split(';').filter(|word| !word.is_empty());
        match key {
            "channels-min" => self.channels_min = Some(number(value)?),
            "channels-max" => self.channels_max = Some(number(value)?),
            "buffer-size" => self.buffer_size_bytes = Some(number(value)?),
            _ if value.trim_matches(';').is_empty() => {
                return Err(SpecError::value(key, value, "it is empty; leave it out"));
            }
            "sample-rates" => self.sample_rates_hz = words.map(number).collect::<Result<_, _>>()?,
            _ => {
                self.sample_formats = words
                    .map(|word| word.parse().map_err(|error| float(word, error)))
                    .collect::<Result<_, _>>()?;
            }
        }
        Ok(())
    }
}

/// The manual spells the floating formats otherwise than xl.
fn float(word: &str, error: SpecError) -> SpecError {
    let lower = word.to_ascii_lowercase();
    let read = match lower.as_str() {
        "float_le" => "f32_le",
        "float_be" => "f32_be",
        "float64_le" => "f64_le",
        "float64_be" => "f64_be",
        _ => return error,
    };
    let reason = format!("xl's manual calls it so, but xl reads `{read}`");
    SpecError::value("sample-formats", word, reason)
}
