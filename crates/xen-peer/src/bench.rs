//! How fast xl-cfg and libxlutil read the same files, in turns, and how fast xl-cfg writes them.

use std::fmt::Write as _;
use std::hint::black_box;
use std::time::{Duration, Instant};

use xen_peer::random::Random;
use xen_peer::read_only;
use xl_cfg::Config;

/// Measures, and prints three lines.
///
/// # Panics
///
/// When one of the files is not read by both, or not written.
pub fn run(files: u64, runs: usize) {
    let texts: Vec<String> = (0..files).map(file).collect();
    let bytes: usize = texts.iter().map(String::len).sum();
    let configs: Vec<Config> = texts
        .iter()
        .map(|text| Config::parse(text).unwrap_or_else(|error| panic!("{text}\n{error}")))
        .collect();
    assert!(
        texts.iter().all(|text| read_only(text.as_bytes())),
        "Xen does not read a file"
    );
    let (mut ours, mut theirs, mut writing) = (Vec::new(), Vec::new(), Vec::new());
    // In turns, so that a busy moment of the machine meets all alike.
    for _ in 0..runs.max(1) {
        ours.push(time(|| {
            for text in &texts {
                drop(black_box(Config::parse(black_box(text))));
            }
        }));
        theirs.push(time(|| {
            for text in &texts {
                black_box(read_only(black_box(text.as_bytes())));
            }
        }));
        writing.push(time(|| {
            for config in &configs {
                drop(black_box(black_box(config).to_bytes()));
            }
        }));
    }
    let (ours, theirs, writing) = (median(ours), median(theirs), median(writing));
    #[allow(
        clippy::cast_precision_loss,
        reason = "the size of a few files is far below 2^52"
    )]
    let rate = |time: Duration| bytes as f64 / 1e6 / time.as_secs_f64();
    let line = |what: &str, time: Duration| {
        println!(
            "{what:<44} {:>7.1} ms {:>8.0} MB/s",
            time.as_secs_f64() * 1e3,
            rate(time)
        );
    };
    println!(
        "{files} configurations, {:.1} MB",
        rate(Duration::from_secs(1))
    );
    line("read by xl-cfg", ours);
    line("read by libxlutil", theirs);
    println!(
        "  xl-cfg takes {:.2} of libxlutil's time",
        ours.as_secs_f64() / theirs.as_secs_f64()
    );
    line("written by xl-cfg", writing);
}

fn time(work: impl FnOnce()) -> Duration {
    let start = Instant::now();
    work();
    start.elapsed()
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

/// A file as people and programs write them: a guest with its disks, networks and comments.
fn file(number: u64) -> String {
    let mut random = Random::of_case(0, number);
    let mut text = format!(
        "# guest{number}, see the wiki for who it belongs to\n\nname = \"guest{number}\"\n"
    );
    let kind = random.pick(&["pv", "pvh", "hvm"]);
    let memory = 256 << random.below(8);
    let mut line = |line: std::fmt::Arguments| {
        let _ = writeln!(text, "{line}");
    };
    line(format_args!(
        "type = \"{kind}\"\nuuid = \"6d7e3a0c-3b0f-4a55-9d0e-{number:012}\""
    ));
    line(format_args!(
        "memory = {memory}   # MiB\nmaxmem = {}\nvcpus = {}",
        2 * memory,
        1 + random.below(8)
    ));
    line(format_args!(
        "on_poweroff = 'destroy'\non_reboot = 'restart'\non_crash = 'coredump-restart'"
    ));
    if kind == "hvm" {
        line(format_args!(
            "bios = \"ovmf\"\nvnc = 1\nvnclisten = \"127.0.0.1\"\nusb = 1; usbdevice = [ \"tablet\" ]"
        ));
        line(format_args!(
            "device_model_args = [ \"-device\", \"virtio-rng-pci\" ]\nboot = \"dc\""
        ));
    } else {
        line(format_args!(
            "kernel = \"/nix/store/{:032x}-linux/bzImage\"",
            random.bits()
        ));
        line(format_args!(
            "ramdisk = \"/nix/store/{:032x}-initrd/initrd\"",
            random.bits()
        ));
        line(format_args!(
            "cmdline = \"root=/dev/xvda1 ro console=hvc0 net.ifnames=0 quiet \\\"x=y z\\\"\""
        ));
    }
    line(format_args!(
        "\n# Disks: the first one is the system's.\ndisk = ["
    ));
    for disk in 0..=random.below(4) {
        let letter = char::from(b'a' + u8::try_from(disk).unwrap_or_default());
        line(format_args!(
            "  \"format=raw,vdev=xvd{letter},access=rw,target=/dev/vg0/guest{number}-{disk}\","
        ));
    }
    line(format_args!("]\nvif = ["));
    for network in 0..=random.below(2) {
        line(format_args!(
            "  'mac=00:16:3e:{:02x}:{:02x}:{network:02x},bridge=xenbr{network},vifname=g{number}.{network}',",
            number >> 8 & 255,
            number & 255
        ));
    }
    line(format_args!(
        "]\ncpus = \"2-{}\"\ncpu_weight = {}\nlocaltime = 0",
        3 + random.below(5),
        256 << random.below(3)
    ));
    if random.once_in(4) {
        line(format_args!(
            "vnuma = [ [ \"pnode=0\", \"size=512\", \"vcpus=0-1\" ], [ \"pnode=1\", \"size=512\", \"vcpus=2-3\" ] ]"
        ));
        line(format_args!(
            "extra = \"debug\"\nextra += \" earlyprintk=xen\""
        ));
    }
    text
}
