#!/usr/bin/env python3
"""What a software enclave cannot refuse. Each test shows the leak that CAVEATS.md tells of; when one fails because
nothing leaked any more, CAVEATS.md is to be corrected. Kernel lockdown (confidentiality) forbids all of these."""
# timeout: 120

import pathlib
import shutil
import subprocess
import sys
import unittest

sys.dont_write_bytecode = True
sys.path[:0] = [str(pathlib.Path(__file__).resolve().parent), str(pathlib.Path(__file__).resolve().parents[1] / "tidy")]

import probe  # noqa: E402
import victims  # noqa: E402
from tap import run  # noqa: E402


class UnrefusedTest(unittest.TestCase):
    def bpf(self, victim, place):
        def trigger():
            victim.command(b"t")
            victim.process.stdout.readline()
        return probe.read_user(victim.pid, victim.addresses[place], trigger)

    def test_bpf_probe_read_user(self):
        for place in ("heap", "stack", "data"):
            with victims.Victim(enclave=False) as native:
                try:
                    leaked = self.bpf(native, place)
                except OSError as error:
                    self.skipTest(f"not possible on this machine: {error}")
                self.assertEqual(leaked, native.secrets[place])
            with victims.Victim(enclave=True) as enclave:
                self.assertEqual(self.bpf(enclave, place), enclave.secrets[place], "no leak: correct CAVEATS.md")

    def perf(self, victim):
        """What `perf record` sampled of a busy program's stack, and what it said."""
        victim.command(b"s")
        data = victim.path / "perf.data"
        ran = subprocess.run(["perf", "record", "-e", "cpu-clock", "--call-graph", "dwarf,8192", "-p", str(victim.pid),
                              "-o", data, "sleep", "0.5"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                             check=False, timeout=60)
        return data.read_bytes() if data.exists() else b"", ran.stdout.decode("utf-8", "replace").strip()

    @unittest.skipUnless(shutil.which("perf"), "perf is not installed")
    def test_perf_stack_samples(self):
        with victims.Victim(enclave=False) as native:
            leaked, said = self.perf(native)
            if "stack" not in native.found(leaked):
                self.skipTest(f"perf samples no stack on this machine: {said[:200]}")
        with victims.Victim(enclave=True) as enclave:
            leaked, said = self.perf(enclave)
            self.assertIn("stack", enclave.found(leaked), f"no leak: correct CAVEATS.md ({said})")

    def test_kernel_memory(self):
        """/dev/mem, /proc/kcore, modules: no attack is tried, this says only whether this machine has them."""
        here = [path for path in ("/dev/mem", "/proc/kcore", "/proc/modules") if pathlib.Path(path).exists()]
        self.skipTest(f"would read all memory, secret memory too where it is mapped again; here: {here or 'none'}")


if __name__ == "__main__":
    victims.skip_unless_possible()
    sys.exit(run())
