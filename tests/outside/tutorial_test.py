"""The planner's tutorial does not rot: its commands run one after the other in an empty folder, and print what it shows."""
import re
import shlex
import subprocess
import unittest

from program import PROGRAM, SOURCE, FolderTest

PAGE = (SOURCE / "scenarios/TUTORIAL.md").read_text()
# Commands, and what the page shows of their output where it shows any.
STEPS = re.findall(r"```sh\n(.*?)```(?:\s*```text\n(.*?)```)?", PAGE, re.DOTALL)


class Tutorial(FolderTest):
    def test_commands_run_and_print_what_it_shows(self):
        self.assertGreaterEqual(len(STEPS), 5)
        program = self.folder / "bin" / "peakstorm"
        program.parent.mkdir()
        program.write_text(f'#!/bin/sh\nexec {shlex.quote(PROGRAM)} "$@"\n')
        program.chmod(0o755)
        room = self.folder / "room"
        room.mkdir()
        environment = {
            "PATH": f"{program.parent}:/usr/bin:/bin",
            "HOME": str(room),
            "LC_ALL": "C.UTF-8",
            "PEAKSTORM_LIBRARY": str(SOURCE / "scenarios/library"),
        }
        for commands, shown in STEPS:
            with self.subTest(commands):
                done = subprocess.run(
                    ["bash", "-euo", "pipefail", "-c", commands], stdin=subprocess.DEVNULL,
                    capture_output=True, text=True, cwd=room, env=environment, timeout=250,
                )
                self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
                printed = {line.strip() for line in done.stdout.splitlines()}
                for line in shown.splitlines():
                    self.assertIn(line.strip(), printed)
        self.assertTrue((room / "answer" / "report.html").exists())


if __name__ == "__main__":
    unittest.main()
