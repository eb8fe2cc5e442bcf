-- One row: loans that reached default at least so many months ago, what they owed at that month's end, and what of it came
-- in the months after, discounted at the loan's own rate (money in minor units; what came as an estimate).
-- Reads: funding.standing, funding.chunks, book.loans.
SELECT
    count(DISTINCT d.loan_id) AS loans,
    coalesce(sum(d.unpaid), 0) AS owed,
    coalesce(sum(c.came), 0) AS came
FROM (
    SELECT loan_id, min(n) AS n, min_by(unpaid, n) AS unpaid
    FROM funding.standing WHERE dpd >= $default_days GROUP BY loan_id
) AS d
LEFT JOIN (
    SELECT
        s.loan_id,
        sum(c.amount * pow(1 + l.annual_rate / 12.0, -(c.paid_n - s.n))) AS came
    FROM (SELECT loan_id, min(n) AS n FROM funding.standing WHERE dpd >= $default_days GROUP BY loan_id) AS s
    JOIN funding.chunks AS c ON c.loan_id = s.loan_id AND c.paid_n > s.n AND c.paid_n <= s.n + $months
    JOIN book.loans AS l ON l.loan_id = s.loan_id
    WHERE NOT c.is_extra
    GROUP BY s.loan_id
) AS c ON c.loan_id = d.loan_id
WHERE d.n <= -$months
