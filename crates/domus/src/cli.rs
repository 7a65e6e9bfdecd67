//! The command line.

use std::ffi::OsString;
use std::path::PathBuf;
use std::str::FromStr;

use clap::{Args, Parser, Subcommand, ValueEnum};

/// Declared Xen guests on a NixOS Dom0
#[derive(Parser)]
#[command(name = "domus", version, max_term_width = 100)]
pub struct Cli {
    #[command(flatten)]
    pub common: Common,
    #[command(subcommand)]
    pub verb: Verb,
}

/// What every verb takes.
#[derive(Args)]
pub struct Common {
    /// The declared guests [default: /etc/domus/guests.json]
    #[arg(long, global = true, value_name = "FILE")]
    pub spec: Option<PathBuf>,
    /// Work on the tree below DIR in place of the system's
    #[arg(long, global = true, value_name = "DIR", default_value = "/")]
    pub root: PathBuf,
    /// What to call for xl
    #[arg(
        long,
        global = true,
        value_name = "PROGRAM",
        env = "DOMUS_XL",
        default_value = "xl"
    )]
    pub xl: OsString,
    /// How long xl may take to answer a question, in seconds [default: 30]
    #[arg(long, global = true, value_name = "SECONDS", env = "DOMUS_XL_TIMEOUT")]
    pub xl_timeout: Option<u64>,
    /// Print JSON on standard output
    #[arg(long, global = true)]
    pub json: bool,
}

#[derive(Subcommand)]
pub enum Verb {
    /// Say what is wrong with the declared guests, or with xl configurations
    Check(CheckArgs),
    /// Print the xl configuration of one guest, or of all
    Render(RenderArgs),
    /// Say what `apply` would do, and change nothing
    Plan(PlanArgs),
    /// Make what is declared true
    Apply(ApplyArgs),
    /// Say how the guests are, or all about those that are named
    Status(StatusArgs),
    /// Print the Nix that declares guests that exist already
    Import(ImportArgs),
    /// The images of guests
    Image(ImageArgs),
    /// Take over a guest that was made by hand, if it is as it is declared
    Adopt(GuestArgs),
    /// Run a guest in the foreground (for domus-guest@NAME.service)
    #[command(hide = true)]
    Run(GuestArgs),
    /// Shut guests down or save them, as the Dom0 goes down (for domus-shutdown.service)
    #[command(hide = true)]
    HostShutdown(HostShutdownArgs),
    /// Start guests, or restore those that are saved
    Start(GuestsArgs),
    /// Shut guests down and wait until they are gone
    Stop(StopArgs),
    /// Shut guests down, then start them
    Restart(GuestsArgs),
    /// Open the console of a guest; Ctrl-] leaves it
    Console(ConsoleArgs),
    /// Print what a guest wrote to its console
    Logs(LogsArgs),
}

#[derive(Args)]
pub struct CheckArgs {
    /// xl configurations to judge in place of the declared guests; `-` is standard input
    #[arg(value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// The Xen that is to read them, such as 4.17 [default: any]
    #[arg(long, value_name = "VERSION")]
    pub xen: Option<XenVersion>,
}

#[derive(Args)]
#[command(
    override_usage = "domus import [OPTIONS] <FILE>...\n       domus import [OPTIONS] --running [NAME]..."
)]
pub struct ImportArgs {
    /// xl configurations, `-` being standard input; with --running, the names of domains
    #[arg(value_name = "FILE|NAME", required_unless_present = "running")]
    pub what: Vec<PathBuf>,
    /// Import domains that run, in place of files; all that are not declared yet, without names
    #[arg(long)]
    pub running: bool,
}

/// A version of Xen, of which the second number counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct XenVersion {
    /// 17 for Xen 4.17.
    pub minor: u32,
}

impl FromStr for XenVersion {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let minor = text
            .strip_prefix("4.")
            .map(|rest| rest.split_once('.').map_or(rest, |(minor, _)| minor))
            .and_then(|minor| minor.parse().ok());
        match minor {
            Some(minor) => Ok(Self { minor }),
            None => Err("write it like 4.17 or 4.17.5".to_owned()),
        }
    }
}

#[derive(Args)]
pub struct RenderArgs {
    /// The guest; all when left out
    pub name: Option<String>,
}

#[derive(Args)]
pub struct PlanArgs {
    /// Only this part of the work
    #[arg(long, value_enum)]
    pub stage: Option<Stage>,
}

#[derive(Args)]
pub struct ApplyArgs {
    /// Only this part of the work, as the units and the activation script do it
    #[arg(long, value_enum)]
    pub stage: Option<Stage>,
}

/// A part of the work.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Stage {
    /// The bridges that guests name
    Bridges,
    /// xl configurations and the folder that xendomains starts; reads `NIXOS_ACTION`
    Files,
    /// The images that are missing
    Images,
    /// Start new guests, change running ones
    Guests,
}

#[derive(Args)]
pub struct ImageArgs {
    #[command(subcommand)]
    pub verb: ImageVerb,
}

#[derive(Subcommand)]
pub enum ImageVerb {
    /// List all images that guests have or had, with their sizes and who has them
    List,
    /// Delete images that no guest is declared with any more, for good
    Delete {
        /// The images, as `domus image list` has them
        #[arg(required = true, value_name = "PATH")]
        paths: Vec<String>,
        /// Do not ask
        #[arg(long)]
        yes: bool,
    },
    /// Forget that an image was there, so that a new one may be made in its place
    Forget {
        /// The image, as it is declared
        path: String,
    },
}

#[derive(Args)]
pub struct StopArgs {
    /// The guests
    #[arg(value_name = "NAME", required = true)]
    pub names: Vec<String>,
    /// For `ExecStop`: the main process of the unit; where none is left, nothing is shut down
    #[arg(long, hide = true, value_name = "PID", num_args = 0..=1)]
    pub main_pid: Option<Vec<u32>>,
}

#[derive(Args)]
pub struct GuestArgs {
    /// The guest
    pub name: String,
}

#[derive(Args)]
pub struct GuestsArgs {
    /// The guests
    #[arg(value_name = "NAME", required = true)]
    pub names: Vec<String>,
}

#[derive(Args)]
pub struct StatusArgs {
    /// Guests to say everything of
    #[arg(value_name = "NAME")]
    pub names: Vec<String>,
    /// The disks of all guests too, with the space that they take and what the guest sees
    #[arg(long)]
    pub disks: bool,
}

#[derive(Args)]
pub struct ConsoleArgs {
    /// The guest
    pub name: String,
    /// Which console [default: an HVM guest's serial port, any other's PV console]
    #[arg(short = 't', long = "type", value_enum, value_name = "TYPE")]
    pub kind: Option<ConsoleKind>,
}

/// A console that xl knows.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ConsoleKind {
    /// The paravirtual one: hvc0 in Linux
    Pv,
    /// The emulated serial port of an HVM guest: ttyS0 in Linux
    Serial,
}

impl ConsoleKind {
    /// As `xl console -t` knows it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pv => "pv",
            Self::Serial => "serial",
        }
    }
}

#[derive(Args)]
pub struct LogsArgs {
    /// The guest, declared or not any more
    pub name: String,
    /// How many lines, counted from the end, or `all`
    #[arg(short = 'n', long, value_name = "N", default_value = "100")]
    pub lines: HowMany,
    /// Go on with what the guest writes from now on
    #[arg(short, long)]
    pub follow: bool,
    /// Byte for byte as the guest wrote it, into a file or a pipe
    #[arg(long)]
    pub raw: bool,
}

/// A number of lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HowMany {
    /// All that there are.
    All,
    /// The last ones.
    Last(usize),
}

impl HowMany {
    /// How many; nothing for all.
    pub const fn count(self) -> Option<usize> {
        match self {
            Self::All => None,
            Self::Last(count) => Some(count),
        }
    }
}

impl FromStr for HowMany {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "all" => Ok(Self::All),
            number => number
                .parse()
                .map(Self::Last)
                .map_err(|_| "write a number, or `all`".to_owned()),
        }
    }
}

#[derive(Args)]
pub struct HostShutdownArgs {
    /// Although the system is not going down
    #[arg(long)]
    pub now: bool,
}
