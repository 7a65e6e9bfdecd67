//! The grammar of `vsnd = [ [ … ], … ]`.

use crate::SpecError;
use crate::keyed::Spec;
use crate::words::words;

mod parse;

/// A paravirtual sound card of a guest.
///
/// By xl.cfg(5) and `parse_vsnd_item` in `xl_parse.c`. A card is a list of strings: one that begins with `CARD`, then
/// for each device one that begins with `PCM`, followed by one for each of its streams that begins with `STREAM`.
/// The manual's own example has `id=0` for a stream and `float_le` for a format; xl refuses both, and reads
/// `unique-id=0` and `f32_le`.
///
/// # Stricter than xl
///
/// - A second `CARD` in one card, and a key given twice: xl takes the last.
/// - A number with anything after it, which xl does not look at; an empty value.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Vsnd {
    /// The domain that serves it, by name or number; Dom0 when unset.
    pub backend: Option<String>,
    /// Its short name.
    pub short_name: Option<String>,
    /// Its long name.
    pub long_name: Option<String>,
    /// What holds for all its devices.
    pub params: SoundParams,
    /// Its devices.
    pub pcms: Vec<Pcm>,
}

/// A device of a sound card.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Pcm {
    /// Its name.
    pub name: Option<String>,
    /// What holds for all its streams, within what holds for the card.
    pub params: SoundParams,
    /// Its streams.
    pub streams: Vec<Stream>,
}

/// A stream of a device.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Stream {
    /// What identifies it for the backend.
    pub unique_id: Option<String>,
    /// Which way it goes.
    pub kind: Option<StreamKind>,
    /// What holds for it, within what holds for the device.
    pub params: SoundParams,
}

/// What card, device and stream can each say. What is unset is taken from above.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SoundParams {
    /// The sample rates, in Hz; none is as unset.
    pub sample_rates_hz: Vec<u32>,
    /// The sample formats; none is as unset.
    pub sample_formats: Vec<SampleFormat>,
    /// The fewest channels.
    pub channels_min: Option<u32>,
    /// The most channels.
    pub channels_max: Option<u32>,
    /// The largest buffer of a stream, in bytes.
    pub buffer_size_bytes: Option<u32>,
}

words! {
    /// Which way a stream goes.
    pub enum StreamKind: any_case "type" {
        /// The guest plays.
        Playback = "p",
        /// The guest records.
        Capture = "c",
    }
}

words! {
    /// How a sample is laid out: signed, unsigned or floating, the bits, little or big end first.
    pub enum SampleFormat: any_case "sample-formats" {
        /// Signed, 8 bits.
        S8 = "s8",
        /// Unsigned, 8 bits.
        U8 = "u8",
        /// Signed, 16 bits, little end first.
        S16Le = "s16_le",
        /// Signed, 16 bits, big end first.
        S16Be = "s16_be",
        /// Unsigned, 16 bits, little end first.
        U16Le = "u16_le",
        /// Unsigned, 16 bits, big end first.
        U16Be = "u16_be",
        /// Signed, 24 bits, little end first.
        S24Le = "s24_le",
        /// Signed, 24 bits, big end first.
        S24Be = "s24_be",
        /// Unsigned, 24 bits, little end first.
        U24Le = "u24_le",
        /// Unsigned, 24 bits, big end first.
        U24Be = "u24_be",
        /// Signed, 32 bits, little end first.
        S32Le = "s32_le",
        /// Signed, 32 bits, big end first.
        S32Be = "s32_be",
        /// Unsigned, 32 bits, little end first.
        U32Le = "u32_le",
        /// Unsigned, 32 bits, big end first.
        U32Be = "u32_be",
        /// Floating, 32 bits, little end first; `float_le` in the manual.
        F32Le = "f32_le",
        /// Floating, 32 bits, big end first; `float_be` in the manual.
        F32Be = "f32_be",
        /// Floating, 64 bits, little end first; `float64_le` in the manual.
        F64Le = "f64_le",
        /// Floating, 64 bits, big end first; `float64_be` in the manual.
        F64Be = "f64_be",
        /// IEC 958, little end first.
        Iec958Le = "iec958_subframe_le",
        /// IEC 958, big end first.
        Iec958Be = "iec958_subframe_be",
        /// µ-law.
        MuLaw = "mu_law",
        /// A-law.
        ALaw = "a_law",
        /// IMA ADPCM.
        ImaAdpcm = "ima_adpcm",
        /// MPEG.
        Mpeg = "mpeg",
        /// GSM.
        Gsm = "gsm",
    }
}

impl Vsnd {
    /// The strings for xl.
    ///
    /// # Errors
    ///
    /// When a value is empty or holds a comma or a control character.
    pub fn to_spec(&self) -> Result<Vec<String>, SpecError> {
        let mut items = Vec::new();
        let mut card = Spec::default();
        card.word("CARD");
        let texts = [
            ("backend", &self.backend),
            ("short-name", &self.short_name),
            ("long-name", &self.long_name),
        ];
        for (key, value) in texts {
            put_text(&mut card, key, value.as_ref())?;
        }
        self.params.write(&mut card);
        items.push(card.finish());
        for pcm in &self.pcms {
            let mut item = Spec::default();
            item.word("PCM");
            put_text(&mut item, "name", pcm.name.as_ref())?;
            pcm.params.write(&mut item);
            items.push(item.finish());
            for stream in &pcm.streams {
                let mut item = Spec::default();
                item.word("STREAM");
                put_text(&mut item, "unique-id", stream.unique_id.as_ref())?;
                item.put_some("type", stream.kind);
                stream.params.write(&mut item);
                items.push(item.finish());
            }
        }
        Ok(items)
    }

    /// Reads the strings of one card.
    ///
    /// # Errors
    ///
    /// When xl would refuse one, or read something else than what is written.
    pub fn parse(items: &[&str]) -> Result<Self, SpecError> {
        parse::card(items)
    }
}

impl SoundParams {
    fn write(&self, spec: &mut Spec) {
        if !self.sample_rates_hz.is_empty() {
            spec.put("sample-rates", joined(&self.sample_rates_hz));
        }
        if !self.sample_formats.is_empty() {
            spec.put("sample-formats", joined(&self.sample_formats));
        }
        spec.put_some("channels-min", self.channels_min);
        spec.put_some("channels-max", self.channels_max);
        spec.put_some("buffer-size", self.buffer_size_bytes);
    }
}

fn joined<T: ToString>(values: &[T]) -> String {
    let values: Vec<String> = values.iter().map(ToString::to_string).collect();
    values.join(";")
}

fn put_text(spec: &mut Spec, key: &'static str, value: Option<&String>) -> Result<(), SpecError> {
    if let Some(value) = value {
        spec.put(key, crate::spec::text(key, value)?);
    }
    Ok(())
}
