#!/usr/bin/env python3
"""Root writes into a program: into every mapping of the process and of its guard. The only exceptions are named here
and in CAVEATS.md: pages that a just-in-time compiler made writable and executable at once."""
# timeout: 300

import pathlib
import sys
import unittest

sys.dont_write_bytecode = True
sys.path[:0] = [str(pathlib.Path(__file__).resolve().parent), str(pathlib.Path(__file__).resolve().parents[1] / "tidy")]

import attack  # noqa: E402
import victims  # noqa: E402
from tap import run  # noqa: E402

NAMES_OF_NATIVE = {"[stack]", "[heap]", str(victims.VICTIM)}


class WriteTest(unittest.TestCase):
    def check_native(self, written):
        """The attack works: text, stack, heap of an ordinary process can be written."""
        self.assertLessEqual(NAMES_OF_NATIVE, {name for _, _, _, name in written})
        self.assertTrue(any("x" in permissions for _, _, permissions, _ in written), "no text was written")

    def test_every_mapping(self):
        with victims.Victim(enclave=False) as native:
            written, _ = attack.write_mem(native.pid)
            self.check_native(written)
        with victims.Victim(enclave=True) as enclave:
            written, tried = attack.write_mem(enclave.pid)
            self.assertEqual(written, [])
            self.assertGreater(tried, 20)
            enclave.command(b"q")
            self.assertEqual(enclave.process.wait(30), 7)

    def test_every_mapping_of_the_guard(self):
        with victims.Victim(enclave=True) as enclave:
            for pid in (enclave.guard(), victims.tracer(enclave.guard())):
                written, tried = attack.write_mem(pid)
                self.assertEqual(written, [])
                self.assertGreater(tried, 3)

    def test_process_vm_writev(self):
        with victims.Victim(enclave=False) as native:
            self.assertIn("[stack]", {name for _, _, _, name in attack.write_vm(native.pid)})
        with victims.Victim(enclave=True) as enclave:
            self.assertEqual(attack.write_vm(enclave.pid), [])

    def test_no_mapping_is_private(self):
        """What /proc/PID/maps says of process and guard: secret memory, or sealed and read-only; nothing else."""
        with victims.Victim(enclave=True) as enclave:
            for pid in (enclave.pid, enclave.guard()):
                for start, _, permissions, name in attack.maps(pid):
                    self.assertIn("s", permissions, f"{start:x} {name}")
                    if not name.startswith("/secretmem"):
                        self.assertTrue(name.startswith("/memfd:") and "w" not in permissions, f"{start:x} {name}")

    def test_exception_of_just_in_time_compilers(self):
        """Memory that is writable and executable at once cannot be secret: root reads and writes it, and no more."""
        with victims.Victim(enclave=True, jit=True) as enclave:
            written, _ = attack.write_mem(enclave.pid)
            page = enclave.addresses["jit"]
            self.assertEqual([(start, end) for start, end, _, _ in written], [(page, page + attack.PAGE)])
            self.assertEqual(enclave.found(attack.read_mem(enclave.pid)), {"jit"})

    def test_ordinary_memory_is_unprotected(self):
        """--memory=ordinary does what it says: so these tests would notice if nothing protected."""
        with victims.Victim(enclave=True, options=["--memory=ordinary"]) as ordinary:
            self.assertEqual(ordinary.guard(), 0)
            self.assertIn("heap", ordinary.found(attack.read_mem(ordinary.pid)))


if __name__ == "__main__":
    victims.skip_unless_possible()
    sys.exit(run())
