//! The rules about folders, byte streams, TPMs and input devices.

use super::report::Report;
use super::text::{domain_problem, field_problem, path_problem, word_problem};
use crate::{Connection, ShareType};

pub(super) fn check(report: &mut Report) {
    let guest = report.guest;
    report.names(
        "shares",
        guest.shares.iter().map(|share| share.name.as_str()),
    );
    report.names(
        "channels",
        guest.channels.iter().map(|channel| channel.name.as_str()),
    );
    report.names("vkb", guest.vkb.iter().map(|vkb| vkb.name.as_str()));
    shares(report);
    channels(report);
    for vkb in &guest.vkb {
        name(report, "vkb", &vkb.name);
        backend(
            report,
            format!("vkb.{}.backend", vkb.name),
            vkb.backend.as_deref(),
        );
    }
    backend(
        report,
        "vtpm.backend".to_owned(),
        guest.vtpm.backend.as_deref(),
    );
    if guest.vtpm.uuid.is_some() && guest.vtpm.backend.is_none() {
        report.add(
            "vtpm.uuid",
            "there is no vTPM without a domain that serves it; set vtpm.backend, or remove it",
        );
    }
}

fn shares(report: &mut Report) {
    for share in &report.guest.shares {
        let place = |field: &str| format!("shares.{}.{field}", share.name);
        name(report, "shares", &share.name);
        path(report, place("path"), Some(&share.path));
        backend(report, place("backend"), share.backend.as_deref());
        if share.kind == Some(ShareType::Xen9pfsd) {
            continue;
        }
        for (field, is_set) in [
            ("maxFiles", share.max_files.is_some()),
            ("maxOpenFiles", share.max_open_files.is_some()),
            ("maxSpace", share.max_space_mib.is_some()),
            ("autoDelete", share.auto_delete.is_some()),
        ] {
            if is_set {
                report.add(
                    place(field),
                    "QEMU knows no limits; set type = \"xen_9pfsd\", or remove it",
                );
            }
        }
    }
}

fn channels(report: &mut Report) {
    for channel in &report.guest.channels {
        let place = |field: &str| format!("channels.{}.{field}", channel.name);
        name(report, "channels", &channel.name);
        path(report, place("path"), channel.path.as_deref());
        backend(report, place("backend"), channel.backend.as_deref());
        match (channel.connection, &channel.path) {
            (Connection::Socket, None) => report.add(
                place("path"),
                "connection = \"socket\" needs to know where the socket is; set it",
            ),
            (Connection::Pty, Some(_)) => report.add(
                place("path"),
                "a terminal has no path; set connection = \"socket\", or remove it",
            ),
            _ => {}
        }
    }
}

fn name(report: &mut Report, option: &str, name: &str) {
    if let Some(why) = word_problem(name) {
        report.add(format!("{option}.{name}"), why);
    }
}

fn backend(report: &mut Report, option: String, domain: Option<&str>) {
    if let Some(why) =
        domain.and_then(|domain| word_problem(domain).or_else(|| domain_problem(domain)))
    {
        report.add(option, why);
    }
}

fn path(report: &mut Report, option: String, path: Option<&str>) {
    let why = path.and_then(|path| path_problem(path).or_else(|| field_problem(path)));
    if let Some(why) = why {
        report.add(option, why);
    }
}
