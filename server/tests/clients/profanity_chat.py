"""Drives profanity in a terminal of its own: signs in, sends one message, and waits for one.

Called as: profanity_chat.py FOLDER PORT POLICY SEND EXPECT. POLICY is profanity's tls.policy: `force` for STARTTLS, `legacy` for TLS from
the start. Nobody vouches for the certificate, so it is accepted when profanity asks. Ends with 0 when EXPECT stood on the screen.
"""

import os
import pty
import select
import sys
import time
from pathlib import Path

PATIENCE = 25


def main(folder, port, policy, send, expect):
    home = Path(folder)
    data = home / "data" / "profanity"
    data.mkdir(parents=True)
    (home / "config" / "profanity").mkdir(parents=True)
    (data / "accounts").write_text(
        "[alice]\nenabled=true\njid=alice@localhost\nresource=profanity\nserver=127.0.0.1\n"
        f"port={port}\npassword=alice-password\ntls.policy={policy}\n"
    )
    environment = {
        "HOME": str(home),
        "XDG_DATA_HOME": str(home / "data"),
        "XDG_CONFIG_HOME": str(home / "config"),
        "TERM": "xterm",
        "LANG": "C.UTF-8",
        "PATH": os.environ["PATH"],
    }
    pid, terminal = pty.fork()
    if pid == 0:
        os.execvpe("profanity", ["profanity", "-a", "alice"], environment)
    screen = Screen(terminal)
    try:
        screen.until("/tls deny")
        screen.type("/tls allow")
        screen.until("logged in successfully")
        screen.type(f"/msg bob@localhost {send}")
        screen.until(expect)
        screen.type("/quit")
        screen.end()
    finally:
        if os.waitpid(pid, os.WNOHANG) == (0, 0):
            os.kill(pid, 9)


class Screen:
    """What the program has drawn, as the bytes that drew it."""

    def __init__(self, terminal):
        self.terminal = terminal
        self.drawn = b""

    def type(self, line):
        os.write(self.terminal, line.encode() + b"\r")

    def until(self, text):
        deadline = time.monotonic() + PATIENCE
        while text.encode() not in self.drawn:
            if not self.read(deadline):
                print(f"FAILED: {text!r} is not on the screen:\n{self.drawn[-3000:]!r}", flush=True)
                sys.exit(1)
        self.drawn = self.drawn.partition(text.encode())[2]

    def end(self):
        deadline = time.monotonic() + 5
        while self.read(deadline):
            pass

    def read(self, deadline):
        ready, _, _ = select.select([self.terminal], [], [], max(0, deadline - time.monotonic()))
        if not ready:
            return False
        try:
            chunk = os.read(self.terminal, 65536)
        except OSError:
            return False
        self.drawn += chunk
        return bool(chunk)


if __name__ == "__main__":
    main(*sys.argv[1:])
    print("everything came true")
