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

with subtest("the guest runs, and says so on its own console"):
    dom0.wait_until_succeeds("timeout 60 sh -c 'sleep 30 | xl console pvh-guest' | grep -m 1 'pvh-guest: up'")
    domid = guest()["domid"]

with subtest("dry-activate says what would change, and changes nothing"):
    plan = dom0.succeed(f"{larger} dry-activate 2>&1")
    assert "pvh-guest" in plan, plan
    assert memory_mib() <= 160

with subtest("a switch changes the guest while it runs; a second one changes nothing"):
    for _ in range(2):
        dom0.succeed(f"{larger} test")
        dom0.wait_until_succeeds("test $(xl list pvh-guest | awk 'NR == 2 { print $3 }') -ge 220")
        assert guest()["domid"] == domid
