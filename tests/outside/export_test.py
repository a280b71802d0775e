"""peakstorm export: every format has the same rows, and what cannot be exported is refused by name."""
import csv
import io
import json
import os
import sqlite3
import subprocess
import unittest
from contextlib import closing
from datetime import datetime, timedelta, timezone

import zstandard

from program import PROGRAM, FolderTest, refused, run


def plain_stream(path):
    with open(path, "rb") as packed:
        return zstandard.ZstdDecompressor().stream_reader(packed, read_across_frames=True).read()


class Export(FolderTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.run_folder = cls.folder / "run"
        run("simulate", "first-steps", "--out", cls.run_folder, "--quiet")

    def rows(self, table, output_format):
        text = run("export", self.run_folder, "--table", table, "--format", output_format)
        if output_format == "jsonl":
            return [json.loads(line) for line in text.splitlines()]
        return list(csv.DictReader(io.StringIO(text)))

    def test_csv_and_json_lines_say_the_same(self):
        for table in ("scans", "acts"):
            with self.subTest(table):
                by_csv, by_json = self.rows(table, "csv"), self.rows(table, "jsonl")
                self.assertGreater(len(by_csv), 100)
                as_text = [{key: "" if value is None else str(value) for key, value in row.items()} for row in by_json]
                self.assertEqual(as_text, by_csv)

    def test_rows_agree_with_the_tables(self):
        with closing(sqlite3.connect(f"{(self.run_folder / 'run.sqlite').as_uri()}?mode=ro", uri=True)) as db:
            start = int(db.execute("SELECT value FROM run WHERE key = 'first_day_unix_s'").fetchone()[0])
            places = dict(db.execute("SELECT place_id, name FROM place"))
            days = dict(db.execute("SELECT day, date FROM day"))
            parcels = {row[0] for row in db.execute("SELECT parcel_id FROM parcel")}
            delivered = dict(db.execute("SELECT parcel_id, ended_ms FROM parcel WHERE fate = 'delivered'"))
        self.assertGreater(len(delivered), 50)
        seen = {}
        doorsteps = 0
        for row in self.rows("scans", "csv"):
            instant = datetime.fromtimestamp(start, timezone.utc) + timedelta(milliseconds=int(row["at_ms"]))
            self.assertEqual(datetime.fromisoformat(row["at_utc"]), instant)
            self.assertIn(int(row["parcel_id"]), parcels)
            if row["place_id"]:
                self.assertEqual(places[int(row["place_id"])], row["place"])
            else:
                doorsteps += 1
                self.assertEqual(row["place"], "")
            if row["eta_day"] and int(row["eta_day"]) in days:
                self.assertEqual(days[int(row["eta_day"])], row["eta_date"])
            if row["reported_ms"]:
                self.assertGreaterEqual(int(row["reported_ms"]), int(row["at_ms"]))
            if row["kind"] == "delivered":
                seen[int(row["parcel_id"])] = int(row["at_ms"])
        self.assertGreater(doorsteps, 0)
        for parcel, ended in delivered.items():
            self.assertEqual(seen[parcel], ended)

    def test_a_folder_gets_both_tables_and_pb_is_the_plain_stream(self):
        out = self.folder / "new" / "export"
        said = json.loads(run("export", self.run_folder, "--format", "pb", "--out", out, "--json"))
        self.assertEqual(sorted(os.listdir(out)), ["acts.pb", "scans.pb"])
        for table in ("scans", "acts"):
            self.assertEqual((out / f"{table}.pb").read_bytes(), plain_stream(self.run_folder / f"{table}.pb.zst"))
            self.assertEqual(said["rows"][table], len(self.rows(table, "csv")))
        run("export", self.run_folder, "--table", "acts", "--out", out)
        self.assertEqual(sorted(os.listdir(out)), ["acts.csv", "acts.pb", "scans.pb"])
        self.assertIn("acts.csv: is already there", refused("export", self.run_folder, "--table", "acts", "--out", out))

    def test_notices_have_their_text_in_the_language_asked_for(self):
        link = "https://shop.example/track/{number}"
        text = run("export", self.run_folder, "--table", "notices", "--link", link)
        english = list(csv.DictReader(io.StringIO(text)))
        spanish = [json.loads(line) for line in run("export", self.run_folder, "--table", "notices", "--format", "jsonl",
                                                    "--language", "es", "--link", link).splitlines()]
        told = [row for row in self.rows("acts", "csv") if row["kind"].startswith("notice_")]
        self.assertGreater(len(told), 100)
        for act, one, other in zip(told, english, spanish, strict=True):
            for key in ("at_ms", "at_utc", "parcel_id", "sequence", "kind"):
                self.assertEqual(one[key], act[key])
                self.assertEqual(str(other[key]), act[key])
            self.assertEqual(one["order_number"], f"{int(act['parcel_id']) & (2**64 - 1):016x}")
            self.assertIn(one["order_number"], one["subject"])
            self.assertTrue(one["subject"].startswith("Your order") and other["subject"].startswith("Su pedido"))
            self.assertIn(link.replace("{number}", one["tracking_number"]), one["text"])
            self.assertTrue(one["text"].endswith(f"\n{one['retailer']}\n"))
            for key in ("tracking_number", "promised_date", "retailer", "carrier", "expected_date"):
                self.assertEqual(one[key], other[key] or "")
            self.assertEqual(one["kind"] == "notice_delay", one["expected_date"] != "")
            if one["kind"] == "notice_delay":
                self.assertGreater(one["expected_date"], one["promised_date"])
        with closing(sqlite3.connect(f"{(self.run_folder / 'run.sqlite').as_uri()}?mode=ro", uri=True)) as db:
            promised = {str(p): d for p, d in db.execute("SELECT parcel_id, date FROM parcel JOIN day ON day = promise_day")}
        self.assertTrue(all(row["promised_date"] == promised[row["parcel_id"]] for row in english
                            if row["parcel_id"] in promised))
        self.assertIn("csv or jsonl", refused("export", self.run_folder, "--table", "notices", "--format", "pb"))
        self.assertIn("--table notices", refused("export", self.run_folder, "--link", link))
        self.assertIn("fr", refused("export", self.run_folder, "--table", "notices", "--language", "fr"))

    def test_what_cannot_be_exported_is_refused_by_name(self):
        self.assertIn("xml", refused("export", self.run_folder, "--format", "xml"))
        self.assertIn("no such run folder", refused("export", self.folder / "nowhere"))
        self.assertIn("--out", refused("export", self.run_folder, "--json"))
        file = self.folder / "file"
        file.write_text("")
        self.assertIn("file", refused("export", self.run_folder, "--out", file / "below"))
        bare = self.folder / "bare"
        run("simulate", "first-steps", "--stream", "none", "--out", bare, "--quiet")
        self.assertIn("no scan stream", refused("export", bare))

    def test_a_changed_stream_is_refused(self):
        changed = self.folder / "changed"
        subprocess.run(["cp", "-r", self.run_folder, changed], check=True)
        with open(changed / "scans.pb.zst", "r+b") as stream:
            stream.seek(100)
            stream.write(b"\xff\xff\xff\xff")
        self.assertIn("scans.pb.zst", refused("export", changed, "--out", self.folder / "from-changed"))
        self.assertFalse((self.folder / "from-changed").exists())

    def test_a_full_disk_and_a_closed_pipe_are_no_success(self):
        with open("/dev/full", "w") as full:
            done = subprocess.run([PROGRAM, "export", self.run_folder], stdout=full, stderr=subprocess.PIPE, text=True)
        self.assertEqual(done.returncode, 70)
        self.assertIn("standard output: cannot write", done.stderr)
        reading, writing = os.pipe()
        os.close(reading)
        done = subprocess.run([PROGRAM, "export", self.run_folder], stdout=writing, stderr=subprocess.PIPE, text=True)
        os.close(writing)
        self.assertEqual(done.returncode, 1)


if __name__ == "__main__":
    unittest.main()
