"""The built program as a child process, and folders that go away with their test."""
import os
import subprocess
import tempfile
import unittest
from pathlib import Path

PROGRAM = os.environ["PEAKSTORM_PROGRAM"]
SOURCE = Path(os.environ["PEAKSTORM_SOURCE_DIR"])


def run(*arguments, program=PROGRAM, code=0, **options):
    """Standard output of a finished child; raises when it ends with another exit code than `code`."""
    done = subprocess.run(
        [program, *map(str, arguments)], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120, **options
    )
    if done.returncode != code:
        raise AssertionError(f"{program} {arguments}: exit code {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


def refused(*arguments, code=2):
    """Standard error of a child that must refuse."""
    done = subprocess.run(
        [PROGRAM, *map(str, arguments)], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120
    )
    if done.returncode != code:
        raise AssertionError(f"{arguments}: exit code {done.returncode}, not {code}\n{done.stdout}{done.stderr}")
    return done.stderr


class FolderTest(unittest.TestCase):
    """Tests that share a temporary folder, `cls.folder`."""

    @classmethod
    def setUpClass(cls):
        cls.kept = tempfile.TemporaryDirectory(prefix="peakstorm-test-")
        cls.addClassCleanup(cls.kept.cleanup)
        cls.folder = Path(cls.kept.name)
