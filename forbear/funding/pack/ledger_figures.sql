-- One row is a figure of the pack by its name, re-derived: its value (loans, or money in minor units) and the loans behind it.
-- Reads: funding.rederived, funding.ladder (dpd, bucket, category), funding.contagion (over, share, at_least, below).
WITH placed AS (
    SELECT r.*, b.bucket, b.category
    FROM funding.rederived AS r
    JOIN funding.ladder AS b ON b.dpd = least(r.dpd, $ladder_top)
),
pulled AS (
    SELECT p.borrower_id
    FROM placed AS p, funding.contagion AS c
    GROUP BY p.borrower_id
    HAVING sum(CASE WHEN p.dpd > c.over THEN p.principal ELSE 0 END) * 1000000 > sum(p.principal) * max(c.share)
        AND sum(CASE WHEN p.dpd > c.over THEN p.principal ELSE 0 END) > 0
),
open AS (
    SELECT
        p.* EXCLUDE (category),
        CASE WHEN u.borrower_id IS NOT NULL AND p.principal > 0 AND p.dpd <= c.below THEN c.at_least ELSE p.category END
            AS category
    FROM placed AS p
    LEFT JOIN pulled AS u ON u.borrower_id = p.borrower_id
    LEFT JOIN funding.contagion AS c ON true
    WHERE p.is_open
)
SELECT 'loans' AS figure, count(*) AS value, count(*) AS loans FROM placed
UNION ALL SELECT 'disbursed', sum(disbursed), count(*) FROM placed
UNION ALL SELECT 'received', sum(received), count(*) FILTER (WHERE received > 0) FROM placed
UNION ALL SELECT 'open_loans', count(*), count(*) FROM open
UNION ALL SELECT 'principal', coalesce(sum(principal), 0), count(*) FROM open
UNION ALL SELECT 'arrears_principal', coalesce(sum(arrears_principal), 0), count(*) FILTER (WHERE arrears_principal > 0) FROM open
UNION ALL SELECT 'arrears_interest', coalesce(sum(arrears_interest), 0), count(*) FILTER (WHERE arrears_interest > 0) FROM open
UNION ALL SELECT 'arrears_fees', coalesce(sum(arrears_fees), 0), count(*) FILTER (WHERE arrears_fees > 0) FROM open
UNION ALL SELECT 'bucket:' || bucket || ':loans', count(*), count(*) FROM open GROUP BY bucket
UNION ALL SELECT 'bucket:' || bucket || ':principal', sum(principal), count(*) FROM open GROUP BY bucket
UNION ALL SELECT 'category:' || category || ':loans', count(*), count(*) FROM open GROUP BY category
UNION ALL SELECT 'category:' || category || ':principal', sum(principal), count(*) FROM open GROUP BY category
UNION ALL
SELECT 'par_' || d.days || ':principal', coalesce(sum(o.principal) FILTER (WHERE o.dpd >= d.days), 0), count(*) FILTER (WHERE o.dpd >= d.days)
FROM (SELECT unnest([1, 30, 60, 90]) AS days) AS d LEFT JOIN open AS o ON true GROUP BY d.days
UNION ALL
SELECT 'largest_borrower:principal', coalesce(max(owed), 0), coalesce(max_by(loans, owed), 0)
FROM (SELECT sum(principal) AS owed, count(*) AS loans FROM open GROUP BY borrower_id)
UNION ALL
SELECT 'stage:' || stage || ':loans', count(*), count(*)
FROM (SELECT CASE WHEN dpd >= $default_days THEN 3 WHEN dpd > $sicr_over THEN 2 ELSE 1 END AS stage FROM open) GROUP BY stage
UNION ALL
SELECT 'month:' || strftime(paid_on, '%Y-%m') || ':received', sum(amount), count(DISTINCT loan_id)
FROM {payments} WHERE paid_on <= $as_of AND amount > 0 AND loan_id IN (SELECT loan_id FROM book.loans) GROUP BY strftime(paid_on, '%Y-%m')
UNION ALL
SELECT 'month:' || strftime(due_on, '%Y-%m') || ':due', sum(principal_due + interest_due + fees_due), count(DISTINCT loan_id)
FROM book.installments WHERE due_on < $as_of GROUP BY strftime(due_on, '%Y-%m')
UNION ALL
SELECT 'vintage:' || strftime(disbursed_on, '%Y-%m') || ':principal', sum(disbursed), count(*)
FROM placed GROUP BY strftime(disbursed_on, '%Y-%m')
