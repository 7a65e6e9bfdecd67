use super::*;

const SHORT: &str = "\
Name                                        ID   Mem VCPUs\tState\tTime(s)   UUID                            Reason-Code\tSecurity Label
Domain-0                                     0  1500     2     r-----      12.3 00000000-0000-0000-0000-000000000000        -                -
mrkitty                                      3   256     1     -b----       1.0 6d7e3a0c-3b0f-4a55-9d0e-2b8f6f3c0001        -                -
my guest                                     4   128     1     --p---       0.0 6d7e3a0c-3b0f-4a55-9d0e-2b8f6f3c0002        -                -
";

#[test]
fn reads_the_list() {
    let domains = parse_list(SHORT).unwrap();
    let seen: Vec<_> = domains
        .iter()
        .map(|d| (d.domid, d.name.as_str(), d.memory_mib, d.state))
        .collect();
    assert_eq!(
        seen,
        [
            (0, "Domain-0", 1500, State::Running),
            (3, "mrkitty", 256, State::Running),
            (4, "my guest", 128, State::Paused)
        ]
    );
}

#[test]
fn every_state_that_xl_shows_is_read() {
    let read = [
        "r-----", "-b----", "--p---", "---s--", "---sr-", "---ss-", "---sc-", "---sw-", "---sS-",
        "---s?-", "-----d", "---scd",
    ];
    let states: Vec<_> = read
        .iter()
        .filter_map(|text| Some(State::parse(text)?.as_str()))
        .collect();
    assert_eq!(
        states,
        [
            "running",
            "running",
            "paused",
            "shut down",
            "shut down",
            "suspended",
            "crashed",
            "crashed",
            "shut down",
            "shut down",
            "dying",
            "dying"
        ]
    );
    for junk in ["", "------d", "s-----", "---sx-", "-----é"] {
        assert_eq!(State::parse(junk), None, "{junk}");
    }
}

#[test]
fn junk_is_an_error() {
    for text in [
        "",
        "hello\n",
        &SHORT.replace("-b----", "sure"),
        &SHORT.replace("256", "lots"),
    ] {
        assert!(parse_list(text).is_err(), "{text}");
    }
    for text in [
        "",
        "{}",
        "[{\"domid\": 3}]",
        "[{\"domid\": 3, \"config\": {\"b_info\": {}}}",
    ] {
        assert!(parse_configs::<DomainConfig>(text).is_err(), "{text}");
    }
}

#[test]
fn reads_configurations() {
    let configs = parse_configs::<DomainConfig>(r#"[{"domid":3,"config":{"c_info":{"name":"x","type":"pv"},"b_info":{"max_memkb":524288,"target_memkb":262145,"sched_params":{}},"disks":[{"pdev_path":"/a","vdev":"xvda"}],"on_reboot":"restart"}}]"#).unwrap();
    assert_eq!(configs[&3].0.b_info.max_memkb, Some(524_288));
    assert_eq!(configs[&3].0.disks[0].vdev.as_deref(), Some("xvda"));
}

#[test]
fn one_odd_domain_hides_no_other() {
    let uuid = "6d7e3a0c-3b0f-4a55-9d0e-2b8f6f3c0001";
    let named_by_uuid = format!(
        "{SHORT}{uuid}     5    64     1     -b----       1.0 {uuid}        -                -\n"
    );
    assert_eq!(parse_list(&named_by_uuid).unwrap()[3].name, uuid);
    let text = r#"[{"domid":3,"config":{"b_info":{"max_memkb":"lots"}}},{"domid":4,"config":{"b_info":{"max_memkb":1024}}}]"#;
    let configs = parse_configs::<DomainConfig>(text).unwrap();
    assert_eq!(configs.keys().collect::<Vec<_>>(), [&4]);
}

/// What Xen 4.17's xl printed of the demo's three guests, after their memory and their Dom0 were changed.
#[test]
fn reads_what_the_real_xl_prints() {
    let domains = parse_list(include_str!("../fixtures/xl-4.17-list-v.txt")).unwrap();
    let configs =
        parse_configs::<DomainConfig>(include_str!("../fixtures/xl-4.17-list-l.json")).unwrap();
    let shown: Vec<String> = domains
        .iter()
        .map(|domain| {
            let (config, _) = &configs[&domain.domid];
            let build = &config.b_info;
            let disks: Vec<_> = config.disks.iter().filter_map(|disk| disk.vdev.as_deref()).collect();
            let nics: Vec<_> = config.nics.iter().filter_map(|nic| nic.bridge.as_deref()).collect();
            format!(
                "{} {} {:?} {} MiB, target {:?}, max {:?} KiB, {:?} of {:?} vCPUs, {disks:?}, {nics:?}",
                domain.domid, domain.name, domain.state, domain.memory_mib, build.target_memkb, build.max_memkb,
                build.avail_vcpus.as_ref().map(Vec::len), build.max_vcpus,
            )
        })
        .collect();
    assert_eq!(
        shown,
        [
            "0 Domain-0 Running 1500 MiB, target Some(1535999), max Some(1536000) KiB, None of None vCPUs, [], []",
            "1 mrkitty Running 384 MiB, target Some(393216), max Some(524288) KiB, Some(1) of Some(1) vCPUs, [\"xvda\"], [\"xenbr0\"]",
            "2 pvh-guest Running 160 MiB, target Some(163840), max Some(163840) KiB, Some(1) of Some(1) vCPUs, [], [\"xenbr0\"]",
            "3 pygrub-guest Running 256 MiB, target Some(262144), max Some(262144) KiB, Some(1) of Some(1) vCPUs, [\"xvda\", \"xvdb\"], [\"xenbr0\"]",
        ]
    );
}
