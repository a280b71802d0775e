-- What the shopper was shown beside what happened (after a replay): the rates, and how many parcels differ each way.
SELECT view, kept, broken, round(rate, 4) AS rate, hidden_kept, hidden_broken FROM on_time_shown ORDER BY view DESC;
