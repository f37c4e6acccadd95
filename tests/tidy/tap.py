"""unittest's results as TAP."""

import sys
import unittest


class TapResult(unittest.TextTestResult):
    def stopTest(self, test):
        super().stopTest(test)
        bad = [entry for entry in self.failures + self.errors if entry[0] is test]
        skipped = "".join(f" # SKIP {reason}" for skipped, reason in self.skipped if skipped is test)
        print(f"{'not ok' if bad else 'ok'} {self.testsRun} - {'.'.join(test.id().split('.')[-2:])}{skipped}")


def run():
    """Run the tests of the program; its exit status."""
    suite = unittest.defaultTestLoader.loadTestsFromModule(sys.modules["__main__"])
    print(f"1..{suite.countTestCases()}", flush=True)
    result = unittest.TextTestRunner(stream=sys.stdout, resultclass=TapResult, verbosity=0).run(suite)
    return 0 if result.wasSuccessful() else 1
