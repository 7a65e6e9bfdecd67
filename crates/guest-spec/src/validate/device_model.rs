//! The rules about a guest's QEMU.

use super::report::Report;
use super::text::{line_problem, path_problem, word_problem};
use crate::GuestType::{Hvm, Pv, Pvh};

pub(super) fn check(report: &mut Report) {
    let model = &report.guest.device_model;
    let stubdomain = &model.stubdomain;
    let details = [
        ("deviceModel.stubdomain.kernel", stubdomain.kernel.is_some()),
        (
            "deviceModel.stubdomain.ramdisk",
            stubdomain.ramdisk.is_some(),
        ),
        (
            "deviceModel.stubdomain.cmdline",
            stubdomain.cmdline.is_some(),
        ),
        (
            "deviceModel.stubdomain.memory",
            stubdomain.memory_mib.is_some(),
        ),
    ];
    report.needs(
        stubdomain.enable == Some(true),
        "deviceModel.stubdomain.enable",
        &details,
    );
    report.only_for(
        &[Hvm],
        &[
            (
                "deviceModel.stubdomain.enable",
                stubdomain.enable == Some(true),
            ),
            ("deviceModel.argsHvm", !model.args_hvm.is_empty()),
        ],
    );
    report.only_for(
        &[Pvh, Pv],
        &[("deviceModel.argsPv", !model.args_pv.is_empty())],
    );
    if model.user.is_some() && model.restrict != Some(true) {
        report.add(
            "deviceModel.user",
            "without deviceModel.restrict = true the QEMU of this user has all its power over Xen still; set that, or remove the user",
        );
    }
    if let Some(why) = model.user.as_deref().and_then(word_problem) {
        report.add("deviceModel.user", why);
    }
    for (option, path) in [
        ("deviceModel.override", &model.program),
        ("deviceModel.stubdomain.kernel", &stubdomain.kernel),
        ("deviceModel.stubdomain.ramdisk", &stubdomain.ramdisk),
    ] {
        if let Some(why) = path.as_deref().and_then(path_problem) {
            report.add(option, why);
        }
    }
    if let Some(why) = stubdomain.cmdline.as_deref().and_then(line_problem) {
        report.add("deviceModel.stubdomain.cmdline", why);
    }
    for (option, arguments) in [
        ("deviceModel.args", &model.args),
        ("deviceModel.argsPv", &model.args_pv),
        ("deviceModel.argsHvm", &model.args_hvm),
    ] {
        for why in arguments.iter().filter_map(|text| line_problem(text)) {
            report.add(option, why);
        }
    }
}
