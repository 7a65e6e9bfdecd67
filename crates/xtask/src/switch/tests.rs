//! What a switch between whole generations does with units.

use super::*;
use crate::eval::{self, Options};

/// The dom0 template with something changed.
fn generation(change: &str) -> Result<Evaluation> {
    let folder = tempfile::tempdir()?;
    let template = eval::project().join("templates/dom0/configuration.nix");
    let text = format!(
        "{{ lib, ... }}: {{ imports = [ {} ]; {change} }}",
        template.display()
    );
    std::fs::write(folder.path().join("configuration.nix"), text)?;
    let offline = Options::offline();
    Ok(eval::evaluate(folder.path(), &offline)?.1)
}

/// What a switch does with all that may be active.
fn plan(old: &Evaluation, new: &Evaluation) -> Plan {
    let packaged = image::packaged_units();
    let active = [
        "xenconsoled.service",
        "xendomains.service",
        "domus-bridges.service",
        "domus-prepare.service",
        "domus-shutdown.service",
        "domus-guests.service",
        "domus-guest@mrkitty.service",
    ];
    let of = |declared| Generation {
        packaged: &packaged,
        declared,
    };
    Plan::new(active, &of(&old.units), &of(&new.units))
}

#[test]
fn a_change_of_the_manager_or_its_end_touches_no_guest() -> Result<()> {
    let xendomains = generation("")?;
    let domus = generation("virtualisation.xen.autostartManager = \"domus\";")?;
    let patient = generation(
        "virtualisation.xen.guests.mrkitty.shutdownTimeout = 7200; virtualisation.xen.domus.consoleLogs.enable = false;",
    )?;
    let off = generation("virtualisation.xen.domus.enable = lib.mkForce false;")?;
    let stages = [
        "domus-bridges.service",
        "domus-guests.service",
        "domus-prepare.service",
    ];
    for (old, new) in [
        (&xendomains, &domus),
        (&domus, &xendomains),
        (&xendomains, &patient),
        (&patient, &domus),
    ] {
        let plan = plan(old, new);
        assert!(plan.restart.iter().eq(stages), "{plan:?}");
        assert!(plan.stop.is_empty(), "{plan:?}");
    }
    assert_eq!(plan(&domus, &domus), Plan::default());
    // Those have no guest's process, and no command for a stop.
    for old in [&xendomains, &domus] {
        let plan = plan(old, &off);
        assert!(plan.stop.iter().eq(stages), "{plan:?}");
        assert!(plan.restart.is_empty(), "{plan:?}");
    }
    let wants = |generation: &Evaluation| generation.units["xendomains.service"].wanted_by.clone();
    assert_eq!(wants(&xendomains), ["multi-user.target"]);
    assert_eq!(wants(&domus), Vec::<String>::new());
    Ok(())
}
