//! What other domains serve besides disks, interfaces and screens: `channel`, `vtpm`, `pvcalls`, `virtio`, `vsnd`.

use serde_json::Value as Json;
use xl_cfg::Value;
use xl_cfg::channel::{Channel, Connection};
use xl_cfg::pvcalls::Pvcalls;
use xl_cfg::virtio::Virtio;
use xl_cfg::vsnd::{Pcm, SampleFormat, SoundParams, Stream, Vsnd};
use xl_cfg::vtpm::Vtpm;

use super::item::Item;
use super::source::{Source, spec};

pub(super) fn read(source: &mut Source) {
    source.list("channel", "/channels", channel);
    source.list("vtpm", "/vtpms", |item, place| {
        item.place(place);
        let vtpm = Vtpm {
            backend: item.backend()?,
            uuid: item.word("uuid"),
        };
        spec(vtpm.to_spec())
    });
    source.list("pvcalls", "/pvcallsifs", |item, place| {
        item.place(place);
        let backend = item.backend();
        spec(Pvcalls { backend }.to_spec())
    });
    source.list("virtio", "/virtios", |item, place| {
        item.place(place);
        let mut virtio = Virtio::new(item.text("type")?);
        virtio.transport = item.word("transport");
        virtio.backend = item.backend();
        virtio.grant_usage = item.flag("grant_usage");
        // Set by libxl alone.
        item.skip("irq", Json::is_u64);
        item.skip("base", Json::is_u64);
        spec(virtio.to_spec())
    });
    source.list("vsnd", "/vsnds", card);
}

fn channel(item: &mut Item, place: usize) -> Option<Value> {
    item.place(place);
    let path = item.within("connection.socket", |socket| socket.text("path"));
    let connection = match (item.get("connection.pty"), path) {
        (Some(_), None) => Connection::Pty,
        (None, Some(path)) => Connection::Socket { path },
        _ => return None,
    };
    let channel = Channel {
        name: item.text("name")?,
        connection,
        backend: item.backend(),
    };
    spec(channel.to_spec())
}

fn card(item: &mut Item, place: usize) -> Option<Value> {
    item.place(place);
    let card = Vsnd {
        backend: item.backend(),
        short_name: item.text("short_name"),
        long_name: item.text("long_name"),
        params: item.within("params", params),
        pcms: item.each("pcms", |pcm| Pcm {
            name: pcm.text("name"),
            params: pcm.within("params", params),
            streams: pcm.each("streams", |stream| Stream {
                unique_id: stream.text("unique_id"),
                kind: stream.word("type"),
                params: stream.within("params", params),
            }),
        }),
    };
    card.to_spec().ok().map(Value::from)
}

fn params(item: &mut Item) -> SoundParams {
    let formats = |json: &Json| -> Option<Vec<SampleFormat>> {
        let format = |item: &Json| item.as_str()?.parse().ok();
        json.as_array()?.iter().map(format).collect()
    };
    SoundParams {
        sample_rates_hz: item.numbers("sample_rates"),
        sample_formats: item.take("sample_formats", formats).unwrap_or_default(),
        channels_min: item.number("channels_min"),
        channels_max: item.number("channels_max"),
        buffer_size_bytes: item.number("buffer_size"),
    }
}
