import json


def guest():
    """The running pvh-guest as xl sees it."""
    return json.loads(dom0.succeed("xl list -l pvh-guest"))[0]


def memory_mib():
    return int(dom0.succeed("xl list pvh-guest | awk 'NR == 2 { print $3 }'"))


larger = "/run/booted-system/specialisation/larger/bin/switch-to-configuration"

dom0.start()
dom0.wait_for_unit("domus-guests.service")

with subtest("images are made, with the labels that are declared"):
    for image, label in [("mrkitty-root", "nixos"), ("pygrub-guest-boot", "NIXBOOT"), ("pygrub-guest-root", "NIXROOT")]:
        dom0.succeed(f"test $(blkid -s LABEL -o value /vmdisks/{image}.img) = {label}")

with subtest("the guest runs, and says on its own console that it has the interface that is declared"):
    # It names its interface once, when it starts, and who reads a console takes what it reads: hence one reader, to a file.
    dom0.succeed("sh -c 'sleep infinity | xl console pvh-guest' >/tmp/console 2>&1 &")
    dom0.wait_until_succeeds("grep --text 'pvh-guest: up' /tmp/console")
    domid = guest()["domid"]
    mac = dom0.succeed("xl network-list pvh-guest | awk 'NR == 2 { print $3 }'").strip()
    assert mac.startswith("00:16:3e:"), mac
    dom0.succeed(f"grep --text 'pvh-guest: micro guest, .*, eth0 {mac}' /tmp/console")

with subtest("dry-activate says what would change, and changes nothing"):
    plan = dom0.succeed(f"{larger} dry-activate 2>&1")
    assert "pvh-guest" in plan, plan
    assert memory_mib() <= 160

with subtest("a switch changes the guest while it runs; a second one changes nothing"):
    for _ in range(2):
        dom0.succeed(f"{larger} test")
        dom0.wait_until_succeeds("test $(xl list pvh-guest | awk 'NR == 2 { print $3 }') -ge 220")
        assert guest()["domid"] == domid
