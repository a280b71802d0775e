-- run.sqlite: every measure of one run as a table.
--
-- Conventions
--   *_id      dense from 0, as in the engine; names stand in the tables of "The world" below.
--   day       counted from the scenario's first day (day 0); table `day` has the dates. Days of parcels are local
--             to their destination.
--   *_ms      milliseconds since 00:00 UTC of day 0, unless the comment says otherwise.
--   hour      whole hours since 00:00 UTC of day 0.
--   *_cents   US cents.
--   rate      a share in [0, 1]; NULL when nothing was counted.
--   role      'retailer' (quotes promises, is tracked) or 'background' (the rest of the carriers' volume).
--   definition  'promise', 'revised', 'first_attempt', 'window', 'commit', 'commit_lenient', 'reported'.
--   Counts of parcels cover the orders of the measured days only (run.measure_from_day .. measure_to_day), and
--   replication 0 unless a replication is named. kept + broken is the denominator of every rate.

PRAGMA user_version = 1;  -- Version of this schema.

-- The run -------------------------------------------------------------------------------------------------------

-- Facts about the run. Keys: scenario, title, description, seed, replications, scale, without (disruption kinds left
-- out, separated by spaces), version, digest, command_line, first_day_unix_s, first_date, day_count, drain_days,
-- measure_from_day, measure_to_day (first day after), partial (0 or 1), parcels, tracked, scans, events, windows,
-- end_ms, wall_s (of the simulation), threads.
CREATE TABLE run (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;

-- Every named measure, as gates and --json know it. unit: 'count', 'share', 'ms' (wall clock), 'minutes' (simulated),
-- 'per_second', 'cents'. low, high: 95 % confidence interval over replications; NULL with one replication.
CREATE TABLE measure (
  name TEXT PRIMARY KEY, value REAL, unit TEXT NOT NULL, low REAL, high REAL) WITHOUT ROWID;

-- Gates, in the order given. verdict: 'passed', 'failed', 'error' (the measure was not there, or the run is partial).
CREATE TABLE gate (
  gate_id INTEGER PRIMARY KEY, expression TEXT NOT NULL, measure TEXT NOT NULL, relation TEXT NOT NULL,
  limit_value REAL, actual REAL, unit TEXT NOT NULL, verdict TEXT NOT NULL, message TEXT NOT NULL,
  file TEXT NOT NULL, line INTEGER NOT NULL);

-- The world -----------------------------------------------------------------------------------------------------

CREATE TABLE day (day INTEGER PRIMARY KEY, date TEXT NOT NULL, weekday TEXT NOT NULL);  -- '2013-12-24', 'Tue'
CREATE TABLE carrier (carrier_id INTEGER PRIMARY KEY, name TEXT NOT NULL);
-- tier 'economy', 'standard', 'express'; mode 'road', 'air'; commit_minute: local minute of the day it commits to.
CREATE TABLE service (
  service_id INTEGER PRIMARY KEY, name TEXT NOT NULL, carrier_id INTEGER NOT NULL, tier TEXT NOT NULL,
  mode TEXT NOT NULL, commit_minute INTEGER NOT NULL);
CREATE TABLE region (region_id INTEGER PRIMARY KEY, name TEXT NOT NULL);
CREATE TABLE destination (
  destination_id INTEGER PRIMARY KEY, name TEXT NOT NULL, region_id INTEGER NOT NULL, zone TEXT NOT NULL,
  lat REAL NOT NULL, lon REAL NOT NULL, weight INTEGER NOT NULL);
CREATE TABLE shipper (shipper_id INTEGER PRIMARY KEY, name TEXT NOT NULL, role TEXT NOT NULL);
-- Facilities, then ship nodes. kind 'hub', 'air_hub', 'depot', 'node'; carrier_id NULL for a node, shipper_id NULL for
-- a facility; sort_pieces_per_day: the fastest weekday's sort windows at full rate (0: no sorter); stops_per_day for
-- depots. Base figures, before the season's planned factors and --scale.
CREATE TABLE place (
  place_id INTEGER PRIMARY KEY, name TEXT NOT NULL, kind TEXT NOT NULL, carrier_id INTEGER, shipper_id INTEGER,
  region_id INTEGER NOT NULL, zone TEXT NOT NULL, lat REAL NOT NULL, lon REAL NOT NULL,
  sort_pieces_per_day INTEGER NOT NULL, stops_per_day INTEGER NOT NULL);
CREATE TABLE lane (
  lane_id INTEGER PRIMARY KEY, from_place_id INTEGER NOT NULL, to_place_id INTEGER NOT NULL, mode TEXT NOT NULL,
  km INTEGER NOT NULL, transit_minutes INTEGER NOT NULL, pieces_per_departure INTEGER NOT NULL,
  departures_per_week INTEGER NOT NULL);
-- kind 'storm', 'closure', 'embargo', 'outage', 'surge', 'staffing'; active 0 when left out by --without. Area: a
-- circle, or the regions of disruption_region when radius_km is 0. Factors are 1 where there is no effect.
CREATE TABLE disruption (
  disruption_id INTEGER PRIMARY KEY, name TEXT NOT NULL, kind TEXT NOT NULL, active INTEGER NOT NULL,
  from_ms INTEGER NOT NULL, to_ms INTEGER NOT NULL, carrier_id INTEGER, shipper_id INTEGER,
  lat REAL NOT NULL, lon REAL NOT NULL, radius_km REAL NOT NULL,
  speed REAL NOT NULL, staffing REAL NOT NULL, demand REAL NOT NULL, closed INTEGER NOT NULL,
  embargo INTEGER NOT NULL, scan_delay_minutes INTEGER NOT NULL,
  facilities_touched INTEGER NOT NULL, destinations_touched INTEGER NOT NULL, nodes_touched INTEGER NOT NULL);
CREATE TABLE disruption_region (disruption_id INTEGER NOT NULL, region_id INTEGER NOT NULL);
CREATE TABLE disruption_place (disruption_id INTEGER NOT NULL, place_id INTEGER NOT NULL);

-- Promises ------------------------------------------------------------------------------------------------------

-- The headline. population 'retailer': retailers' parcels, all definitions side by side; 'all': every parcel, the
-- carriers' commitments only. Counts of replication 0. rate, low and high over all replications (ratio estimator,
-- 95 %); low and high are NULL with one replication.
CREATE TABLE on_time (
  definition TEXT NOT NULL, population TEXT NOT NULL, kept INTEGER NOT NULL, broken INTEGER NOT NULL,
  not_counted INTEGER NOT NULL, rate REAL, low REAL, high REAL, replications INTEGER NOT NULL,
  PRIMARY KEY (population, definition)) WITHOUT ROWID;
CREATE TABLE on_time_replication (
  replication INTEGER NOT NULL, population TEXT NOT NULL, definition TEXT NOT NULL, kept INTEGER NOT NULL,
  broken INTEGER NOT NULL, rate REAL, digest TEXT NOT NULL,
  PRIMARY KEY (population, definition, replication)) WITHOUT ROWID;

-- By the day on which the definition falls due: the promised day (promise, window, first_attempt, reported), the
-- revised day, or the day of the carrier's commitment (commit, commit_lenient; the only ones background parcels have).
-- carrier and tier follow from the service.
CREATE TABLE on_time_due (
  due_day INTEGER NOT NULL, service_id INTEGER NOT NULL, role TEXT NOT NULL, definition TEXT NOT NULL,
  kept INTEGER NOT NULL, broken INTEGER NOT NULL, not_counted INTEGER NOT NULL,
  PRIMARY KEY (definition, role, due_day, service_id)) WITHOUT ROWID;
-- By local day of the order.
CREATE TABLE on_time_ordered (
  order_day INTEGER NOT NULL, service_id INTEGER NOT NULL, role TEXT NOT NULL, definition TEXT NOT NULL,
  kept INTEGER NOT NULL, broken INTEGER NOT NULL, not_counted INTEGER NOT NULL,
  PRIMARY KEY (definition, role, order_day, service_id)) WITHOUT ROWID;
-- By region of the destination.
CREATE TABLE on_time_region (
  region_id INTEGER NOT NULL, carrier_id INTEGER NOT NULL, role TEXT NOT NULL, definition TEXT NOT NULL,
  kept INTEGER NOT NULL, broken INTEGER NOT NULL, not_counted INTEGER NOT NULL,
  PRIMARY KEY (definition, role, region_id, carrier_id)) WITHOUT ROWID;
-- By destination, for the map.
CREATE TABLE on_time_destination (
  destination_id INTEGER NOT NULL, role TEXT NOT NULL, definition TEXT NOT NULL,
  kept INTEGER NOT NULL, broken INTEGER NOT NULL, not_counted INTEGER NOT NULL,
  PRIMARY KEY (definition, role, destination_id)) WITHOUT ROWID;

-- delivered_day minus promised day (definition 'promise') or committed day ('commit'). days_late -20 also holds
-- everything earlier, 30 everything later; NULL: due by the end of the run and not delivered (lost, returned, inside).
CREATE TABLE lateness (
  carrier_id INTEGER NOT NULL, role TEXT NOT NULL, definition TEXT NOT NULL, days_late INTEGER,
  parcels INTEGER NOT NULL);

-- Where and why parcels that broke a promise or a commitment lost the most time. place_id NULL: nowhere in particular.
-- minutes_lost: beyond the plan, summed over these parcels (each counted once; a parcel's share saturates at 45 days).
CREATE TABLE cause (
  place_id INTEGER, cause TEXT NOT NULL, role TEXT NOT NULL, carrier_id INTEGER NOT NULL,
  broken_promises INTEGER NOT NULL, broken_commits INTEGER NOT NULL, minutes_lost INTEGER NOT NULL);

-- fate 'inside', 'delivered', 'lost', 'returned', 'cancelled' (before tender).
CREATE TABLE fate (
  carrier_id INTEGER NOT NULL, role TEXT NOT NULL, fate TEXT NOT NULL, parcels INTEGER NOT NULL);

-- Money per retailer. NULL: not measured, because the parcels' facts were not recorded.
CREATE TABLE cost (
  shipper_id INTEGER PRIMARY KEY, parcels INTEGER NOT NULL, shipping_cents INTEGER, broken_promises INTEGER NOT NULL,
  credit_cents INTEGER NOT NULL, refund_cents INTEGER, contacts INTEGER, contact_cents INTEGER,
  extra_attempts INTEGER NOT NULL, extra_attempt_cents INTEGER NOT NULL);
-- Measured orders that got a grade of their shipper's recovery plan, by the last one they got. grade 0: the budget was
-- spent, an apology was all. after_minutes: lateness from which the grade is given; NULL for grade 0.
CREATE TABLE recovery (
  shipper_id INTEGER NOT NULL, grade INTEGER NOT NULL, after_minutes INTEGER, parcels INTEGER NOT NULL,
  credit_cents INTEGER NOT NULL, refund_cents INTEGER NOT NULL, PRIMARY KEY (shipper_id, grade)) WITHOUT ROWID;

-- Published figures (validation.csv of the scenario), in its order. kind 'fitted' (parameters were set so that it comes
-- out) or 'predicted'; measure: as in `measure`, with its unit; services (separated by blanks, '' for all) and due_day
-- (NULL for all) cut a rate of on-time delivery.
CREATE TABLE published (
  place INTEGER PRIMARY KEY, figure TEXT NOT NULL, kind TEXT NOT NULL, measure TEXT NOT NULL, services TEXT NOT NULL,
  due_day INTEGER, value REAL NOT NULL, source TEXT NOT NULL, note TEXT NOT NULL);

-- The network ---------------------------------------------------------------------------------------------------

-- Load per place; from_hour .. from_hour + step_hours. Means and maxima of the samples of the step, in pieces:
-- sorting (waiting for or in the sorter, or in customs), docked (waiting for a departure or pickup), delivering (at a
-- depot, waiting for a round or on the van). Steps in which a place was empty are left out.
CREATE TABLE place_load (
  place_id INTEGER NOT NULL, from_hour INTEGER NOT NULL, step_hours INTEGER NOT NULL,
  sorting_mean REAL NOT NULL, docked_mean REAL NOT NULL, delivering_mean REAL NOT NULL,
  sorting_max INTEGER NOT NULL, docked_max INTEGER NOT NULL, delivering_max INTEGER NOT NULL,
  PRIMARY KEY (place_id, from_hour)) WITHOUT ROWID;
-- Highest sample of the three together per place, and when.
CREATE TABLE place_peak (place_id INTEGER PRIMARY KEY, pieces INTEGER NOT NULL, at_ms INTEGER NOT NULL);
-- What a facility did per UTC day. rollovers: pieces left on the dock, counted per departure; missed_sorts: pieces sorted
-- in a later window than the one they arrived for; wait and excess (beyond plan) of departing pieces, summed.
CREATE TABLE place_day (
  place_id INTEGER NOT NULL, day INTEGER NOT NULL, arrived INTEGER NOT NULL, departed INTEGER NOT NULL,
  missed_sorts INTEGER NOT NULL, rollovers INTEGER NOT NULL, wait_minutes INTEGER NOT NULL,
  excess_minutes INTEGER NOT NULL, PRIMARY KEY (place_id, day)) WITHOUT ROWID;
-- Conservation: injected = delivered + lost + returned + inside, per carrier at 00:00 UTC of each day; the last row of a
-- carrier is the end of the run. Covers all parcels, measured or not.
CREATE TABLE census (
  carrier_id INTEGER NOT NULL, day INTEGER NOT NULL, injected INTEGER NOT NULL, delivered INTEGER NOT NULL,
  lost INTEGER NOT NULL, returned INTEGER NOT NULL, inside INTEGER NOT NULL,
  PRIMARY KEY (carrier_id, day)) WITHOUT ROWID;
-- Little's law on the sample path: area_piece_ms = sojourn_piece_ms exactly. queue 'sorter', 'docks', 'rounds'.
CREATE TABLE queue (
  place_id INTEGER NOT NULL, queue TEXT NOT NULL, pieces INTEGER NOT NULL, area_piece_ms INTEGER NOT NULL,
  sojourn_piece_ms INTEGER NOT NULL, PRIMARY KEY (place_id, queue)) WITHOUT ROWID;

-- Tracked parcels -----------------------------------------------------------------------------------------------

-- Scans of tracked parcels per hour in which they happened; published: those the carrier ever shows.
CREATE TABLE scan_hour (
  hour INTEGER NOT NULL, kind TEXT NOT NULL, scans INTEGER NOT NULL, published INTEGER NOT NULL,
  PRIMARY KEY (hour, kind)) WITHOUT ROWID;
-- What shoppers (and the notifier) did, per hour and by the status the carrier had published by then ('' before any).
-- act 'check', 'contact', 'notice_shipped', 'notice_out_for_delivery', 'notice_delivered', 'notice_delay'.
CREATE TABLE act_hour (
  hour INTEGER NOT NULL, act TEXT NOT NULL, status TEXT NOT NULL, acts INTEGER NOT NULL,
  PRIMARY KEY (hour, act, status)) WITHOUT ROWID;
-- Every tracked parcel with its facts and its outcome (measured or not). parcel_id: the engine's 64-bit id as a signed
-- integer. tier: as ordered. *_day NULL: no such day. fate and what follows NULL when the run gave no outcome for it.
-- verdict_*: 'kept', 'broken', 'not_counted'.
CREATE TABLE parcel (
  parcel_id INTEGER PRIMARY KEY, ordered_ms INTEGER NOT NULL, node_id INTEGER NOT NULL, shipper_id INTEGER NOT NULL,
  service_id INTEGER NOT NULL, destination_id INTEGER NOT NULL, tier TEXT NOT NULL, size INTEGER NOT NULL,
  promise_day INTEGER, window_from_minute INTEGER NOT NULL, window_to_minute INTEGER NOT NULL,
  shipping_cents INTEGER NOT NULL, measured INTEGER NOT NULL,
  fate TEXT, ended_ms INTEGER, reported_ms INTEGER, cause TEXT, culprit_place_id INTEGER, excess_minutes INTEGER,
  tender_day INTEGER, delivered_day INTEGER, delivered_minute INTEGER, reported_day INTEGER,
  first_attempt_day INTEGER, revised_day INTEGER, commit_day INTEGER, attempts INTEGER, weather INTEGER,
  verdict_promise TEXT, verdict_commit TEXT);

-- The replay (tables are empty when nothing was replayed) -------------------------------------------------------

-- Keys: target, format, speed (simulated seconds per second), rate (requests per second), wall_s, cpu_s, complete (0
-- or 1), late_after_ms (a send later than this after its intended instant counts as late), shown_within_ms (a scan not
-- shown that long after it was due to be sent counts as late to show), hosts (machines that sent). Of a broker that was
-- read back also stored_messages, stored_again (copies that repeated sending explains) and stored_foreign (others').
CREATE TABLE replay (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
-- The processes that sent it, when they were several (ranks under mpirun). Clocks in microseconds against rank 0's: what
-- this one showed beyond it at the start, how far off that may be, and how far the two ran apart until the end.
CREATE TABLE replay_sender (
  rank INTEGER PRIMARY KEY, host TEXT NOT NULL, scans INTEGER NOT NULL, checks INTEGER NOT NULL,
  attempts INTEGER NOT NULL, late INTEGER NOT NULL, cpu_s REAL NOT NULL, clock_offset_us REAL NOT NULL,
  clock_uncertainty_us REAL NOT NULL, clock_drift_us REAL NOT NULL);
-- kind 'scan', 'check', 'read_back'; fate 'accepted', 'refused', 'timed_out', 'broken', 'dropped'; status: HTTP, or 0.
CREATE TABLE replay_request (
  kind TEXT NOT NULL, fate TEXT NOT NULL, status INTEGER NOT NULL, requests INTEGER NOT NULL,
  PRIMARY KEY (kind, fate, status)) WITHOUT ROWID;
-- measure 'latency' (intended to done: what a user of an open loop feels) or 'service' (sent to done). kind 'all' is
-- scans and checks together. Milliseconds; dropped requests have no latency.
CREATE TABLE replay_latency (
  kind TEXT NOT NULL, measure TEXT NOT NULL, requests INTEGER NOT NULL, mean_ms REAL, min_ms REAL, p50_ms REAL,
  p90_ms REAL, p99_ms REAL, p999_ms REAL, max_ms REAL, PRIMARY KEY (kind, measure)) WITHOUT ROWID;
-- The same histograms in full (3 significant digits): requests of at most upper_ms and more than the row before.
CREATE TABLE replay_histogram (
  kind TEXT NOT NULL, measure TEXT NOT NULL, upper_ms REAL NOT NULL, requests INTEGER NOT NULL,
  PRIMARY KEY (kind, measure, upper_ms)) WITHOUT ROWID;
-- Per second of the replay and kind. intended: planned in that second; sent, done: really; errors: refused, timed_out or
-- broken, by the second they ended; late: planned in that second, sent late; dropped: planned then, never sent.
-- p50_ms, p99_ms, max_ms: latency of those done in that second (NULL: none).
CREATE TABLE replay_second (
  second INTEGER NOT NULL, kind TEXT NOT NULL, intended INTEGER NOT NULL, sent INTEGER NOT NULL, done INTEGER NOT NULL,
  errors INTEGER NOT NULL, late INTEGER NOT NULL, dropped INTEGER NOT NULL, p50_ms REAL, p99_ms REAL, max_ms REAL,
  PRIMARY KEY (second, kind)) WITHOUT ROWID;
-- Age of what checks showed: 0 when everything published by the check's instant was there, else the time since the
-- first missing scan was due. clock 'simulated' (minutes) or 'replay' (milliseconds).
CREATE TABLE staleness (
  clock TEXT PRIMARY KEY, checks INTEGER NOT NULL, stale INTEGER NOT NULL, mean REAL, p50 REAL, p90 REAL, p99 REAL,
  p999 REAL, max REAL) WITHOUT ROWID;
-- Per second of the replay: checks answered, how many were stale, mean and largest age in milliseconds of the replay.
CREATE TABLE staleness_second (
  second INTEGER PRIMARY KEY, checks INTEGER NOT NULL, stale INTEGER NOT NULL, mean_ms REAL NOT NULL,
  max_ms REAL NOT NULL);
-- Exact counts of the read-back against the truth. kind: 'lost' (accepted, not shown), 'unacknowledged' (never accepted,
-- not shown), 'not_sent' (never tried, not shown), 'phantom' (shown, never sent), 'duplicated', 'wrong' (shown with
-- another instant, kind or place), 'late_to_show' (shown in the end, but a check missed it), 'wrong_status',
-- 'wrong_promise', 'wrong_delivery' (delivery instant), 'parcel_not_found', 'parcel_not_read', 'wrong_instant' (else
-- right), 'impossible_status' (at a check), 'forgery_taken', 'forgery_error' (answered with 500), 'ghost_shown',
-- 'refused' (a true message got 4xx), 'not_recovered' (after an outage), 'reordered' (by a broker).
-- subject 'scan' or 'parcel'. defect 1: counts in the measure `findings`.
CREATE TABLE finding (
  kind TEXT PRIMARY KEY, subject TEXT NOT NULL, defect INTEGER NOT NULL, count INTEGER NOT NULL) WITHOUT ROWID;
-- What was looked at and found by each oracle (results/MEASURES.md). isolation counts parcels that met no fault.
CREATE TABLE oracle (
  oracle TEXT PRIMARY KEY, judged INTEGER NOT NULL, findings INTEGER NOT NULL) WITHOUT ROWID;
-- What the replay did to the messages on purpose: to which scan (sequence, 128 and above: a scan that the fault added),
-- and at which simulated instant it was published. kind: engine/world.hpp, FaultKind.
CREATE TABLE injected (
  parcel_id INTEGER NOT NULL, sequence INTEGER NOT NULL, kind TEXT NOT NULL, at_ms INTEGER NOT NULL,
  detail TEXT NOT NULL);
CREATE INDEX injected_parcel ON injected (parcel_id);
-- Acknowledgement of a scan to the first check that showed it, milliseconds of the replay, by the fault it met ('none':
-- by none). The true value is lower by at most the gap: the time since the check before.
CREATE TABLE visibility (
  fault TEXT PRIMARY KEY, scans INTEGER NOT NULL, p50_ms REAL, p99_ms REAL, max_ms REAL, gap_p50_ms REAL,
  gap_max_ms REAL) WITHOUT ROWID;
-- Dates that checks showed against the day of delivery, by whole days to go (10: ten or more). date 'estimated' or
-- 'promised'. early: before the true day. Parcels to which a fault gave another ending are left out.
CREATE TABLE eta_error (
  date TEXT NOT NULL, days_to_go INTEGER NOT NULL, checks INTEGER NOT NULL, early INTEGER NOT NULL,
  exact INTEGER NOT NULL, late INTEGER NOT NULL, mean_days REAL NOT NULL, mean_abs_days REAL NOT NULL,
  PRIMARY KEY (date, days_to_go)) WITHOUT ROWID;
-- Seconds of the replay [from, to) in which at least half of the answers were errors, or none came. caught_up_second:
-- the first at whose end no backlog was left; NULL: never.
CREATE TABLE outage (
  from_second INTEGER PRIMARY KEY, to_second INTEGER NOT NULL, caught_up_second INTEGER, backlog_max INTEGER NOT NULL);
-- Known mistakes of tracking systems that would explain the findings, likeliest first.
CREATE TABLE diagnosis (place INTEGER PRIMARY KEY, bug TEXT NOT NULL, why TEXT NOT NULL);
-- Some examples of each kind (at most 200), lowest parcel id first. oracle: NULL for what is no defect; faults: injected
-- into the parcel, separated by blanks. truth, shown: the parcel's whole story on both
-- sides, one scan per line, 'instant kind place', the lines in question marked by '>'.
CREATE TABLE finding_example (
  kind TEXT NOT NULL, parcel_id INTEGER NOT NULL, sequence INTEGER, detail TEXT NOT NULL, truth TEXT NOT NULL,
  shown TEXT NOT NULL, oracle TEXT, faults TEXT NOT NULL);
-- Promise-keeping as shown to the shopper beside the truth, over the tracked, measured parcels that were read back.
-- view 'true' or 'shown'; difference by parcel: kept in truth but not as shown (hidden_kept) and the reverse
-- (hidden_broken), in the row of view 'shown'.
CREATE TABLE on_time_shown (
  view TEXT PRIMARY KEY, kept INTEGER NOT NULL, broken INTEGER NOT NULL, rate REAL, hidden_kept INTEGER NOT NULL,
  hidden_broken INTEGER NOT NULL) WITHOUT ROWID;

-- Views for people with a SQL prompt ----------------------------------------------------------------------------

-- What was published beside what the run came to: error is here less published.
CREATE VIEW validation AS
  SELECT place, figure, kind, measure, services, due_day, published, here, here - published AS error, unit, source, note
  FROM (SELECT p.place, p.figure, p.kind, p.measure, p.services, p.due_day, p.value AS published, p.source, p.note,
               CASE WHEN p.services = '' AND p.due_day IS NULL THEN m.value
               ELSE (SELECT 1.0 * sum(o.kept) / nullif(sum(o.kept + o.broken), 0)
                     FROM on_time_due o JOIN service s USING (service_id)
                     WHERE (p.measure = 'on_time_all.' || o.definition
                            OR (p.measure = 'on_time.' || o.definition AND o.role = 'retailer'))
                       AND (p.due_day IS NULL OR o.due_day = p.due_day)
                       AND (p.services = '' OR instr(' ' || p.services || ' ', ' ' || s.name || ' ') > 0)) END AS here,
               coalesce(m.unit, CASE WHEN p.measure LIKE 'on_time%' THEN 'share' ELSE 'count' END) AS unit
        FROM published p LEFT JOIN measure m ON m.name = p.measure);

CREATE VIEW on_time_by_service AS
  SELECT o.definition, o.role, c.name AS carrier, s.name AS service, s.tier, sum(o.kept) AS kept,
         sum(o.broken) AS broken, round(1.0 * sum(o.kept) / nullif(sum(o.kept + o.broken), 0), 4) AS rate
  FROM on_time_ordered o JOIN service s USING (service_id) JOIN carrier c USING (carrier_id)
  GROUP BY o.definition, o.role, c.name, s.name, s.tier;
CREATE VIEW on_time_due_by_date AS
  SELECT o.definition, o.role, d.date, c.name AS carrier, s.name AS service, s.tier, o.kept, o.broken,
         round(1.0 * o.kept / nullif(o.kept + o.broken, 0), 4) AS rate
  FROM on_time_due o JOIN service s USING (service_id) JOIN carrier c USING (carrier_id) JOIN day d ON d.day = o.due_day;
-- One per oracle: the parcels, their true story, the one shown, and what had been done to them.
CREATE VIEW oracle_no_lost_scan AS SELECT * FROM finding_example WHERE oracle = 'no_lost_scan';
CREATE VIEW oracle_no_phantom AS SELECT * FROM finding_example WHERE oracle = 'no_phantom';
CREATE VIEW oracle_final_status AS SELECT * FROM finding_example WHERE oracle = 'final_status';
CREATE VIEW oracle_prefix_consistency AS SELECT * FROM finding_example WHERE oracle = 'prefix_consistency';
CREATE VIEW oracle_visibility_latency AS SELECT * FROM finding_example WHERE oracle = 'visibility_latency';
CREATE VIEW oracle_timestamp_fidelity AS SELECT * FROM finding_example WHERE oracle = 'timestamp_fidelity';
CREATE VIEW oracle_promise_shown AS SELECT * FROM finding_example WHERE oracle = 'promise_shown';
CREATE VIEW oracle_isolation AS SELECT * FROM finding_example WHERE oracle IS NOT NULL AND faults = ''
  AND EXISTS (SELECT 1 FROM injected);
CREATE VIEW oracle_liveness AS SELECT * FROM outage WHERE caught_up_second IS NULL;
CREATE VIEW worst_causes AS
  SELECT coalesce(p.name, '') AS place, x.cause, x.role, sum(x.broken_promises) AS broken_promises,
         sum(x.broken_commits) AS broken_commits, sum(x.minutes_lost) AS minutes_lost
  FROM cause x LEFT JOIN place p USING (place_id)
  GROUP BY 1, 2, 3 ORDER BY broken_promises DESC, broken_commits DESC, place, x.cause;
