//! The grammars whose value is a list, or a string or a list.

use super::near;
use proptest::collection::{btree_map, btree_set, vec};
use proptest::option::of;
use proptest::prelude::*;
use proptest::sample::select;
use xl_cfg::cpuid::{Cpuid, CpuidBit, CpuidKey, CpuidValue, Leaf, Mask, Register};
use xl_cfg::cpus::{CpuSet, CpuTerm, Cpus};
use xl_cfg::grammar::Spelling;
use xl_cfg::smbios::{Smbios, SmbiosField};
use xl_cfg::viridian::{Viridian, ViridianGroup, ViridianGroups};
use xl_cfg::vnuma::{VcpuSet, VirtualNode};

fn term() -> impl Strategy<Value = CpuTerm> {
    let range = (any::<bool>(), any::<bool>(), 0..20_u32, 0..5_u32);
    let numbered = range.prop_map(|(nodes, except, first, more)| {
        let last = first + more;
        if nodes {
            CpuTerm::Nodes {
                except,
                first,
                last,
            }
        } else {
            CpuTerm::Cpus {
                except,
                first,
                last,
            }
        }
    });
    prop_oneof![1 => Just(CpuTerm::All), 6 => numbered]
}

fn cpu_set() -> impl Strategy<Value = CpuSet> {
    vec(term(), 1..8).prop_filter_map("leaves none", |terms| CpuSet::new(&terms).ok())
}

/// The processors of a host with 32 and 4 on each node, by the rules of xl.
fn on_a_host(terms: &[CpuTerm]) -> Vec<u32> {
    let mut set = std::collections::BTreeSet::new();
    for term in terms {
        let (except, cpus) = match *term {
            CpuTerm::All => (false, 0..=31),
            CpuTerm::Cpus {
                except,
                first,
                last,
            } => (except, first..=last),
            CpuTerm::Nodes {
                except,
                first,
                last,
            } => (except, first * 4..=last * 4 + 3),
        };
        for cpu in cpus.filter(|cpu| *cpu < 32) {
            if except {
                set.remove(&cpu)
            } else {
                set.insert(cpu)
            };
        }
    }
    set.into_iter().collect()
}

fn cpuid() -> impl Strategy<Value = Cpuid> {
    let bit = || select(CpuidBit::ALL);
    let keys: Vec<CpuidKey> = CpuidKey::all().collect();
    let feature = (select(keys), bit(), any::<u32>()).prop_map(|(key, bit, number)| {
        let value = match key.largest_number() {
            Some(largest) if matches!(bit, CpuidBit::Set | CpuidBit::Clear) => {
                CpuidValue::Number(number.min(largest))
            }
            _ => CpuidValue::Bit(bit),
        };
        (key, value)
    });
    let mask = vec(bit(), 32).prop_map(|bits| Mask(bits.try_into().unwrap()));
    let leaf = (any::<u32>(), of(0..u32::MAX)).prop_map(|(leaf, subleaf)| Leaf { leaf, subleaf });
    let registers = btree_map(select(Register::ALL), mask, 1..4);
    prop_oneof![
        vec(feature, 0..6).prop_map(|features| Cpuid::Features(features.into_iter().collect())),
        btree_map(leaf, registers, 0..4).prop_map(Cpuid::Leaves),
    ]
}

fn viridian() -> impl Strategy<Value = Viridian> {
    let groups = || btree_set(select(ViridianGroup::ALL), 0..4);
    let chosen = (any::<bool>(), any::<bool>(), groups(), groups()).prop_map(
        |(defaults, all, mut enable, mut disable)| {
            if all {
                enable.clear();
            }
            disable.remove(&ViridianGroup::Base);
            if !(defaults || all || enable.is_empty()) {
                enable.insert(ViridianGroup::Base);
            }
            enable.retain(|group| !disable.contains(group));
            Viridian::Groups(ViridianGroups {
                defaults,
                all,
                enable,
                disable,
            })
        },
    );
    prop_oneof![any::<bool>().prop_map(Viridian::Switch), chosen]
}

fn node() -> impl Strategy<Value = VirtualNode> {
    let vcpus = vec((0..100_u32, 0..10_u32), 1..4).prop_map(|ranges| {
        VcpuSet::new(
            &ranges
                .iter()
                .map(|(first, more)| *first..=first + more)
                .collect::<Vec<_>>(),
        )
    });
    (any::<u32>(), any::<u32>(), vcpus, vec(any::<u32>(), 1..4)).prop_map(
        |(physical_node, size_mib, vcpus, distances)| VirtualNode {
            physical_node,
            size_mib,
            vcpus,
            distances,
        },
    )
}

/// Reads what was written, be it a string or a list.
macro_rules! read {
    ($type:ty, $spelling:expr) => {
        match $spelling {
            Spelling::Text(text) => <$type>::parse(text),
            Spelling::List(items) => {
                <$type>::parse_list(&items.iter().map(String::as_str).collect::<Vec<_>>())
            }
        }
    };
}

/// Both ways for a type whose value is a string or a list.
macro_rules! either_way {
    ($module:ident, $type:ty, $values:expr, $words:expr) => {
        mod $module {
            use super::*;

            proptest! {
                #[test]
                fn what_is_written_reads_back(value in $values) {
                    let spelling = value.to_spec().unwrap();
                    prop_assert_eq!(read!($type, &spelling).unwrap(), value, "{:?}", spelling);
                }

                #[test]
                fn what_is_read_can_be_written(texts in vec(near($words), 0..4)) {
                    let items: Vec<&str> = texts.iter().map(String::as_str).collect();
                    let text = <$type>::parse(&texts.join(","));
                    for value in [text, <$type>::parse_list(&items)].into_iter().flatten() {
                        let spelling = value.to_spec().unwrap();
                        prop_assert_eq!(read!($type, &spelling).unwrap(), value, "{:?}", spelling);
                    }
                }
            }
        }
    };
}

either_way!(
    cpus,
    Cpus,
    prop_oneof![
        cpu_set().prop_map(Cpus::Same),
        vec(cpu_set(), 0..4).prop_map(Cpus::PerVcpu)
    ],
    &["all", "nodes:", "node:", "0-3", "5", "^", ",", "1",]
);
either_way!(
    cpuid,
    Cpuid,
    cpuid(),
    &[
        "host",
        "tm=0",
        "sse3=x",
        "family=",
        "1",
        ":",
        "ecx=",
        "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "0x7,0",
        "1:eax=0000000000000000kkkkkkkksssssss1",
    ]
);
either_way!(
    viridian,
    Viridian,
    viridian(),
    &["all", "defaults", "base", "!", "freq", "1", "0"]
);

proptest! {
    #[test]
    fn a_plainer_set_of_processors_is_the_same_set(terms in vec(term(), 1..10)) {
        if let Ok(set) = CpuSet::new(&terms) {
            prop_assert_eq!(on_a_host(set.terms()), on_a_host(&terms), "{}", set);
        }
    }

    #[test]
    fn a_virtual_node_reads_back(node in node()) {
        let options = node.to_spec().unwrap();
        let options: Vec<&str> = options.iter().map(String::as_str).collect();
        prop_assert_eq!(VirtualNode::parse(&options).unwrap(), node);
    }

    #[test]
    fn no_options_make_a_virtual_node_panic(options in vec(near(&[
        "pnode=", "size=", "vcpus=", "vdistances=", "0-3", "10,20", "1",
    ]), 0..5)) {
        let options: Vec<&str> = options.iter().map(String::as_str).collect();
        if let Ok(node) = VirtualNode::parse(&options) {
            node.to_spec().unwrap();
        }
    }
}

fn smbios() -> impl Strategy<Value = Smbios> {
    (
        select(SmbiosField::ALL),
        "[^\\x00-\\x1f\\x7f-\\x{9f}]{1,12}",
    )
        .prop_map(|(field, value)| Smbios { field, value })
}
super::laws!(
    Smbios,
    smbios(),
    near(&["bios_vendor=", "OEM=", "oem=", "a"])
);

mod vsnd {
    use super::*;
    use crate::grammars::text;
    use xl_cfg::vsnd::{Pcm, SampleFormat, SoundParams, Stream, StreamKind, Vsnd};

    fn params() -> impl Strategy<Value = SoundParams> {
        let lists = (
            vec(any::<u32>(), 0..3),
            vec(select(SampleFormat::ALL), 0..3),
        );
        (lists, any::<[Option<u32>; 3]>()).prop_map(
            |(
                (sample_rates_hz, sample_formats),
                [channels_min, channels_max, buffer_size_bytes],
            )| SoundParams {
                sample_rates_hz,
                sample_formats,
                channels_min,
                channels_max,
                buffer_size_bytes,
            },
        )
    }

    fn card() -> impl Strategy<Value = Vsnd> {
        let stream = (of(text()), of(select(StreamKind::ALL)), params()).prop_map(
            |(unique_id, kind, params)| Stream {
                unique_id,
                kind,
                params,
            },
        );
        let pcm =
            (of(text()), params(), vec(stream, 0..3)).prop_map(|(name, params, streams)| Pcm {
                name,
                params,
                streams,
            });
        (of(text()), of(text()), of(text()), params(), vec(pcm, 0..3)).prop_map(
            |(backend, short_name, long_name, params, pcms)| Vsnd {
                backend,
                short_name,
                long_name,
                params,
                pcms,
            },
        )
    }

    proptest! {
        #[test]
        fn a_card_reads_back(card in card()) {
            let items = card.to_spec().unwrap();
            let items: Vec<&str> = items.iter().map(String::as_str).collect();
            prop_assert_eq!(Vsnd::parse(&items).unwrap(), card, "{:?}", items);
        }

        #[test]
        fn what_is_read_can_be_written(items in vec(near(&[
            "CARD,", "pcm,", "Stream,", "short-name=", "name=", "unique-id=", "type=", "p", "sample-rates=8000;44100",
            "sample-formats=", "s8;F32_LE", "channels-min=", "1", "buffer-size=0x10",
        ]), 0..5)) {
            let items: Vec<&str> = items.iter().map(String::as_str).collect();
            if let Ok(card) = Vsnd::parse(&items) {
                let written = card.to_spec().unwrap();
                let written: Vec<&str> = written.iter().map(String::as_str).collect();
                prop_assert_eq!(Vsnd::parse(&written).unwrap(), card, "{:?}", written);
            }
        }
    }
}
