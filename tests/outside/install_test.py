"""`cmake --install` puts everything a run needs below its prefix, and what is installed runs from there."""
import json
import os
import re
import subprocess
import unittest

from program import SOURCE, FolderTest

BUILD = os.environ["PEAKSTORM_BUILD_DIR"]


class Installed(FolderTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.prefix = cls.folder / "prefix"
        subprocess.run(
            ["cmake", "--install", BUILD, "--prefix", cls.prefix], check=True, stdout=subprocess.DEVNULL, timeout=120
        )
        cls.environment = {"PATH": f"{cls.prefix}/bin:/usr/bin:/bin", "HOME": str(cls.folder), "LC_ALL": "C.UTF-8"}

    def ran(self, *words):
        done = subprocess.run(
            words, stdin=subprocess.DEVNULL, capture_output=True, text=True, cwd=self.folder, env=self.environment,
            timeout=120,
        )
        self.assertEqual(done.returncode, 0, f"{words}\n{done.stdout}{done.stderr}")
        return done.stdout

    def test_it_has_its_own_scenarios(self):
        library = json.loads(self.ran("peakstorm", "scenarios", "--json"))
        self.assertEqual(library["library"], str(self.prefix / "share/peakstorm/scenarios"))
        here = {path.parent.name for path in (SOURCE / "scenarios/library").glob("*/scenario.toml")}
        self.assertEqual({scenario["name"] for scenario in library["scenarios"]}, here)

    def test_it_drills_and_its_streams_are_readable_with_what_lies_beside_it(self):
        self.ran("peakstorm", "drill", "first-steps", "--seconds", "2", "--out", "run", "--quiet")
        script = self.prefix / "share/doc/peakstorm/results/queries/read_scans.py"
        self.assertIn("delivered,", self.ran("/usr/bin/python3", str(script), "run"))

    def test_ranks_find_their_module(self):
        alone = json.loads(self.ran("peakstorm", "simulate", "first-steps", "--json"))
        mpirun = ["mpirun", "-n", "2", "--oversubscribe", "--allow-run-as-root", "--bind-to", "none"]
        for key, value in (("plm", "isolated"), ("btl_tcp_if_include", "lo"), ("oob_tcp_if_include", "lo")):
            mpirun += ["--mca", key, value]
        together = json.loads(self.ran(*mpirun, "peakstorm", "simulate", "first-steps", "--json"))
        self.assertEqual(alone["digest"], together["digest"])

    def test_manual_completion_and_pages_are_there(self):
        for name in (
            "share/man/man1/peakstorm.1.gz", "share/bash-completion/completions/peakstorm",
            "share/zsh/vendor-completions/_peakstorm", "share/fish/vendor_completions.d/peakstorm.fish",
            "share/peakstorm/peakstorm.proto", "share/peakstorm/tracking.proto",
            "share/peakstorm/scenario.schema.json", "share/doc/peakstorm/copyright",
            "share/peakstorm/policies.schema.json", "share/peakstorm/what-if.schema.json",
            "share/doc/peakstorm/scenarios/FORMAT.md", "share/doc/peakstorm/results/SQLITE.md",
            "share/doc/peakstorm/adapters/replay/README.md",
        ):
            with self.subTest(name):
                self.assertGreater((self.prefix / name).stat().st_size, 100)
        self.assertIn("peakstorm(1)", self.ran("mandoc", "-T", "utf8", f"{self.prefix}/share/man/man1/peakstorm.1.gz")
                      .lower())

    def test_the_image_copies_what_is_there_and_starts_what_is_installed(self):
        image = (SOURCE / "Dockerfile").read_text()
        copied = re.findall(r"^COPY (\S+) \S+$", image, re.MULTILINE)
        self.assertIn(".", copied)
        for name in copied:
            self.assertTrue((SOURCE / name).exists(), name)
        entry = json.loads(re.search(r"^ENTRYPOINT (.*)$", image, re.MULTILINE)[1])
        self.assertTrue((self.prefix / "bin" / entry[0]).exists())
        for ignored in (SOURCE / ".dockerignore").read_text().split():
            self.assertNotIn(ignored, copied)

    def test_nothing_of_the_source_tree_comes_along(self):
        names = [path.name for path in self.prefix.rglob("*") if path.is_file()]
        for ending in (".cpp", ".hpp", ".o", ".a", ".cmake"):
            self.assertEqual([name for name in names if name.endswith(ending)], [])


if __name__ == "__main__":
    unittest.main()
