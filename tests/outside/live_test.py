"""The last numbers of the page that follows a run are those of its run.sqlite."""
import json
import re
import sqlite3
import subprocess
import unittest
from contextlib import closing
from urllib.request import urlopen

from program import PROGRAM, FolderTest


def followed(*arguments):
    """What --live says last of a run, and the run's exit code."""
    with subprocess.Popen(
        [PROGRAM, *map(str, arguments), "--live", "0", "--quiet"],
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
    ) as child:
        url = next(found[1] for line in child.stderr if (found := re.search(r"Live page at (http:\S+)", line)))
        state = {"exit_code": None}
        while state["exit_code"] is None:
            with urlopen(f"{url}state.json", timeout=60) as answer:
                state = json.load(answer)
        if state["report"]:  # The run waits for those who watch it to have its report.
            urlopen(f"{url}report.html", timeout=60).close()
        child.stderr.read()
        return state, child.wait(timeout=60)


class Live(FolderTest):
    def measures(self, run):
        with closing(sqlite3.connect(f"{(run / 'run.sqlite').as_uri()}?mode=ro", uri=True)) as db:
            return dict(db.execute("SELECT name, value FROM measure"))

    def check_simulation(self, state, measures):
        promises = state["promises"]
        self.assertEqual(promises["kept"] / (promises["kept"] + promises["broken"]), measures["promise_kept"])
        self.assertEqual(promises["broken"], measures["late_parcels"])
        phase = next(phase for phase in state["phases"] if phase["name"] == "simulate")
        self.assertEqual((phase["count"], phase["fraction"], phase["over"]), (measures["scans"], 1, True))

    def test_of_a_simulation_too_short_to_be_told_of_meanwhile(self):
        run = self.folder / "simulated"
        state, code = followed("simulate", "first-steps", "--scale", "0.02", "--out", run)
        self.assertEqual((state["exit_code"], code), (0, 0))
        measures = self.measures(run)
        self.check_simulation(state, measures)
        self.assertGreater(measures["parcels.measured"], 0)

    def test_of_a_drill_that_finds_something(self):
        run = self.folder / "drilled"
        state, code = followed("drill", "first-steps", "--seconds", "2", "--bug", "ack-before-store", "--out", run)
        self.assertEqual(state["exit_code"], code)
        measures = self.measures(run)
        self.check_simulation(state, measures)
        self.assertGreater(measures["findings"], 0)
        self.assertEqual(state["defects"], measures["findings"])
        self.assertEqual(sum(finding["count"] for finding in state["findings"]), measures["findings"])
        for quantile, name in (("p50_ms", "endpoint.p50"), ("p99_ms", "endpoint.p99"), ("max_ms", "endpoint.max")):
            self.assertAlmostEqual(state["endpoint"][quantile], measures[name], places=6)
        self.assertEqual(state["report"], str(run / "report.html"))


if __name__ == "__main__":
    unittest.main()
