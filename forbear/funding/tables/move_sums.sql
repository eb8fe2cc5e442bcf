-- One row a period, a bucket and the bucket it moved to: loans, and their principal outstanding at the period's start.
-- Loans up to date at both ends are not in it: they are what is left of all open loans. Parts of a book add up.
-- Reads: moves, aged, repaid.
SELECT
    m.ends_on,
    m.from_order,
    m.to_order,
    m.closed,
    COUNT(*) AS loans,
    CAST(SUM(a.principal - COALESCE(r.principal, 0)) AS BIGINT) AS principal
FROM moves AS m
JOIN aged AS a ON a.loan_id = m.loan_id
LEFT JOIN (
    SELECT v.loan_id, v.ends_on, CAST(SUM(p.principal) AS BIGINT) AS principal
    FROM moves AS v
    JOIN repaid AS p ON p.loan_id = v.loan_id AND p.moved_on <= v.begins_on
    GROUP BY v.loan_id, v.ends_on
) AS r ON r.loan_id = m.loan_id AND r.ends_on = m.ends_on
GROUP BY m.ends_on, m.from_order, m.to_order, m.closed
