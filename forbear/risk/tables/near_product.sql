-- One row a day and product: the share of installments of the 90 days before that were not paid on their due date.
-- Reads: seen_punctuality.
SELECT as_of, product, CAST(SUM(lates) AS DOUBLE) / CAST(SUM(dues) AS DOUBLE) AS late_share, CAST(SUM(dues) AS BIGINT) AS dues
FROM seen_punctuality
GROUP BY as_of, product
