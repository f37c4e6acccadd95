#!/usr/bin/env python3
"""tests/run counts what tests say: every way to pass, to skip and to fail."""

import contextlib
import importlib.machinery
import importlib.util
import io
import pathlib
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True

from tap import run  # noqa: E402

PATH = pathlib.Path(__file__).resolve().parents[1] / "run"
LOADER = importlib.machinery.SourceFileLoader("runner", str(PATH))
runner = importlib.util.module_from_spec(importlib.util.spec_from_loader("runner", LOADER))
LOADER.exec_module(runner)


def judged(script, timeout=10):
    with tempfile.TemporaryDirectory() as folder:
        result = runner.Test("x", ["sh", "-c", script], timeout, folder=folder).run(pathlib.Path(folder))
    return result.passed, len(result.failed), len(result.skipped)


class Counting(unittest.TestCase):
    def test_exit_status(self):
        self.assertEqual(judged("exit 0"), (1, 0, 0))
        self.assertEqual(judged("exit 1"), (0, 1, 0))
        self.assertEqual(judged("kill -9 $$"), (0, 1, 0))

    def test_skip_gives_its_reason(self):
        with tempfile.TemporaryDirectory() as folder:
            result = runner.Test("x", ["sh", "-c", "echo no such device; exit 77"]).run(pathlib.Path(folder))
        self.assertEqual(result.skipped, [("", "no such device")])
        self.assertEqual((result.passed, result.failed), (0, []))

    def test_tap_cases_are_counted_one_by_one(self):
        script = "echo 1..3; echo ok 1 - a; echo not ok 2 - b; echo 'ok 3 - c # SKIP why'; exit 1"
        self.assertEqual(judged(script), (1, 1, 1))

    def test_cmocka_spells_a_skip_as_not_ok(self):
        self.assertEqual(judged("echo 1..1; echo 'not ok 1 # SKIP case'"), (0, 0, 1))

    def test_a_whole_plan_may_be_skipped(self):
        self.assertEqual(judged("echo '1..0 # SKIP no device'"), (0, 0, 1))

    def test_bad_status_after_good_cases_is_a_failure(self):
        self.assertEqual(judged("echo ok 1 - a; exit 3"), (1, 1, 0))
        self.assertEqual(judged("echo ok 1 - a; exit 77"), (1, 1, 0))

    def test_not_ok_fails_whatever_the_status(self):
        self.assertEqual(judged("echo not ok 1 - a; exit 0"), (0, 1, 0))

    def test_cases_missing_from_the_plan(self):
        self.assertEqual(judged("echo 1..2; echo ok 1 - a"), (1, 1, 0))
        self.assertEqual(judged("echo 1..2"), (0, 1, 0))
        self.assertEqual(judged("echo 1..1; echo ok 1 - a; echo 1..1; echo ok 1 - b"), (2, 0, 0))

    def test_out_of_time(self):
        self.assertEqual(judged("sleep 30", timeout=0.2), (0, 1, 0))

    def test_what_a_test_leaves_behind_ends_with_it(self):
        with tempfile.TemporaryDirectory() as folder:
            pid = pathlib.Path(folder) / "pid"
            command = f"sleep 60 >/dev/null 2>&1 & echo $! > {pid}"
            runner.Test("x", ["sh", "-c", command]).run(pathlib.Path(folder))
            status = pathlib.Path("/proc", pid.read_text().strip(), "status")
            self.assertTrue(not status.exists() or "State:\tZ" in status.read_text())

    def test_last_line_and_exit_status(self):
        good, bad = runner.Result("good"), runner.Result("bad")
        runner.judge(good, 0, "ok 1 - a\nok 2 - b\n")
        runner.judge(bad, 1, "")
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            self.assertEqual(runner.summary([good], 0), 0)
            self.assertEqual(runner.summary([], 0), 1)
            self.assertEqual(runner.summary([good, bad], 0), 1)
        self.assertEqual(printed.getvalue().splitlines()[-1], "2 passed, 1 failed, 0 skipped")


if __name__ == "__main__":
    sys.exit(run())
