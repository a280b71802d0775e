-- Load of the ten fullest places at their fullest, in pieces: waiting to be sorted, on the dock, out for delivery.
SELECT p.name AS place, p.kind, datetime(f.value + 3600 * l.from_hour, 'unixepoch') AS from_utc,
       l.sorting_max, l.docked_max, l.delivering_max
FROM place_load l
JOIN place p USING (place_id)
JOIN run f ON f.key = 'first_day_unix_s'
GROUP BY l.place_id
HAVING max(l.sorting_max + l.docked_max + l.delivering_max)
ORDER BY l.sorting_max + l.docked_max + l.delivering_max DESC, place
LIMIT 10;
