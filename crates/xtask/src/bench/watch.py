"""Starts a unit of the Dom0, and says how long guests take from then on: until each runs, and until each has written a line.

Arguments: the unit, the seconds that it may take, and the guests, each as NAME=UUID. Prints one JSON object.
"""

import glob
import json
import os
import subprocess
import sys
import time
import uuid

sys.path[:0] = glob.glob("/usr/lib/xen-*/lib/python")
from xen.lowlevel import xc

# Often enough for tenths of a second, and seldom enough that the watching is no load.
PAUSE_SECONDS = 0.1
# How long a guest may still take once its manager is done; and how often it is asked whether that is so.
GRACE_SECONDS = 40
ASK_SECONDS = 10


def running(xen):
    """The UUIDs of the domains that run, the Dom0's too: those that `xl list` shows without a p.

    It is one hypercall; an xl again and again would be a load.
    """
    return {
        uuid.UUID(bytes=bytes(domain["handle"]))
        for domain in xen.domain_getinfo(0)
        if not (domain["paused"] or domain["dying"] or domain["shutdown"])
    }


def log_size(path):
    """How long a console's log is by now."""
    try:
        return os.stat(path).st_size
    except FileNotFoundError:
        return 0


def has_line(path, mark):
    """Whether a line was written behind this place."""
    if log_size(path) <= mark:
        return False
    with open(path, "rb") as log:
        log.seek(mark)
        return b"\n" in log.read(4096)


def is_over(unit):
    """Whether the unit has done all that it does, or failed."""
    asked = subprocess.run(["systemctl", "show", "-P", "ActiveState", unit], capture_output=True, check=True, text=True)
    return asked.stdout.strip() in ("active", "inactive", "failed")


def main(unit, limit, *guests):
    """Starts the unit and waits for all guests, or as long as it may take."""
    uuids = {name: uuid.UUID(text) for name, text in (guest.split("=") for guest in guests)}
    logs = {name: f"/var/log/xen/console/guest-{name}.log" for name in uuids}
    marks = {name: log_size(path) for name, path in logs.items()}
    xen = xc.xc()
    before = [name for name, own in uuids.items() if own in running(xen)]
    if before:
        sys.exit(f"running already: {' '.join(before)}")
    began = time.monotonic()
    subprocess.run(["systemctl", "start", "--no-block", unit], check=True)
    runs, speaks = {}, {}
    until, ask_at = float(limit), ASK_SECONDS
    seconds = 0.0
    while len(runs) + len(speaks) < 2 * len(uuids) and seconds < until:
        now = running(xen)
        seconds = time.monotonic() - began
        if seconds > ask_at:
            ask_at = seconds + ASK_SECONDS
            if is_over(unit):
                until, ask_at = min(until, seconds + GRACE_SECONDS), float("inf")
        for name, own in uuids.items():
            if own in now:
                runs.setdefault(name, seconds)
            if name not in speaks and has_line(logs[name], marks[name]):
                speaks[name] = seconds
        time.sleep(PAUSE_SECONDS)
    print(json.dumps({"runs": runs, "speaks": speaks}))


main(*sys.argv[1:])
