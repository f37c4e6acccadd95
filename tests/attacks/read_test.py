#!/usr/bin/env python3
"""Root reads the memory of a program: each attack must succeed on an ordinary process, else it proves nothing, and must
get nothing from the same program under `adyton run`."""
# timeout: 300

import os
import pathlib
import select
import shutil
import sys
import unittest

sys.dont_write_bytecode = True
sys.path[:0] = [str(pathlib.Path(__file__).resolve().parent), str(pathlib.Path(__file__).resolve().parents[1] / "tidy")]

import attack  # noqa: E402
import victims  # noqa: E402
from tap import run  # noqa: E402

IN_MEMORY = set("file_buffer heap stack thread_stack data bss library_data library_bss shared written".split())


class ReadTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.native, cls.enclave = victims.Victim(enclave=False), victims.Victim(enclave=True)

    @classmethod
    def tearDownClass(cls):
        for victim in (cls.native, cls.enclave):
            victim.__exit__()

    def attack(self, function, expected, *arguments):
        """function(victim) finds all of `expected` in the ordinary process, and nothing in the enclave."""
        leaked = self.native.found(function(self.native, *arguments))
        self.assertLessEqual(expected, leaked, "the attack does not work even on an ordinary process")
        self.assertEqual(self.enclave.found(function(self.enclave, *arguments)), set())

    def addresses(self, victim):
        return [victim.addresses[place] for place in IN_MEMORY]

    def test_proc_mem(self):
        self.attack(lambda v: attack.read_mem(v.pid), IN_MEMORY)

    def test_process_vm_readv(self):
        self.attack(lambda v: attack.read_vm(v.pid), IN_MEMORY)

    def test_map_files(self):
        self.attack(lambda v: attack.read_map_files(v.pid), {"shared"})

    def test_pidfd_getfd(self):
        self.attack(lambda v: attack.steal_descriptors(v.pid), {"memfd", "pipe"})

    def test_proc_syscall(self):
        self.attack(lambda v: attack.read_syscall(v.pid), {"arguments"})

    def test_ptrace_peek(self):
        leaked = attack.peek(self.native.pid, self.addresses(self.native))
        self.assertLessEqual(IN_MEMORY, self.native.found(leaked))
        for tid in self.enclave.threads():
            with self.assertRaises(PermissionError, msg=f"attached to thread {tid}"):
                attack.peek(tid, self.addresses(self.enclave))

    def test_ptrace_seize(self):
        attack.seize(self.native.pid)
        for tid in self.enclave.threads():
            with self.assertRaises(PermissionError, msg=f"seized thread {tid}"):
                attack.seize(tid)

    def test_injected_system_call(self):
        attack.inject_write(self.native.pid, self.native.addresses["heap"])
        self.assertTrue(select.select([self.native.process.stdout], [], [], 10)[0], "the injected call wrote nothing")
        self.assertEqual(os.read(self.native.process.stdout.fileno(), 32), self.native.secrets["heap"])
        for tid in self.enclave.threads():
            with self.assertRaises(PermissionError):
                attack.inject_write(tid, self.enclave.addresses["heap"])

    @unittest.skipUnless(shutil.which("gdb"), "gdb is not installed")
    def test_gdb_and_gcore(self):
        leaked, _ = attack.gdb(self.native.pid, self.addresses(self.native), self.native.path)
        self.assertLessEqual(IN_MEMORY | {"vector"}, self.native.found(leaked))
        leaked, said = attack.gdb(self.enclave.pid, self.addresses(self.enclave), self.enclave.path)
        self.assertEqual(self.enclave.found(leaked), set())
        self.assertIn("Operation not permitted", said)

    def test_zz_still_running(self):
        """None of this disturbs the program. Last by name."""
        self.enclave.command(b"q")
        self.assertEqual(self.enclave.process.wait(30), 7)


class CoreTest(unittest.TestCase):
    """The core pattern is the machine's; it is put back."""
    PATTERN = pathlib.Path("/proc/sys/kernel/core_pattern")

    def setUp(self):
        before = self.PATTERN.read_text()
        if before.strip() != "core":
            self.PATTERN.write_text("core")
            self.addCleanup(self.PATTERN.write_text, before)

    def test_core_dump(self):
        with victims.Victim(enclave=False) as native:
            self.assertLessEqual(IN_MEMORY | {"vector"}, native.found(attack.dump_core(native)))
        with victims.Victim(enclave=True) as enclave:
            self.assertEqual(attack.dump_core(enclave), b"")
            self.assertEqual(enclave.process.returncode, -6)


if __name__ == "__main__":
    victims.skip_unless_possible()
    sys.exit(run())
