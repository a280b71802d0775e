"""Published figures: from validation.csv to run.sqlite and the report, and refused by name."""
import csv
import json
import re
import shutil
import sqlite3
import unittest
from contextlib import closing

from program import SOURCE, FolderTest, refused, run

HEADER = "figure,kind,measure,services,due,published,source,note\n"


class Validation(FolderTest):
    def scenario(self, rows):
        folder = self.folder / "first-steps"
        shutil.copytree(SOURCE / "scenarios/library/first-steps", folder, dirs_exist_ok=True)
        (folder / "validation.csv").write_text(HEADER + rows)
        return folder

    def test_a_run_says_how_far_it_is_from_what_was_published(self):
        folder = self.scenario("Kept,fitted,promise_kept,,,0.5,A paper,\nExpress,predicted,on_time.promise,SERVICE,,0.25,,\n")
        with open(folder / "services.csv", newline="") as table:
            service = next(csv.DictReader(line for line in table if not line.startswith("#")))["service"]
        (folder / "validation.csv").write_text((folder / "validation.csv").read_text().replace("SERVICE", service))
        out = self.folder / "run"
        run("simulate", folder, "--out", out, "--quiet")
        with closing(sqlite3.connect(f"{(out / 'run.sqlite').as_uri()}?mode=ro", uri=True)) as db:
            rows = db.execute("SELECT figure, kind, published, here, error FROM validation ORDER BY place").fetchall()
            kept = db.execute("SELECT value FROM measure WHERE name = 'promise_kept'").fetchone()[0]
            cut = db.execute("SELECT 1.0 * sum(kept) / sum(kept + broken) FROM on_time_due JOIN service USING (service_id) "
                             "WHERE definition = 'promise' AND role = 'retailer' AND name = ?", (service,)).fetchone()[0]
        self.assertEqual(rows[0], ("Kept", "fitted", 0.5, kept, kept - 0.5))
        self.assertEqual(rows[1], ("Express", "predicted", 0.25, cut, None if cut is None else cut - 0.25))
        page = json.loads(re.search(r'id="data">(.*?)</script>', (out / "report.html").read_text(), re.DOTALL)[1])
        self.assertEqual([(row["figure"], row["error"]) for row in page["validation"]], [(rows[0][0], rows[0][4]), (rows[1][0], rows[1][4])])

    def test_what_no_run_measures_is_refused_by_name(self):
        folder = self.scenario("Kept,fitted,promise_kep,,,0.5,,\n")
        for verb in ("check", "simulate", "drill"):
            self.assertIn("validation.csv:2: measure: no run measures 'promise_kep'; did you mean 'promise_kept'", refused(verb, folder))
        faults = json.loads(run("check", folder, "--json", code=2))["faults"]
        self.assertEqual([(fault["file"], fault["line"], fault["field"]) for fault in faults], [("validation.csv", 2, "measure")])


if __name__ == "__main__":
    unittest.main()
