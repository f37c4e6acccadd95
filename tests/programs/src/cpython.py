"""Run CPython's own test modules, one line a test:  ID  TAB  ok | skip | bad | process  [TAB reason].

`process` marks a test that started a process; natively it is allowed and noted, and with a list of such tests as the
first argument they are left out. A test that takes longer than its limit is interrupted."""
import os
import posix
import signal
import sys
import unittest

import _posixsubprocess

LIMIT = 20
started = []


def note(function):
    def noted(*arguments, **keywords):
        started.append(True)
        return function(*arguments, **keywords)
    return noted


def late(*_):
    raise TimeoutError("over its limit")


class Lines(unittest.TestResult):
    def startTest(self, test):
        super().startTest(test)
        started.clear()
        self.word, self.why = "ok", ""
        if "test_signal" not in test.id():  # those use the alarm themselves
            signal.signal(signal.SIGALRM, late)
            signal.setitimer(signal.ITIMER_REAL, LIMIT)

    def stopTest(self, test):
        signal.setitimer(signal.ITIMER_REAL, 0)
        word = "process" if started else self.word
        report.write(f"{test.id()}\t{word}\t{self.why}\n")
        report.flush()

    def addSkip(self, test, reason):
        super().addSkip(test, reason)
        self.word, self.why = "skip", reason.replace("\n", " ")

    def bad(self, error):
        self.word, self.why = "bad", f"{error[0].__name__}: {error[1]}".replace("\n", " ")[:300]

    def addError(self, test, err):
        super().addError(test, err)
        self.bad(err)

    def addFailure(self, test, err):
        super().addFailure(test, err)
        self.bad(err)

    def addSubTest(self, test, subtest, err):
        super().addSubTest(test, subtest, err)
        if err:
            self.bad(err)


def flat(suite):
    for test in suite:
        if isinstance(test, unittest.TestSuite):
            yield from flat(test)
        else:
            yield test


for name in ("fork", "forkpty", "posix_spawn", "posix_spawnp"):
    noted = note(getattr(os, name))
    setattr(os, name, noted)
    setattr(posix, name, noted)
_posixsubprocess.fork_exec = note(_posixsubprocess.fork_exec)
import subprocess  # noqa: E402  it takes fork_exec by value

subprocess._fork_exec = _posixsubprocess.fork_exec
with open(sys.argv[1], encoding="utf-8") as known:
    leave_out = set(known.read().split("\n"))
report = open(sys.argv[2], "w", encoding="utf-8")


def keep(suite):
    """The suite without what is left out; fixtures of classes and modules still run."""
    kept = unittest.TestSuite()
    for test in suite:
        if isinstance(test, unittest.TestSuite):
            kept.addTest(keep(test))
        elif test.id() not in leave_out:
            kept.addTest(test)
    return kept


import test.support  # noqa: E402

test.support.use_resources = ["network"] if os.environ.get("RESOURCES") else []
suite = keep(unittest.defaultTestLoader.loadTestsFromNames(sys.argv[3:]))
suite.run(Lines())
print("done", suite.countTestCases() > 0)
report.close()
sys.stdout.flush()
os._exit(0)
