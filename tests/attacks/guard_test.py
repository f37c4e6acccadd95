#!/usr/bin/env python3
"""The guard: it cannot be taken over, ending it ends the program, stopping it stops nothing; and the program behaves as
if nobody traced it: threads, signals, job control, exit status."""
# timeout: 300

import os
import pathlib
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

sys.dont_write_bytecode = True
sys.path[:0] = [str(pathlib.Path(__file__).resolve().parent), str(pathlib.Path(__file__).resolve().parents[1] / "tidy")]

import attack  # noqa: E402
import victims  # noqa: E402
from tap import run  # noqa: E402

PATIENCE = 20


def until(condition):
    """Whether it came true before patience ended."""
    end = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.01)
    return True


def ticks(pid):
    with open(f"/proc/{pid}/stat") as stat:
        return sum(int(word) for word in stat.read().rsplit(")", 1)[1].split()[11:13])


def exists(pid):
    try:
        return victims.state(pid) not in "ZX"
    except FileNotFoundError:
        return False


class GuardTest(unittest.TestCase):
    def setUp(self):
        self.victim = victims.Victim(enclave=True)
        self.addCleanup(self.victim.__exit__)
        self.guard = self.victim.guard()
        self.assertGreater(self.guard, 0, "nobody guards the program")
        self.watcher = victims.tracer(self.guard)
        self.pair = [self.guard, self.watcher]

    def assert_refused(self):
        for tid in self.victim.threads() + self.pair:
            with self.assertRaises(PermissionError, msg=f"attached to {tid}"):
                attack.peek(tid, [])
            with self.assertRaises(PermissionError, msg=f"seized {tid}"):
                attack.seize(tid)

    def victim_makes_thread(self):
        self.victim.command(b"t")
        self.assertTrue(select.select([self.victim.process.stdout], [], [], PATIENCE)[0], "the program does not answer")
        self.assertEqual(self.victim.process.stdout.readline(), b"thread\n")

    def assert_works(self):
        """It answers (with a new thread), then ends as it should."""
        self.victim_makes_thread()
        self.victim.command(b"q")
        self.assertEqual(self.victim.process.wait(PATIENCE), 7)

    def test_who_traces_whom(self):
        self.assertEqual({victims.tracer(tid) for tid in self.victim.threads()}, {self.guard})
        self.assertNotIn(self.watcher, [0, self.guard, *self.victim.threads()])
        self.assertEqual(victims.tracer(self.watcher), self.guard)

    def test_attach(self):
        self.assert_refused()
        self.assert_works()

    def test_attach_to_new_thread(self):
        before = set(self.victim.threads())
        self.victim_makes_thread()
        self.assertTrue(set(self.victim.threads()) - before)
        self.assert_refused()
        self.assert_works()

    def test_killed_guard(self):
        os.kill(self.guard, signal.SIGKILL)
        self.assertEqual(self.victim.process.wait(PATIENCE), -signal.SIGKILL)
        self.assert_pair_ends()

    def test_killed_watcher(self):
        os.kill(self.watcher, signal.SIGKILL)
        self.assertEqual(self.victim.process.wait(PATIENCE), -signal.SIGKILL)
        self.assert_pair_ends()

    def assert_pair_ends(self):
        self.assertTrue(until(lambda: not any(exists(pid) for pid in self.pair)), "a guard outlived its program")

    def test_stopped_guard(self):
        """SIGSTOP cannot be blocked; but the other of the two makes the one go on."""
        for pid in self.pair:
            for _ in range(20):
                os.kill(pid, signal.SIGSTOP)
                self.assert_refused()
            self.assert_runs(pid)
            os.kill(pid, signal.SIGCONT)
            self.assert_refused()
            self.assert_runs(pid)
        self.assert_works()

    def test_signals_to_the_guard(self):
        for pid in self.pair:
            for number in range(1, signal.SIGRTMAX + 1):
                if number != signal.SIGKILL and number not in (32, 33):
                    os.kill(pid, number)
            self.assert_runs(pid)
        self.assert_refused()
        self.assert_works()

    def test_stopped_program(self):
        """Job control: the parent sees it stop and go on; stopped, it is guarded."""
        os.kill(self.victim.pid, signal.SIGSTOP)
        _, status = os.waitpid(self.victim.pid, os.WUNTRACED)
        self.assertTrue(os.WIFSTOPPED(status) and os.WSTOPSIG(status) == signal.SIGSTOP)
        self.assert_refused()
        os.kill(self.victim.pid, signal.SIGCONT)
        _, status = os.waitpid(self.victim.pid, os.WCONTINUED)
        self.assertTrue(os.WIFCONTINUED(status))
        self.assert_works()

    def assert_runs(self, pid):
        self.assertTrue(until(lambda: victims.state(pid) == "S"), f"{victims.state(pid)}: it does not go on")

    def test_signal_to_both(self):
        """To the program and one of its guards: neither waits for the other for ever. (SIGSTOP to guard and watcher at
        once does stop them: CAVEATS.md.)"""
        for number in (signal.SIGSTOP, signal.SIGCONT, signal.SIGWINCH, signal.SIGSTOP, signal.SIGCONT) * 10:
            for other in self.pair:
                os.kill(other, number)
                os.kill(self.victim.pid, number)
                self.assert_runs(other)
        self.assert_refused()
        self.assert_works()

    def test_sigcont_to_all(self):
        """As a service manager does with all processes of a service."""
        for _ in range(50):
            for pid in [self.victim.pid] + self.pair:
                os.kill(pid, signal.SIGCONT)
        for pid in self.pair:
            self.assert_runs(pid)
        self.assert_refused()
        self.assert_works()

    def test_idle_guard(self):
        before = [ticks(pid) for pid in self.pair]
        time.sleep(1)
        self.assertEqual([ticks(pid) for pid in self.pair], before, "an idle guard uses the processor")

    def test_guard_ends_with_the_program(self):
        self.assert_works()
        self.assert_pair_ends()

    def test_killed_program(self):
        os.kill(self.victim.pid, signal.SIGKILL)
        self.assertEqual(self.victim.process.wait(PATIENCE), -signal.SIGKILL)
        self.assert_pair_ends()

    def test_terminated_program(self):
        os.kill(self.victim.pid, signal.SIGTERM)
        self.assertEqual(self.victim.process.wait(PATIENCE), -signal.SIGTERM)

    def test_descriptors(self):
        """The guard keeps nothing open: who waits for the end of a pipe must not wait for it."""
        for pid in self.pair:
            self.assertEqual(os.listdir(f"/proc/{pid}/fd"), [])
            self.assertEqual(os.getsid(pid), self.guard)

    def test_no_core(self):
        for pid in (self.victim.pid, self.guard):
            self.assertRegex(pathlib.Path(f"/proc/{pid}/limits").read_text(), r"core file size +0 +0")


class StartTest(unittest.TestCase):
    """Without a guard nothing runs protected, and the message says what mends it."""

    USER = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]

    def run_copy(self, remove=None, options=(), capability=None, prefix=()):
        """`adyton run /bin/true` of a copy of what was built, in a folder that every user may enter."""
        with tempfile.TemporaryDirectory(dir="/tmp") as folder:
            os.chmod(folder, 0o777)
            shutil.copy(victims.ADYTON, f"{folder}/adyton")
            for part in ("host", "kernel"):
                (pathlib.Path(folder) / part).mkdir()
                for path in (victims.BUILD / part).iterdir():
                    if path.is_file():
                        shutil.copy(path, pathlib.Path(folder) / part)
            os.mkdir(f"{folder}/cache")
            os.chmod(f"{folder}/cache", 0o777)
            if remove:
                (pathlib.Path(folder) / remove).unlink()
            if capability:
                subprocess.run(["setcap", capability, f"{folder}/host/adyton-host"], check=True)
            return subprocess.run([*prefix, f"{folder}/adyton", "run", *options, "/bin/true"], stderr=subprocess.PIPE,
                                  env={"HOME": folder, "XDG_CACHE_HOME": f"{folder}/cache",
                                       "XDG_DATA_HOME": f"{folder}/cache", "PATH": "/usr/bin:/bin"},
                                  cwd="/", timeout=60, check=False)

    def test_missing_guard(self):
        self.assertEqual(self.run_copy().returncode, 0)
        result = self.run_copy("host/adyton-guard")
        self.assertEqual(result.returncode, 125)
        self.assertRegex(result.stderr.decode(), r"^adyton: adyton-guard is not installed .*--memory=ordinary\n$")
        self.assertEqual(self.run_copy("host/adyton-guard", ["--memory=ordinary"]).returncode, 0)

    def test_traced_from_the_start(self):
        """Under a debugger it does not start: somebody else holds what the guard needs."""
        pid = os.fork()
        if pid == 0:
            attack.LIBC.ptrace(0, 0, None, None)  # PTRACE_TRACEME
            os.execv(victims.ADYTON, ["adyton", "run", "/bin/true"])
        while True:
            _, status = os.waitpid(pid, 0)
            if not os.WIFSTOPPED(status):
                break
            attack.LIBC.ptrace(attack.CONT, pid, None, 0)
        self.assertEqual(os.waitstatus_to_exitcode(status), 125)

    @unittest.skipUnless(shutil.which("setpriv") and shutil.which("setcap"), "setpriv or setcap is not installed")
    def test_ordinary_user(self):
        """Who is not root is told what is missing, and guarded where `make install` gave the capability: the process
        then starts undumpable, and with more than the guard would have."""
        result = self.run_copy(prefix=self.USER)
        if result.returncode != 0:
            self.assertEqual(result.returncode, 125)
            self.assertRegex(result.stderr.decode(), r"^adyton: .*RLIMIT_MEMLOCK.*make install.*--memory=ordinary")
        result = self.run_copy(prefix=self.USER, capability="cap_ipc_lock=ep")
        self.assertEqual((result.stderr, result.returncode), (b"", 0))


if __name__ == "__main__":
    victims.skip_unless_possible()
    sys.exit(run())
