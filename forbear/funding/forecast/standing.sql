-- funding.standing: one row is a loan that owed anything at the end of a period: what it owed, due or not, the principal in
-- it, and the days past due of its oldest unpaid installment then (pauses are not taken off).
-- Reads: funding.chunks, funding.periods. Money in minor units.
CREATE OR REPLACE TABLE funding.standing AS
SELECT
    c.loan_id,
    p.n,
    CAST(sum(c.amount) AS BIGINT) AS unpaid,
    CAST(sum(c.principal) AS BIGINT) AS principal,
    greatest(0, date_diff('day', min(c.due_on), any_value(p.ends_on))) AS dpd
FROM funding.chunks AS c
JOIN funding.periods AS p ON p.n BETWEEN greatest(c.disbursed_n, $first) AND least(coalesce(c.paid_n - 1, 0), 0)
WHERE NOT c.is_extra
GROUP BY c.loan_id, p.n
