"""Every command of README.md runs, in the README's order, on smaller worlds."""
import re
import shlex
import subprocess
import unittest

from program import PROGRAM, SOURCE, FolderTest

README = (SOURCE / "README.md").read_text()
COMMANDS = re.findall(r"^    ((?:peakstorm|mpirun|sqlite3|python3|\./dev) .*)$", README, re.MULTILINE)

# What makes a command of the README short; each must be used. Everything else is as the README has it.
SHORTER = {
    "peakstorm drill christmas-2013": "peakstorm drill christmas-2013 --scale 0.0005 --seconds 2",
    "peakstorm drill my-network": "peakstorm drill my-network --seconds 2",
    "peakstorm drill first-steps": "peakstorm drill first-steps --seconds 2",
    "us-peak-day": "us-peak-day --scale 0.0002",
    "one-or-eight --scale 0.02": "one-or-eight --scale 0.0005 --replications 2",
}


class Readme(FolderTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        (cls.folder / "bin").mkdir()
        # A link would do, were the MPI module not looked for beside the program that runs.
        (cls.folder / "bin" / "peakstorm").write_text(f'#!/bin/sh\nexec {shlex.quote(PROGRAM)} "$@"\n')
        (cls.folder / "bin" / "peakstorm").chmod(0o755)
        for name in ("scenarios", "results"):
            (cls.folder / name).symlink_to(SOURCE / name)
        for name, text in re.findall(r"^    # (\w+\.toml)\n((?:    .*\n)+)", README, re.MULTILINE):
            (cls.folder / name).write_text(re.sub(r"^    ", "", text, flags=re.MULTILINE))
        cls.environment = {
            "PATH": f"{cls.folder / 'bin'}:/usr/bin:/bin",
            "HOME": str(cls.folder),
            "LC_ALL": "C.UTF-8",
            "PEAKSTORM_WEBHOOK_SECRET": "readme",
            # mpirun as root, on fewer processors than ranks, without a scheduler, on loopback alone.
            "OMPI_ALLOW_RUN_AS_ROOT": "1",
            "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1",
            "OMPI_MCA_rmaps_base_oversubscribe": "1",
            "OMPI_MCA_hwloc_base_binding_policy": "none",
            "OMPI_MCA_plm": "isolated",
            "OMPI_MCA_btl_tcp_if_include": "lo",
            "OMPI_MCA_oob_tcp_if_include": "lo",
        }
        cls.endpoint = subprocess.Popen(
            [PROGRAM, "endpoint", "--port", "0"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True, env=cls.environment,
        )
        cls.addClassCleanup(cls.end_endpoint)
        for line in cls.endpoint.stdout:
            if found := re.search(r"http://127\.0\.0\.1:\d+", line):
                cls.url = found[0]
                break

    @classmethod
    def end_endpoint(cls):
        cls.endpoint.terminate()
        cls.endpoint.stdout.close()
        cls.endpoint.wait(timeout=60)

    def test_commands_run(self):
        self.assertGreater(len(COMMANDS), 12)
        used = set()
        for command in COMMANDS:
            if command.startswith("./dev"):
                continue
            short = command.replace("http://127.0.0.1:8080", self.url)
            for text, shorter in SHORTER.items():
                if text in short:
                    used.add(text)
                    short = short.replace(text, shorter)
            with self.subTest(command):
                done = subprocess.run(
                    ["bash", "-euo", "pipefail", "-c", short], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                    cwd=self.folder, env=self.environment, timeout=250,
                )
                self.assertEqual(done.returncode, 0, f"{short}\n{done.stdout}{done.stderr}")
                self.assertTrue(done.stdout.strip())
        self.assertEqual(used, set(SHORTER))

    def test_the_storm_makes_the_difference_that_the_readme_says(self):
        with_storm, without = (
            re.search(r'"digest":"(\w+)"', subprocess.run(
                ["peakstorm", "simulate", "christmas-2013", "--scale", "0.0002", "--json", *more], check=True,
                capture_output=True, text=True, env=self.environment, cwd=self.folder, timeout=250,
            ).stdout)[1]
            for more in ([], ["--without", "storm"])
        )
        self.assertNotEqual(with_storm, without)

    def test_dev_commands_are_known(self):
        known = subprocess.run([SOURCE / "dev", "help"], capture_output=True, text=True, check=True).stdout
        commands = [command for command in COMMANDS if command.startswith("./dev")]
        dockerfile = (SOURCE / "Dockerfile").read_text()
        runs = re.findall(r"^RUN (.*)$", dockerfile, re.MULTILINE)
        self.assertGreater(len(runs), 1)
        for command in commands + runs:
            with self.subTest(command):
                words = command.split()
                self.assertEqual(words[0], "./dev")
                self.assertRegex(known, rf"\n  {words[1]}\b")
                for word in words[2:]:
                    self.assertRegex(known, rf"\n  {words[1]} .*\b{word}\b")

    def test_pages_that_it_names_are_there(self):
        pages = set(re.findall(r"`([\w/.-]+\.(?:md|proto|toml|sql|py))`", README))
        self.assertGreater(len(pages), 10)
        for page in pages - {"scenario.toml"}:
            with self.subTest(page):
                self.assertTrue((SOURCE / page).exists())


if __name__ == "__main__":
    unittest.main()
