"""Prometheus' own strict parser of OpenMetrics reads what a gate writes and what the endpoint answers, number by number."""
import json
import subprocess
import unittest
import urllib.request

from prometheus_client.openmetrics.parser import text_string_to_metric_families

from program import PROGRAM, FolderTest, run


def samples_of(text):
    """Every sample by its name and labels; the parser raises where the text is no OpenMetrics."""
    samples = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            samples[sample.name, frozenset(sample.labels.items())] = sample.value
    return samples


class OfARun(FolderTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.run_folder = cls.folder / "run"
        cls.drilled = json.loads(run(
            "drill", "first-steps", "--seconds", "1", "--out", cls.run_folder, "--json",
            "--openmetrics", cls.folder / "drill.txt",
        ))

    def test_a_drill_has_every_measure(self):
        samples = samples_of((self.folder / "drill.txt").read_text())
        measures = {dict(labels)["name"]: value for (name, labels), value in samples.items() if name == "peakstorm_measure"}
        told = {name: value for name, value in self.drilled["measures"].items() if value is not None}
        self.assertGreater(len(told), 30)
        self.assertEqual(measures, told)

    def test_a_gate_has_every_check(self):
        checks = {"lost_scans == 0": 1, "promise_kept > 100%": 0, "parcels >= 1": 1}
        file = self.folder / "gate.txt"
        words = [word for check in checks for word in ("--require", check)]
        run("gate", self.run_folder, "--only-required", *words, "--openmetrics", file, "--quiet", code=1)
        samples = samples_of(file.read_text())
        passed = {dict(labels)["name"]: value for (name, labels), value in samples.items() if name == "peakstorm_check_passed"}
        self.assertEqual(passed, checks)
        self.assertEqual([value for (name, _), value in samples.items() if name == "peakstorm_passed"], [0])


class OfTheEndpoint(unittest.TestCase):
    def test_metrics_count_what_was_asked(self):
        endpoint = subprocess.Popen(
            [PROGRAM, "endpoint", "--port", "0", "--allow-unsigned", "--json"], stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, text=True,
        )
        try:
            url = json.loads(endpoint.stdout.readline())["url"]
            for _ in range(3):
                with urllib.request.urlopen(f"{url}/healthz", timeout=60) as reply:
                    reply.read()
            with urllib.request.urlopen(f"{url}/metrics", timeout=60) as reply:
                self.assertEqual(reply.headers["Content-Type"].split(";")[0], "application/openmetrics-text")
                samples = samples_of(reply.read().decode())
        finally:
            endpoint.terminate()
            endpoint.stdout.close()
            endpoint.wait(timeout=60)
        asked = {("path", "/healthz")}
        self.assertEqual(samples["peakstorm_endpoint_requests_total", frozenset(asked | {("code", "200")})], 3)
        self.assertEqual(samples["peakstorm_endpoint_request_seconds_count", frozenset(asked)], 3)
        self.assertEqual(samples["peakstorm_endpoint_request_seconds_bucket", frozenset(asked | {("le", "+Inf")})], 3)
        self.assertEqual(samples["peakstorm_endpoint_commits_total", frozenset()], 0)


if __name__ == "__main__":
    unittest.main()
