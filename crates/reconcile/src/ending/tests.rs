use std::fs;
use std::os::unix::fs::PermissionsExt;

use super::*;

#[test]
fn a_domain_that_xl_failed_to_end_has_not_ended_while_it_is_there() {
    let folder = tempfile::tempdir().unwrap();
    let xl = folder.path().join("xl");
    let uuid = Uuid::from_u128(7);
    let destroyed = |does: &str, state: &str| {
        let script = format!(
            "#!/bin/sh\n[ $1 = list ] || {{ echo backends >&2; {does}; }}\necho 'Name x'\n[ -e $0.gone ] || echo 'web 3 256 1 {state} 1.0 {uuid}'\n"
        );
        fs::write(&xl, script).unwrap();
        fs::set_permissions(&xl, fs::Permissions::from_mode(0o755)).unwrap();
        let programs = Programs {
            xl: xl.clone().into(),
            ..Programs::default()
        };
        destroy(3, &programs)
    };
    // Its backends are taken down before xl says that it succeeded.
    assert_eq!(destroyed("exit 0", "-----d"), Ok(Ended::Destroyed));
    for state in ["-----d", "-b----"] {
        let why = destroyed("exit 1", state).unwrap_err().to_string();
        assert!(why.starts_with("domain 3 could not be ended: "), "{why}");
    }
    assert_eq!(
        destroyed(": > $0.gone; exit 1", "-----d"),
        Ok(Ended::Destroyed)
    );
}
