#!/usr/bin/env python3
"""The guard: it cannot be taken over, ending it ends the program, stopping it stops nothing; and the program behaves as
if nobody traced it: threads, signals, job control, exit status."""
# timeout: 300

import os
import pathlib
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

    def assert_refused(self):
        for tid in self.victim.threads() + [self.guard]:
            with self.assertRaises(PermissionError, msg=f"attached to {tid}"):
                attack.peek(tid, [])
            with self.assertRaises(PermissionError, msg=f"seized {tid}"):
                attack.seize(tid)

    def assert_works(self):
        """It answers (with a new thread), then ends as it should."""
        self.victim.command(b"t")
        self.assertEqual(self.victim.process.stdout.readline(), b"thread\n")
        self.victim.command(b"q")
        self.assertEqual(self.victim.process.wait(PATIENCE), 7)

    def test_each_traces_the_other(self):
        self.assertEqual({victims.tracer(tid) for tid in self.victim.threads()}, {self.guard})
        self.assertIn(victims.tracer(self.guard), self.victim.threads())

    def test_attach(self):
        self.assert_refused()
        self.assert_works()

    def test_attach_to_new_thread(self):
        before = set(self.victim.threads())
        self.victim.command(b"t")
        self.assertEqual(self.victim.process.stdout.readline(), b"thread\n")
        self.assertTrue(set(self.victim.threads()) - before)
        self.assert_refused()
        self.assert_works()

    def test_killed_guard(self):
        os.kill(self.guard, signal.SIGKILL)
        self.assertEqual(self.victim.process.wait(PATIENCE), -signal.SIGKILL)

    def test_stopped_guard(self):
        """SIGSTOP cannot be blocked; the watcher makes the guard go on."""
        for _ in range(20):
            os.kill(self.guard, signal.SIGSTOP)
            self.assert_refused()
        self.assertTrue(until(lambda: victims.state(self.guard) == "S"))
        os.kill(self.guard, signal.SIGCONT)
        self.assert_refused()
        self.assert_works()

    def test_signals_to_the_guard(self):
        for number in range(1, signal.SIGRTMAX + 1):
            if number != signal.SIGKILL and number not in (32, 33):
                os.kill(self.guard, number)
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

    def test_signal_to_both(self):
        """Neither waits for the other for ever."""
        for number in (signal.SIGSTOP, signal.SIGCONT, signal.SIGWINCH, signal.SIGSTOP, signal.SIGCONT) * 5:
            os.kill(self.guard, number)
            os.kill(self.victim.pid, number)
            time.sleep(0.01)
        self.assert_refused()
        self.assert_works()

    def test_idle_guard(self):
        before = ticks(self.guard)
        time.sleep(1)
        self.assertEqual(ticks(self.guard), before, "an idle guard uses the processor")

    def test_guard_ends_with_the_program(self):
        self.assert_works()
        self.assertTrue(until(lambda: not exists(self.guard)), "the guard outlived its program")

    def test_killed_program(self):
        os.kill(self.victim.pid, signal.SIGKILL)
        self.assertEqual(self.victim.process.wait(PATIENCE), -signal.SIGKILL)
        self.assertTrue(until(lambda: not exists(self.guard)), "the guard outlived its program")

    def test_terminated_program(self):
        os.kill(self.victim.pid, signal.SIGTERM)
        self.assertEqual(self.victim.process.wait(PATIENCE), -signal.SIGTERM)

    def test_descriptors(self):
        """The guard keeps nothing open: who waits for the end of a pipe must not wait for it."""
        self.assertEqual(os.listdir(f"/proc/{self.guard}/fd"), [])
        self.assertEqual(os.getsid(self.guard), self.guard)

    def test_core_limit_and_dumpable(self):
        for pid in (self.victim.pid, self.guard):
            self.assertRegex(pathlib.Path(f"/proc/{pid}/limits").read_text(), r"core file size +0 +0")


class StartTest(unittest.TestCase):
    """Without a guard nothing runs protected, and the message says what mends it."""

    def run_copy(self, remove=None, options=()):
        with tempfile.TemporaryDirectory() as folder:
            shutil.copy(victims.ADYTON, folder)
            for part in ("host", "kernel"):
                if (victims.BUILD / part).is_dir():
                    shutil.copytree(victims.BUILD / part, pathlib.Path(folder) / part, ignore=shutil.ignore_patterns("*.p"))
            if remove:
                (pathlib.Path(folder) / remove).unlink()
            return subprocess.run([f"{folder}/adyton", "run", *options, "/bin/true"], stderr=subprocess.PIPE, timeout=60,
                                  check=False)

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

    def test_ordinary_user(self):
        """Who is not root is guarded too (where the limit of locked memory is enough), or told what is missing."""
        if not shutil.which("setpriv"):
            self.skipTest("no setpriv here")
        with tempfile.TemporaryDirectory() as folder:
            os.chmod(folder, 0o777)
            result = subprocess.run(["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", victims.ADYTON, "run",
                                     "/bin/true"], env={"HOME": folder, "XDG_CACHE_HOME": folder, "PATH": "/usr/bin:/bin"},
                                    cwd="/", stderr=subprocess.PIPE, timeout=60, check=False)
        if result.returncode == 0:
            return
        self.assertRegex(result.stderr.decode(), r"^adyton: .*(RLIMIT_MEMLOCK|CAP_IPC_LOCK|--memory=ordinary)")


if __name__ == "__main__":
    victims.skip_unless_possible()
    sys.exit(run())
