#!/usr/bin/python3
"""Stands for qemu while guests are built that never run: it takes every option, and answers libxl's QMP.

libxl connects to the chardev libxl-cmd, a listening socket that it hands over or names, and waits until the device
model's state is `running`.
"""

import json
import re
import socket
import subprocess
import sys
import threading

GREETING = {"QMP": {"version": {"qemu": {"major": 7, "minor": 2, "micro": 0}, "package": ""}, "capabilities": []}}
# What libxl reads of the answers (libxl_dm.c, device_model_postconfig_chardev and device_model_postconfig_vnc).
ANSWERS = {
    "query-chardev": [],
    "query-status": {"status": "prelaunch", "running": False},
    "query-vnc": {"enabled": False},
}


def answers(options):
    online = int(re.search(r"-smp (\d+)", options)[1]) if "-smp" in options else 1
    return ANSWERS | {"query-cpus-fast": [{"cpu-index": index} for index in range(online)]}


def talk(connection, known):
    with connection, connection.makefile("rwb") as file:
        def send(message):
            file.write(json.dumps(message).encode() + b"\r\n")
            file.flush()

        send(GREETING)
        decoder, text = json.JSONDecoder(), ""
        for line in file:
            text += line.decode()
            try:
                request, _ = decoder.raw_decode(text.lstrip())
            except ValueError:
                continue
            text = ""
            send({"return": known.get(request["execute"], {}), "id": request.get("id")})


def main():
    options = " ".join(sys.argv)
    domid = re.search(r"-xen-domid (\d+)", options)[1]
    given = re.search(r"id=libxl-cmd,(fd|path)=([^,]+)", options)
    if given[1] == "fd":
        listener = socket.socket(fileno=int(given[2]))
    else:
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(given[2])
    listener.listen()
    # With a socket that it handed over, libxl asks by QMP, and by nothing else.
    if given[1] == "path":
        subprocess.run(["xenstore-write", f"/local/domain/0/device-model/{domid}/state", "running"], check=True)
    while True:
        connection, _ = listener.accept()
        threading.Thread(target=talk, args=(connection, answers(options)), daemon=True).start()


main()
