-- Promises that fell due, by day and carrier: how many were kept of how many.
SELECT d.date, c.name AS carrier, sum(o.kept) AS kept, sum(o.kept + o.broken) AS due,
       round(1.0 * sum(o.kept) / sum(o.kept + o.broken), 4) AS rate
FROM on_time_due o
JOIN day d ON d.day = o.due_day
JOIN service s USING (service_id)
JOIN carrier c USING (carrier_id)
WHERE o.definition = 'promise' AND o.role = 'retailer'
GROUP BY d.date, c.name
HAVING sum(o.kept + o.broken) > 0
ORDER BY d.date, c.name;
