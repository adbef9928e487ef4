#!/usr/bin/env python3
"""Runs tests/api/test_*.py against the reeved that REEVED names: run.py [name of a file, class or test]…

Closes with "N passed, N failed", which scripts/count-tests adds up.
"""
import pathlib
import signal
import sys
import unittest

HERE = pathlib.Path(__file__).resolve().parent


def interrupt(*_):
    """unittest takes any other exception for a test's own; the servers end as the program does (harness.end_all)."""
    raise KeyboardInterrupt


def main():
    signal.signal(signal.SIGTERM, interrupt)
    sys.path.insert(0, str(HERE))
    loader = unittest.TestLoader()
    if len(sys.argv) > 1:
        suite = loader.loadTestsFromNames(sys.argv[1:])
    else:
        suite = loader.discover(str(HERE), pattern="test_*.py")
    result = unittest.TextTestRunner(stream=sys.stdout, verbosity=1).run(suite)
    failed = len(result.failures) + len(result.errors) + len(result.unexpectedSuccesses)
    skipped = len(result.skipped)
    print(f"{result.testsRun - failed - skipped} passed, {failed} failed, {skipped} skipped")
    return 1 if failed or result.testsRun == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
