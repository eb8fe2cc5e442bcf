-- One row a day: the share of the whole book's installments of the 90 days before that were not paid on their due date.
-- Reads: seen_punctuality.
SELECT as_of, CAST(SUM(lates) AS DOUBLE) / CAST(SUM(dues) AS DOUBLE) AS late_share
FROM seen_punctuality
GROUP BY as_of
