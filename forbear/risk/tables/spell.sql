-- One row an overdue subject whose borrower was contacted, or told something, since its oldest unpaid installment fell due:
-- whether that found the borrower, and what was said. What was said of an earlier time of arrears says little of this one.
-- Reads: subjects, standing, seen_contacts.
SELECT
    s.loan_id,
    s.as_of,
    MAX(CASE WHEN c.direction = 'in' OR c.result IN ('read', 'answered', 'conversation', 'connected', 'promise',
        'promise_to_pay', 'refused', 'reply') THEN 1 ELSE 0 END) AS reached,
    CAST(SUM(CASE WHEN c.result IN ('answered', 'conversation', 'connected', 'promise', 'promise_to_pay', 'refused')
        THEN 1 ELSE 0 END) AS INTEGER) AS talks,
    CAST(SUM(CASE WHEN c.result IN ('forgot', 'forgotten') THEN 1 ELSE 0 END) AS INTEGER) AS forgots,
    CAST(SUM(CASE WHEN c.result IN ('payment_failed', 'debit_failed', 'already_paid') THEN 1 ELSE 0 END) AS INTEGER) AS failed,
    CAST(SUM(CASE WHEN c.result IN ('short_for_now', 'waiting_for_wages', 'asks_plan', 'asks_time') THEN 1 ELSE 0 END)
        AS INTEGER) AS shorts,
    CAST(SUM(CASE WHEN c.result IN ('hardship', 'illness', 'job_loss', 'unemployed', 'bereavement') THEN 1 ELSE 0 END)
        AS INTEGER) AS hardships,
    CAST(SUM(CASE WHEN c.result = 'refused' THEN 1 ELSE 0 END) AS INTEGER) AS refusals
FROM subjects AS s
JOIN standing AS t ON t.loan_id = s.loan_id AND t.as_of = s.as_of AND t.overdue > 0
JOIN seen_contacts AS c ON c.borrower_id = s.borrower_id AND c.as_of = s.as_of AND c.on_day >= t.oldest_unpaid_on
GROUP BY s.loan_id, s.as_of
