-- funding.losses: one row is an open loan: its stage, its gross carrying amount and what is expected to be lost of it in
-- twelve months and in its life, each weighted over the scenarios; money in minor units, rounded once a loan.
-- Reads: funding.accounts, funding.chunks, funding.ranges, book.loans, funding.reached (scenario, weight, lgd, bucket, rate,
-- months, chance: the discounted chance of having defaulted by then).
-- A part of principal that falls due in month m is at risk while its loan can still default before paying it: until
-- m + $missed, in twelve months or in all; what is overdue now is at risk all the time.
CREATE OR REPLACE TABLE funding.losses AS
WITH open AS (
    SELECT
        a.loan_id, a.dpd, a.borrower_id, a.classification,
        r.bucket,
        CASE WHEN a.dpd >= $default_days THEN 3 WHEN a.dpd > $sicr_over THEN 2 ELSE 1 END AS stage,
        CAST(round(l.annual_rate, 4) AS DOUBLE) AS rate
    FROM funding.accounts AS a
    JOIN book.loans AS l ON l.loan_id = a.loan_id
    JOIN funding.ranges AS r ON a.dpd BETWEEN r.days_from AND r.days_to
    WHERE a.status IN ('not_due', 'current', 'overdue')
),
parts AS (
    SELECT
        o.loan_id, o.stage, o.bucket, o.rate,
        CASE WHEN c.due_n <= 0 THEN c.amount ELSE c.principal END AS amount,
        CASE WHEN c.due_n <= 0 THEN $longest ELSE least(c.due_n + $missed, $longest) END AS until_month,
        least(greatest(max(c.due_n) OVER (PARTITION BY o.loan_id), 1) + $missed, $longest) AS life
    FROM open AS o
    JOIN funding.chunks AS c ON c.loan_id = o.loan_id AND c.paid_n IS NULL
),
lost AS (
    SELECT
        p.loan_id,
        sum(CASE WHEN p.stage = 3 THEN p.amount * y.lgd * y.weight ELSE p.amount * y.lgd * y.weight * y.chance END) AS year,
        sum(CASE WHEN p.stage = 3 THEN p.amount * y.lgd * y.weight ELSE p.amount * z.lgd * z.weight * z.chance END) AS life
    FROM parts AS p
    JOIN funding.reached AS y
        ON y.bucket = p.bucket AND y.rate = p.rate AND y.months = least(p.until_month, p.life, 12)
    JOIN funding.reached AS z
        ON z.scenario = y.scenario AND z.bucket = p.bucket AND z.rate = p.rate AND z.months = least(p.until_month, p.life)
    GROUP BY p.loan_id
),
carrying AS (
    SELECT loan_id, sum(amount) AS gross FROM parts GROUP BY loan_id
)
SELECT
    o.loan_id,
    o.borrower_id,
    o.classification,
    o.dpd,
    o.stage,
    CAST(c.gross AS BIGINT) AS gross,
    CAST(round(l.year) AS BIGINT) AS twelve_months,
    CAST(round(l.life) AS BIGINT) AS lifetime,
    CAST(round(CASE WHEN o.stage = 1 THEN l.year ELSE l.life END) AS BIGINT) AS allowance
FROM open AS o
JOIN carrying AS c ON c.loan_id = o.loan_id
JOIN lost AS l ON l.loan_id = o.loan_id
ORDER BY o.loan_id
