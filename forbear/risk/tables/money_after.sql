-- One row a moment followed by money within 30 days: how much (reversals taken off). For labels only.
-- Reads: moments, movements.
-- Outcome
SELECT m.moment, CAST(SUM(v.amount) AS BIGINT) AS paid
FROM moments AS m
JOIN movements AS v ON v.loan_id = m.loan_id AND v.moved_on > m.as_of AND v.moved_on <= DAYS_AFTER(m.as_of, 30)
GROUP BY m.moment
