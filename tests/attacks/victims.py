"""The program that is attacked, as an ordinary process and under `adyton run`."""

import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import time

BUILD = pathlib.Path(os.environ.get("ADYTON_BUILD", "build")).resolve()
ADYTON = pathlib.Path(os.environ.get("ADYTON", BUILD / "adyton")).absolute()
VICTIM = BUILD / "tests" / "attacks" / "victim"
PLACES = ("file_buffer heap stack thread_stack data bss library_data library_bss shared memfd pipe written vector "
          "arguments jit").split()


def skip_unless_possible():
    """Attacks are root's; and what is attacked must have been built."""
    if os.geteuid() != 0:
        print("SKIPPED: the attacks are root's, and this is not root")
        sys.exit(77)
    for path in (ADYTON, VICTIM):
        if not path.exists():
            print(f"SKIPPED: {path} was not built")
            sys.exit(77)


class Victim:
    """A running victim: `secrets` by place, `addresses` by place. A context manager: it ends with the block."""

    def __init__(self, enclave, jit=False, options=()):
        self.folder = tempfile.TemporaryDirectory(prefix="victim-")
        folder = pathlib.Path(self.folder.name)
        seed = os.urandom(32)
        self.secrets = {place: bytes(b ^ k for b in seed) for k, place in enumerate(PLACES)}
        (folder / "seed").write_bytes(seed)
        (folder / "sink").touch()
        command = [VICTIM, folder / "seed", folder / "sink"] + (["jit"] if jit else [])
        if enclave:
            command = [ADYTON, "run", *options, *command]
        self.process = subprocess.Popen([str(word) for word in command], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        cwd=folder)
        self.pid, self.addresses = self.process.pid, {}
        self.path = folder
        for line in self.process.stdout:
            word, *rest = line.decode().split()
            if word == "ready":
                break
            self.addresses[rest[0]] = int(rest[1], 16)
        else:
            raise AssertionError(f"the victim ended with {self.process.wait()} before it was ready")
        self.guards = [self.guard(), tracer(self.guard())] if self.guard() else []
        while state(self.pid) != "S":  # it is on its way into read(2)
            time.sleep(0.01)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        for pid in self.guards:  # they end with it; should they not, the test has failed and leaves nothing behind
            if comm(pid).startswith("adyton-"):
                os.kill(pid, signal.SIGKILL)
        self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()
        self.folder.cleanup()

    def command(self, letter):
        self.process.stdin.write(letter)
        self.process.stdin.flush()

    def threads(self):
        return [int(tid) for tid in os.listdir(f"/proc/{self.pid}/task")]

    def guard(self):
        """The process that traces it; 0: nobody."""
        return tracer(self.pid)

    def found(self, *texts):
        """The places whose secret, or a 16-byte half of it, is in one of the texts."""
        return {place for place, secret in self.secrets.items()
                if any(secret in text or secret[:16] in text or secret[16:] in text for text in texts)}


def state(pid):
    """The letter of `ps`: S sleeps, T is stopped, t by its tracer, Z ended."""
    with open(f"/proc/{pid}/stat") as stat:
        return stat.read().rsplit(")", 1)[1].split()[0]


def comm(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/comm").read_text()
    except OSError:
        return ""


def tracer(pid):
    with open(f"/proc/{pid}/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("TracerPid:"))
