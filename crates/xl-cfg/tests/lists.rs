//! The grammars whose value is a list, or a string or a list.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use xl_cfg::SpecError;
use xl_cfg::cpuid::{Cpuid, CpuidBit, CpuidValue};
use xl_cfg::cpus::{CpuSet, CpuTerm, Cpus};
use xl_cfg::grammar::Spelling;
use xl_cfg::smbios::Smbios;
use xl_cfg::viridian::Viridian;
use xl_cfg::vnuma::VirtualNode;
use xl_cfg::vsnd::Vsnd;

/// The canonical spelling, or the message.
fn said(result: Result<Spelling, SpecError>) -> String {
    match result {
        Ok(Spelling::Text(text)) => text,
        Ok(Spelling::List(items)) => format!("{items:?}"),
        Err(error) => error.to_string(),
    }
}

#[test]
fn processors() {
    let read = |text: &str| said(Cpus::parse(text).and_then(|cpus| cpus.to_spec()));
    for (text, canonical) in [
        ("all", "all"),
        ("0,1,2,3,5", "0-3,5"),
        ("0-3,5,^1", "0,2-3,5"),
        ("5, 4,3-3,,", "3-5"),
        ("1,all,^7,^5,^6", "all,^5-7"),
        ("all,^0-3,2", "all,^0-1,^3"),
        ("nodes:0-3,^node:2", "nodes:0-3,^nodes:2"),
        ("1,node:1,^6", "1,nodes:1,^6"),
        ("node:all", "all"),
        ("0-4294967295", "0-4294967295"),
    ] {
        assert_eq!(read(text), canonical, "{text}");
    }
    insta::assert_snapshot!(read(""), @"cpus ``: it leaves no processor; name some, or all");
    insta::assert_snapshot!(read("1,^0-3"), @"cpus `1,^0-3`: it leaves no processor; name some, or all");
    insta::assert_snapshot!(read("^all"), @"cpus `^all`: to take all away leaves none");
    insta::assert_snapshot!(read("0-3, ^1"), @"cpus ` ^1`: xl knows all, 5, 0-3, nodes:0 and nodes:0-1, with ^ in front to leave them out");
    insta::assert_snapshot!(read("3-1"), @"cpus `3-1`: xl knows all, 5, 0-3, nodes:0 and nodes:0-1, with ^ in front to leave them out");
    insta::assert_snapshot!(read("nodes:a"), @"cpus `nodes:a`: xl knows all, 5, 0-3, nodes:0 and nodes:0-1, with ^ in front to leave them out");
    insta::assert_snapshot!(read("any"), @"cpus `any`: xl knows all, 5, 0-3, nodes:0 and nodes:0-1, with ^ in front to leave them out");
    let down = CpuTerm::Cpus {
        except: false,
        first: 3,
        last: 1,
    };
    insta::assert_snapshot!(CpuSet::new(&[down]).unwrap_err(), @"cpus `3-1`: the range goes down");
    let list = said(Cpus::parse_list(&["2", "3-8,^5"]).and_then(|cpus| cpus.to_spec()));
    assert_eq!(list, r#"["2", "3-4,6-8"]"#);
}

#[test]
fn processor_features() {
    let read = |text: &str| said(Cpuid::parse(text).and_then(|cpuid| cpuid.to_spec()));
    assert_eq!(read("host"), "host");
    assert_eq!(
        read("host,tm=0,,sse4.1=s,family=0x1f,stepping=k"),
        "host,family=31,sse4-1=k,stepping=k,tm1=0"
    );
    insta::assert_snapshot!(read("tm=0"), @"cpuid `tm=0`: the first word must be host; xl would ignore it all");
    insta::assert_snapshot!(read("host, tm=0"), @"` tm=0`: xl takes no space here; take it away");
    insta::assert_snapshot!(read("host,ssse4=0"), @"`ssse4`: xl knows no such processor feature; did you mean `ssse3`?");
    insta::assert_snapshot!(read("host,tm=2"), @"tm1 `2`: xl knows 0, 1, x (what is safe) and k (what the host has)");
    insta::assert_snapshot!(read("host,tm"), @"`tm`: it needs a value, like tm1=0");
    insta::assert_snapshot!(read("host,family=271"), @"family `271`: it must be a whole number from 0 to 270 (xl reads 0x… as hexadecimal and 0… as octal)");
    insta::assert_snapshot!(read("host,sse4_1=0,sse4.1=1"), @"sse4-1 is given twice");
    let wrong =
        Cpuid::Features([("family".parse().unwrap(), CpuidValue::Bit(CpuidBit::Set))].into());
    insta::assert_snapshot!(wrong.to_spec().unwrap_err(), @"family `1`: it takes a number from 0 to 270, x or k");
    let wrong = Cpuid::Features([("vmx".parse().unwrap(), CpuidValue::Number(1))].into());
    insta::assert_snapshot!(wrong.to_spec().unwrap_err(), @"vmx `1`: xl knows 0, 1, x (what is safe) and k (what the host has)");
}

#[test]
fn processor_registers() {
    let read = |items: &[&str]| said(Cpuid::parse_list(items).and_then(|cpuid| cpuid.to_spec()));
    let bits = "xx0xxxxxxxxxxxxxxxxxxxxxxxxxxxx1";
    let items = [
        format!("7,0:ebx={bits}"),
        format!("0x1:edx={bits}, ecx={bits},"),
        format!("1:eax={bits}"),
    ];
    let items: Vec<&str> = items.iter().map(String::as_str).collect();
    assert_eq!(
        read(&items),
        format!(r#"["0x1:eax={bits},ecx={bits},edx={bits}", "0x7,0:ebx={bits}"]"#)
    );
    assert_eq!(read(&[]), "[]");
    insta::assert_snapshot!(read(&[&format!("1:ecx={bits}"), &format!("1:ecx={bits}")]), @"ecx is given twice");
    insta::assert_snapshot!(read(&["host,tm=0"]), @"`host,tm=0`: a leaf is like 1:ecx=… or 7,0:ebx=…, with 32 bits for each register");
    insta::assert_snapshot!(read(&["1:ecx=x"]), @"bits `x`: a register has 32 bits, each 0, 1, x (what is safe) or k (what the host has)");
    insta::assert_snapshot!(read(&["1:efx=x"]), @"register `efx`: xl knows eax, ebx, ecx and edx; did you mean `eax`?");
    insta::assert_snapshot!(read(&["1:"]), @"``: it needs 32 bits, like ecx=xxx…");
    insta::assert_snapshot!(read(&["a:ecx=x"]), @"leaf `a`: it must be a whole number from 0 to 4294967295 (xl reads 0x… as hexadecimal and 0… as octal)");
    insta::assert_snapshot!(read(&["1,0xffffffff:ecx=x"]), @"subleaf `0xffffffff`: it must be a whole number from 0 to 4294967294 (xl reads 0x… as hexadecimal and 0… as octal)");
    insta::assert_snapshot!(said(Cpuid::Leaves([(xl_cfg::cpuid::Leaf { leaf: 1, subleaf: None }, [].into())].into()).to_spec()), @"leaf `0x1`: it names no register");
}

#[test]
fn enlightenments() {
    let read =
        |items: &[&str]| said(Viridian::parse_list(items).and_then(|viridian| viridian.to_spec()));
    assert_eq!(
        said(Viridian::parse("0x1").and_then(|viridian| viridian.to_spec())),
        "1"
    );
    assert_eq!(read(&["all", "!freq"]), r#"["all", "!freq"]"#);
    assert_eq!(
        read(&["freq", "all", "!freq", "FREQ", "synic"]),
        r#"["all"]"#
    );
    assert_eq!(
        read(&["stimer", "synic", "base", "!synic", "defaults"]),
        r#"["defaults", "base", "stimer", "!synic"]"#
    );
    assert_eq!(read(&[]), "[]");
    insta::assert_snapshot!(said(Viridian::parse("yes").and_then(|viridian| viridian.to_spec())), @"viridian `yes`: it must be 1 or 0; xl would read any other word as 0");
    insta::assert_snapshot!(read(&["!freq", "all"]), @"viridian `all`: put it before the groups that are left out; libxl refuses it after them");
    insta::assert_snapshot!(read(&["freq"]), @"viridian `base`: every other group needs it; libxl refuses them without");
    insta::assert_snapshot!(read(&["all", "!base"]), @"viridian `base`: every other group needs it; libxl refuses them without");
    insta::assert_snapshot!(read(&["base", "frequency"]), @"viridian `frequency`: xl knows base, freq, time_ref_count, reference_tsc, hcall_remote_tlb_flush, apic_assist, crash_ctl, synic, stimer, hcall_ipi, ex_processor_masks, no_vp_limit and cpu_hotplug");
    insta::assert_snapshot!(read(&["ALL"]), @"viridian `ALL`: xl knows base, freq, time_ref_count, reference_tsc, hcall_remote_tlb_flush, apic_assist, crash_ctl, synic, stimer, hcall_ipi, ex_processor_masks, no_vp_limit and cpu_hotplug");
    insta::assert_snapshot!(read(&["!all"]), @"viridian `all`: xl knows base, freq, time_ref_count, reference_tsc, hcall_remote_tlb_flush, apic_assist, crash_ctl, synic, stimer, hcall_ipi, ex_processor_masks, no_vp_limit and cpu_hotplug");
}

#[test]
fn virtual_nodes() {
    let read = |options: &[&str]| match VirtualNode::parse(options).and_then(|node| node.to_spec())
    {
        Ok(options) => options.join(" "),
        Err(error) => error.to_string(),
    };
    assert_eq!(
        read(&[
            "vdistances = 10, 20",
            "size= 512",
            " pnode=0",
            "vcpus=0,1, 2-4"
        ]),
        "pnode=0 size=512 vcpus=0-4 vdistances=10,20"
    );
    insta::assert_snapshot!(read(&["pnode=0", "size=512", "vcpus=0-4"]), @"vdistances is missing: a virtual NUMA node has pnode, size, vcpus and vdistances");
    insta::assert_snapshot!(read(&["pnode=0", "pnode=1"]), @"pnode is given twice");
    insta::assert_snapshot!(read(&["node=0"]), @"`node`: xl knows no such key for a virtual NUMA node; did you mean `pnode`?");
    insta::assert_snapshot!(read(&["pnode"]), @"`pnode`: it needs a value: pnode=…");
    insta::assert_snapshot!(read(&["pnode=0", "size=512M", "vcpus=0-4", "vdistances=10"]), @"size `512M`: it must be a whole number from 0 to 4294967295, in decimal digits");
    insta::assert_snapshot!(read(&["pnode=0", "size=512", "vcpus=4-0", "vdistances=10"]), @"vcpus `4-0`: the range goes down");
    insta::assert_snapshot!(read(&["pnode=0", "size=512", "vcpus=,", "vdistances=10"]), @"vcpus is missing: a node needs a virtual processor");
    let node = |vcpus: &str, distances: &str| {
        VirtualNode::parse(&["pnode=0", "size=1", vcpus, distances]).unwrap()
    };
    let two = [
        node("vcpus=0-1", "vdistances=10,20"),
        node("vcpus=2-3", "vdistances=20,10"),
    ];
    VirtualNode::check_all(&two).unwrap();
    insta::assert_snapshot!(VirtualNode::check_all(&two[..1]).unwrap_err(), @"vdistances `2`: there are 1 nodes, and each needs its distance to every one of them");
    let two = [
        node("vcpus=0-1", "vdistances=10,20"),
        node("vcpus=1-3", "vdistances=20,10"),
    ];
    insta::assert_snapshot!(VirtualNode::check_all(&two).unwrap_err(), @"vcpus `1-3`: a virtual processor belongs to one node only");
}

#[test]
fn firmware_texts() {
    let read = |spec: &str| {
        said(
            Smbios::parse(spec)
                .and_then(|text| text.to_spec())
                .map(Spelling::Text),
        )
    };
    assert_eq!(read("OEM=a=b, \"c\" "), "oem=a=b, \"c\" ");
    insta::assert_snapshot!(read("oem"), @"`oem`: a text of the firmware is like system_manufacturer=…");
    insta::assert_snapshot!(read("bios_vendor="), @"bios_vendor ``: it is empty, which xl refuses; leave it out");
    insta::assert_snapshot!(read("bios_vender=x"), @"smbios `bios_vender`: xl knows no such word; did you mean `bios_vendor`?");
    insta::assert_snapshot!(read("oem=a\u{7}"), @r#"oem `a\u{7}`: it holds the control character U+0007"#);
    let oem = vec![Smbios::parse("oem=a").unwrap(); 100];
    Smbios::check_all(&oem[..99]).unwrap();
    insta::assert_snapshot!(Smbios::check_all(&oem).unwrap_err(), @"oem `a`: xl takes 99 of them");
    let vendor = vec![Smbios::parse("bios_vendor=a").unwrap(); 2];
    insta::assert_snapshot!(Smbios::check_all(&vendor).unwrap_err(), @"bios_vendor is given twice");
}

#[test]
fn sound_cards() {
    let read = |items: &[&str]| {
        said(
            Vsnd::parse(items)
                .and_then(|card| card.to_spec())
                .map(Spelling::List),
        )
    };
    assert_eq!(
        read(&[
            "CARD, short-name=Main, sample-formats=s16_le;S8",
            "pcm, name=Main",
            "STREAM,unique-id=0,type=P",
            "Stream,type=c,channels-max=2"
        ]),
        r#"["CARD,short-name=Main,sample-formats=s16_le;s8", "PCM,name=Main", "STREAM,unique-id=0,type=p", "STREAM,type=c,channels-max=2"]"#
    );
    // A stream without a device gets one.
    assert_eq!(read(&["stream", ""]), r#"["CARD", "PCM", "STREAM"]"#);
    insta::assert_snapshot!(read(&["STREAM, id=0"]), @"`id`: xl's manual has it in an example, but xl reads unique-id");
    insta::assert_snapshot!(read(&["CARD,sample-formats=float_le"]), @"sample-formats `float_le`: xl's manual calls it so, but xl reads `f32_le`");
    insta::assert_snapshot!(read(&["CARD,sample-formats=s17"]), @"sample-formats `s17`: xl knows s8, u8, s16_le, s16_be, u16_le, u16_be, s24_le, s24_be, u24_le, u24_be, s32_le, s32_be, u32_le, u32_be, f32_le, f32_be, f64_le, f64_be, iec958_subframe_le, iec958_subframe_be, mu_law, a_law, ima_adpcm, mpeg and gsm");
    insta::assert_snapshot!(read(&["CARD,sample-rates=44.1"]), @"sample-rates `44.1`: it must be a whole number from 0 to 4294967295 (xl reads 0x… as hexadecimal and 0… as octal)");
    insta::assert_snapshot!(read(&["CARD,sample-rates=;"]), @"sample-rates `;`: it is empty; leave it out");
    insta::assert_snapshot!(read(&["PCM,short-name=a"]), @"`short-name`: xl knows no such key for a sound device; it knows sample-rates, sample-formats, channels-min, channels-max, buffer-size and name");
    insta::assert_snapshot!(read(&["CARD", "CARD"]), @"CARD is given twice");
    insta::assert_snapshot!(read(&["name=a"]), @"`name=a`: the strings of a sound card begin with CARD, PCM or STREAM and a comma");
    insta::assert_snapshot!(read(&["PCM, name = a"]), @"`name `: xl knows no such key for a sound device; did you mean `name`?");
    insta::assert_snapshot!(read(&["STREAM,type=both"]), @"type `both`: xl knows p and c");
}
