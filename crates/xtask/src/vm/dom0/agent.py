#!/usr/bin/python3
"""Runs in the Dom0 of `cargo xtask vm` and does what the host asks over a virtio serial port.

A request is a header line `domus1 ID KIND SECONDS ARG BODY` and then ARG + BODY bytes; KIND is run (the body is a bash
script) or put (the argument is a path, the body its bytes). The answer is a header line `domus1 ID STATUS OUT ERR` and
then OUT + ERR bytes. Lengths are in bytes. One request at a time.
"""

import os
import signal
import subprocess
import tempfile
import time

PORT = "/dev/virtio-ports/org.domus.agent"
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def open_port():
    while True:
        try:
            return os.open(PORT, os.O_RDWR)
        except OSError:
            time.sleep(0.2)


class Port:
    def __init__(self):
        self.file = open_port()
        self.buffer = b""

    def _more(self):
        data = os.read(self.file, 65536)
        if not data:  # no host is connected
            time.sleep(0.2)
        self.buffer += data

    def line(self):
        while b"\n" not in self.buffer:
            self._more()
        line, self.buffer = self.buffer.split(b"\n", 1)
        return line

    def take(self, length):
        parts, missing = [self.buffer], length - len(self.buffer)
        while missing > 0:
            self.buffer = b""
            self._more()
            parts.append(self.buffer)
            missing -= len(self.buffer)
        data = b"".join(parts)
        self.buffer = data[length:]
        return data[:length]

    def send(self, data):
        view = memoryview(data)
        while view:
            view = view[os.write(self.file, view[:32768]):]


def run(script, seconds):
    # Files, not pipes: what the script leaves running (xl's monitor) would hold a pipe open.
    with tempfile.TemporaryDirectory(dir="/run") as folder:
        path = os.path.join(folder, "script")
        with open(path, "wb") as file:
            file.write(script)
        with open(os.path.join(folder, "out"), "w+b") as out, open(os.path.join(folder, "err"), "w+b") as err:
            child = subprocess.Popen(
                ["/bin/bash", path], stdin=subprocess.DEVNULL, stdout=out, stderr=err, cwd="/root",
                start_new_session=True, env={"PATH": PATH, "HOME": "/root", "LC_ALL": "C.UTF-8"},
            )
            try:
                status = child.wait(timeout=seconds)
                status = 128 - status if status < 0 else status
            except subprocess.TimeoutExpired:
                os.killpg(child.pid, signal.SIGKILL)
                child.wait()
                status = 124
            out.seek(0)
            err.seek(0)
            return status, out.read(), err.read()


def put(path, body):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path + ".domus-new", "wb") as file:
        file.write(body)
    os.replace(path + ".domus-new", path)
    return 0, b"", b""


def serve(port):
    header = port.line().split(b" ")
    if len(header) != 6 or header[0] != b"domus1":
        return
    number, kind = header[1], header[2]
    seconds, argument, body = (int(field) for field in header[3:])
    argument, body = port.take(argument).decode(), port.take(body)
    try:
        if kind == b"run":
            answer = run(body, seconds)
        else:
            answer = put(argument, body)
    except OSError as error:
        answer = 1, b"", str(error).encode()
    status, out, err = answer
    port.send(b"domus1 %s %d %d %d\n" % (number, status, len(out), len(err)) + out + err)


def main():
    port = Port()
    port.send(b"domus1 0 0 0 0\n")
    while True:
        serve(port)


main()
