//! A Dom0 on real Xen that takes commands.

use std::time::Duration;

use anyhow::{Context as _, Result, bail};

use super::agent::{Agent, Output, Request};
use super::image::Image;
use super::progress::Step;
use super::qemu::{Machine, Qemu, RunFolder};

/// How long a command may take unless it is said otherwise.
const PATIENCE: Duration = Duration::from_secs(180);

/// How long the Dom0 may take to boot, and to go down.
const BOOT: Duration = Duration::from_secs(240);

/// The units that failed, and those that are being started.
const FAILED: &str = "systemctl --no-legend --plain --failed | awk '{ print $1 }'";
const WAITING: &str =
    "systemctl --no-legend --plain list-jobs | awk '$4 == \"running\" { print $2 }'";

/// A running Dom0. Its disk is a copy-on-write overlay that lives as long as this, over reboots.
pub struct Dom0 {
    // In this order they are dropped: QEMU first, its files last.
    qemu: Qemu,
    agent: Agent,
    run: RunFolder,
    image: Image,
    machine: Machine,
}

impl Dom0 {
    /// Boots Xen and a Dom0 from `image` and waits until it takes commands.
    ///
    /// # Errors
    /// QEMU did not start, or the Dom0 did not come up; the message has the end of Xen's console.
    pub fn boot(image: &Image, machine: Machine) -> Result<Self> {
        let step = Step::begin("booting Xen and its Dom0");
        let run = RunFolder::new(image)?;
        let (qemu, agent) = start(image, &run, machine, "")?;
        let mut dom0 = Self {
            qemu,
            agent,
            run,
            image: image.clone(),
            machine,
        };
        dom0.wait_for_xen()?;
        step.done();
        Ok(dom0)
    }

    /// Waits until Xen's tools answer: xenstored, the Dom0's own entries, xenconsoled.
    fn wait_for_xen(&mut self) -> Result<()> {
        let script = "for i in $(seq 150); do
            systemctl is-active -q xen-init-dom0 xenconsoled && xl list >/dev/null 2>&1 && exit 0
            sleep 1
        done
        systemctl --no-pager status xenstored xen-init-dom0 xenconsoled >&2; exit 1";
        self.ok(script)
            .map(|_| ())
            .context("Xen's own services did not come up in the Dom0")
    }

    /// Waits until systemd has started all that it starts at boot: the guests that start by themselves, too.
    ///
    /// # Errors
    /// It took longer than `patience`.
    pub fn wait_booted(&mut self, patience: Duration) -> Result<()> {
        let output = self.run_for("systemctl is-system-running --wait", patience)?;
        let state = output.text();
        match state.trim() {
            "running" => Ok(()),
            "degraded" => bail!("units failed in the Dom0:\n{}", self.told_by(FAILED)?),
            "" => bail!(
                "the Dom0 did not finish booting within {} s; it waits for:\n{}",
                patience.as_secs(),
                self.told_by(WAITING)?
            ),
            state => bail!("the Dom0 did not finish booting (state: {state})"),
        }
    }

    /// The units that a script names, one a line, and the end of what each of them said in this boot.
    fn told_by(&mut self, units: &str) -> Result<String> {
        let journal = "journalctl -b --no-pager -o short-monotonic -n 40 -u";
        let script = format!(
            "for unit in $({units}); do echo \"$unit:\"; {journal} \"$unit\"; done; xl list
            echo 'what took the processors, in seconds:'
            ps -eo times=,args= --sort=-times | head -n 8 | cut -c1-120"
        );
        Ok(self.run(&script)?.text())
    }

    /// Has [`emulation_faults`](super::qemu::emulation_faults) say nothing of what was until now.
    pub fn forget_faults(&self) {
        self.run.forget_faults();
    }

    /// Runs a bash script. Whatever its status, the output is given.
    ///
    /// # Errors
    /// The Dom0 did not answer.
    pub fn run(&mut self, script: &str) -> Result<Output> {
        self.run_for(script, PATIENCE)
    }

    /// Runs a bash script that is killed after `patience`, with status 124.
    ///
    /// # Errors
    /// The Dom0 did not answer.
    pub fn run_for(&mut self, script: &str, patience: Duration) -> Result<Output> {
        self.ask(Request::Run(script), patience)
    }

    /// Runs a bash script (with `set -e`) that must succeed, and gives its standard output.
    ///
    /// # Errors
    /// It failed; the message has what it wrote to standard error.
    pub fn ok(&mut self, script: &str) -> Result<String> {
        let output = self.run(&format!("set -e\n{script}"))?;
        if output.status == 0 {
            return Ok(output.text());
        }
        bail!(
            "in the Dom0, status {}: {}\n{}{}",
            output.status,
            first_line(script),
            output.error_text(),
            output.text()
        )
    }

    /// Writes a file in the Dom0, with `mode` as chmod takes it; its folder is made.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn push(&mut self, path: &str, bytes: &[u8], mode: &str) -> Result<()> {
        let output = self.ask(Request::Put(path, bytes), PATIENCE)?;
        if output.status != 0 {
            bail!("cannot write {path} in the Dom0: {}", output.error_text());
        }
        self.ok(&format!("chmod {mode} '{path}'")).map(|_| ())
    }

    fn ask(&mut self, request: Request<'_>, patience: Duration) -> Result<Output> {
        let answer = self.agent.ask(request, patience);
        answer.with_context(|| format!("Xen's console ends with:\n{}\n", self.run.console_tail(20)))
    }

    /// Reboots the Dom0 as its administrator would, and waits until Xen's tools answer again.
    ///
    /// # Errors
    /// It did not go down or did not come up in time; the message has the end of Xen's console.
    pub fn reboot(&mut self) -> Result<()> {
        let step = Step::begin("rebooting the Dom0");
        self.run("systemctl --no-block reboot")?;
        let down = self.qemu.wait(BOOT);
        down.with_context(|| format!("Xen's console ends with:\n{}\n", self.run.console_tail(20)))?;
        self.boot_again("")?;
        step.done();
        Ok(())
    }

    /// Cuts the power: QEMU is killed. Then the Dom0 boots again, with `arguments` for its kernel once.
    ///
    /// # Errors
    /// It did not come up in time; the message has the end of Xen's console.
    pub fn power_cut(&mut self, arguments: &str) -> Result<()> {
        let step = Step::begin("cutting the power, booting again");
        self.qemu.kill()?;
        self.boot_again(arguments)?;
        step.done();
        Ok(())
    }

    fn boot_again(&mut self, arguments: &str) -> Result<()> {
        let (qemu, agent) = start(&self.image, &self.run, self.machine, arguments)?;
        self.qemu = qemu;
        self.agent = agent;
        self.wait_for_xen()
    }

    /// Gives the user's terminal a shell in the Dom0, until the user leaves it.
    ///
    /// # Errors
    /// The shell cannot be started.
    pub fn shell(&mut self) -> Result<()> {
        self.ok("systemctl start domus-shell")?;
        self.qemu.wait(Duration::from_secs(86_400))
    }
}

fn start(
    image: &Image,
    run: &RunFolder,
    machine: Machine,
    arguments: &str,
) -> Result<(Qemu, Agent)> {
    let qemu = Qemu::start(image, run, machine, arguments)?;
    let mut agent = Agent::connect(&run.agent_socket())?;
    agent.greeting(BOOT).with_context(|| {
        format!(
            "the Dom0 did not come up; Xen's console ends with:\n{}\n",
            run.console_tail(30)
        )
    })?;
    Ok((qemu, agent))
}

/// The first line of a script that says something, for a message.
fn first_line(script: &str) -> &str {
    script
        .lines()
        .map(str::trim)
        .find(|line| !line.is_empty())
        .unwrap_or("(an empty script)")
}
