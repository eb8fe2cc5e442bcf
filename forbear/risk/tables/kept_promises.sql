-- One row a subject with a promise at least a week old: how many such promises were followed by money within a week.
-- Reads: subjects, seen_contacts, seen_movements.
SELECT
    promised.loan_id,
    promised.as_of,
    COUNT(*) AS ripe,
    CAST(SUM(promised.kept) AS INTEGER) AS kept
FROM (
    SELECT
        s.loan_id,
        s.as_of,
        c.on_day,
        MAX(CASE WHEN m.amount > 0 THEN 1 ELSE 0 END) AS kept
    FROM subjects AS s
    JOIN seen_contacts AS c
        ON c.borrower_id = s.borrower_id AND c.as_of = s.as_of
        AND c.result IN ('promise', 'promise_to_pay') AND c.on_day <= DAYS_AFTER(s.as_of, -7)
    LEFT JOIN seen_movements AS m
        ON m.loan_id = s.loan_id AND m.as_of = s.as_of AND m.moved_on >= c.on_day
        AND m.moved_on <= DAYS_AFTER(c.on_day, 7)
    GROUP BY s.loan_id, s.as_of, c.on_day
) AS promised
GROUP BY promised.loan_id, promised.as_of
