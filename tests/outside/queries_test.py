"""results/SQLITE.md is what the schema makes of it, and every query of it runs and agrees with the others."""
import csv
import io
import json
import shutil
import sqlite3
import sys
import unittest
from contextlib import closing

from program import SOURCE, FolderTest, run

QUERIES = SOURCE / "results" / "queries"


def rows_of(text):
    return list(csv.DictReader(io.StringIO(text)))


class Page(FolderTest):
    def copy_of_results(self, name):
        results = self.folder / name / "results"
        shutil.copytree(SOURCE / "results" / "queries", results / "queries")
        (results / "store").mkdir()
        for file in ("store/schema.sql", "store/describe_tables.py", "SQLITE.md"):
            shutil.copy(SOURCE / "results" / file, results / file)
        return results

    def test_the_page_is_what_the_schema_and_the_queries_make_of_it(self):
        run(SOURCE / "results/store/describe_tables.py", "--check", program=sys.executable)

    def test_a_changed_query_makes_the_page_stale(self):
        results = self.copy_of_results("query")
        with open(results / "queries/hidden_truth.sql", "a") as query:
            query.write("-- More.\n")
        run(results / "store/describe_tables.py", "--check", program=sys.executable, code=1)
        run(results / "store/describe_tables.py", program=sys.executable)
        run(results / "store/describe_tables.py", "--check", program=sys.executable)

    def test_a_number_without_a_unit_is_refused_by_name(self):
        results = self.copy_of_results("unit")
        with open(results / "store/schema.sql", "a") as schema:
            schema.write("CREATE TABLE shoe (colour TEXT, length REAL);\n")
        with self.assertRaisesRegex(AssertionError, r"shoe\.length has no unit"):
            run(results / "store/describe_tables.py", program=sys.executable)


class Queries(FolderTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.run_folder = cls.folder / "run"
        run("drill", "first-steps", "--seconds", "2", "--out", cls.run_folder, "--quiet")
        cls.tables = cls.run_folder / "run.sqlite"

    def query(self, name):
        with open(QUERIES / name) as query, closing(sqlite3.connect(f"{self.tables.as_uri()}?mode=ro", uri=True)) as db:
            cursor = db.execute(query.read())
            names = [column[0] for column in cursor.description]
            return [dict(zip(names, row)) for row in cursor]

    def one(self, sql):
        with closing(sqlite3.connect(f"{self.tables.as_uri()}?mode=ro", uri=True)) as db:
            return db.execute(sql).fetchone()

    def test_every_sql_query_runs_and_finds_something(self):
        queries = sorted(path.name for path in QUERIES.glob("*.sql"))
        self.assertGreater(len(queries), 3)
        for name in queries:
            with self.subTest(name):
                # Nothing was late in a run where everything went well.
                broken = self.one("SELECT count(*) FROM parcel WHERE verdict_promise = 'broken'")[0]
                self.assertEqual(bool(self.query(name)), name != "late_parcels.sql" or broken > 0)

    def test_sql_pandas_and_r_give_the_same_rows(self):
        by_sql = self.query("promise_by_day.sql")
        self.assertGreater(len(by_sql), 1)
        by_pandas = rows_of(run(QUERIES / "promise_by_day.py", self.run_folder, program="/usr/bin/python3"))
        by_r = rows_of(run("--vanilla", QUERIES / "promise_by_day.R", self.run_folder, program="Rscript"))
        for name, rows in (("pandas", by_pandas), ("R", by_r)):
            with self.subTest(name):
                self.assertEqual(len(rows), len(by_sql))
                for row, expected in zip(rows, by_sql):
                    self.assertEqual((row["date"], row["carrier"]), (expected["date"], expected["carrier"]))
                    for column in ("kept", "due", "rate"):
                        self.assertAlmostEqual(float(row[column]), expected[column], places=4)

    def test_they_count_what_the_headline_counts(self):
        kept = sum(row["kept"] for row in self.query("promise_by_day.sql"))
        due = sum(row["due"] for row in self.query("promise_by_day.sql"))
        headline = self.one("SELECT kept, broken FROM on_time WHERE definition = 'promise' AND population = 'retailer'")
        self.assertEqual((kept, due - kept), headline)

    def test_places_of_late_parcels_belong_to_them(self):
        nodes = {row[0] for row in sqlite_rows(self.tables, "SELECT name FROM place WHERE kind = 'node'")}
        for row in self.query("late_parcels.sql"):
            self.assertIn(row["node"], nodes)

    def test_the_scan_stream_read_from_python_is_the_one_of_the_tables(self):
        by_kind = rows_of(run(QUERIES / "read_scans.py", self.run_folder, program="/usr/bin/python3"))
        expected = dict(sqlite_rows(self.tables, "SELECT kind, sum(scans) FROM scan_hour GROUP BY kind"))
        self.assertEqual({row["kind"]: int(row["scans"]) for row in by_kind}, expected)
        published = dict(sqlite_rows(self.tables, "SELECT kind, sum(published) FROM scan_hour GROUP BY kind"))
        self.assertEqual({row["kind"]: int(row["scans"]) - int(row["never_reported"]) for row in by_kind}, published)
        scans = json.loads((self.run_folder / "manifest.json").read_text())
        self.assertLessEqual(sum(expected.values()), scans["scans"])


def sqlite_rows(tables, sql):
    with closing(sqlite3.connect(f"{tables.as_uri()}?mode=ro", uri=True)) as db:
        return db.execute(sql).fetchall()


if __name__ == "__main__":
    unittest.main()
