-- funding.rederived: one row is a loan disbursed by the as-of date, re-derived from the book's rows alone: what was received,
-- what is unpaid of each part, how late it is. Nothing that aging makes is read, and the way is another: aging pairs payments
-- with installments; here an installment's unpaid part is what all payments together leave of all that is owed up to it.
-- Reads: book.loans, book.installments, book.payments and book.events (or empty stand-ins), funding.ladder.
-- Money in minor units. $slack: arrears of so little do not count; $grace, $grace_off: days past due that do not.
CREATE OR REPLACE TABLE funding.rederived AS
WITH undone AS (
    SELECT payment_id, min(effective_on) AS undone_on
    FROM {events}
    WHERE kind = 'reversal' AND effective_on <= $as_of
    GROUP BY payment_id
),
received AS (
    SELECT
        p.loan_id,
        sum(CASE WHEN u.undone_on IS NULL THEN p.amount ELSE 0 END) AS held
    FROM {payments} AS p
    LEFT JOIN undone AS u ON u.payment_id = p.payment_id
    WHERE p.paid_on <= $as_of
    GROUP BY p.loan_id
),
owed AS (
    SELECT
        loan_id, due_on, principal_due, interest_due, fees_due,
        sum(principal_due + interest_due + fees_due) OVER up_to AS owed_with,
        sum(principal_due + interest_due + fees_due) OVER up_to - (principal_due + interest_due + fees_due) AS owed_before
    FROM book.installments
    WINDOW up_to AS (PARTITION BY loan_id ORDER BY due_on, number)
),
unpaid AS (
    SELECT
        o.loan_id, o.due_on, o.owed_with, o.principal_due,
        o.due_on < $as_of AND o.owed_with > coalesce(r.held, 0) + $slack AS is_overdue,
        greatest(0, least(o.fees_due, o.owed_before + o.fees_due - coalesce(r.held, 0))) AS fees,
        greatest(0, least(o.interest_due, o.owed_before + o.fees_due + o.interest_due - coalesce(r.held, 0))) AS interest,
        greatest(0, least(o.principal_due, o.owed_with - coalesce(r.held, 0))) AS principal
    FROM owed AS o
    LEFT JOIN received AS r ON r.loan_id = o.loan_id
),
summed AS (
    SELECT
        loan_id,
        max(owed_with) AS total_due,
        sum(principal_due - principal) AS principal_paid,
        sum(principal) FILTER (WHERE is_overdue) AS arrears_principal,
        sum(interest) FILTER (WHERE is_overdue) AS arrears_interest,
        sum(fees) FILTER (WHERE is_overdue) AS arrears_fees,
        min(due_on) FILTER (WHERE is_overdue) AS oldest_on
    FROM unpaid GROUP BY loan_id
),
paused AS (
    SELECT s.loan_id, count(DISTINCT d.day) AS days
    FROM summed AS s
    JOIN {events} AS e ON e.loan_id = s.loan_id AND e.kind = 'pause' AND e.effective_on <= $as_of
    JOIN (
        SELECT CAST(unnest(generate_series(
            (SELECT min(due_on) FROM book.installments), CAST($as_of AS DATE), INTERVAL 1 DAY
        )) AS DATE) AS day
    ) AS d ON d.day > s.oldest_on AND d.day >= e.effective_on AND d.day <= coalesce(e.until_on, $as_of)
    GROUP BY s.loan_id
),
late AS (
    SELECT
        s.loan_id,
        date_diff('day', s.oldest_on, $as_of) - coalesce(p.days, 0) AS days
    FROM summed AS s LEFT JOIN paused AS p ON p.loan_id = s.loan_id
    WHERE s.oldest_on IS NOT NULL
)
SELECT
    l.loan_id, l.borrower_id, l.disbursed_on, l.principal AS disbursed,
    coalesce(r.held, 0) AS received,
    NOT (coalesce(r.held, 0) > 0 AND coalesce(r.held, 0) + $slack >= s.total_due) OR s.total_due IS NULL AS is_open,
    greatest(0, l.principal - coalesce(s.principal_paid, 0)) AS principal,
    coalesce(s.arrears_principal, 0) AS arrears_principal,
    coalesce(s.arrears_interest, 0) AS arrears_interest,
    coalesce(s.arrears_fees, 0) AS arrears_fees,
    CASE WHEN coalesce(t.days, 0) <= $grace THEN 0 ELSE t.days - $grace_off END AS dpd
FROM book.loans AS l
LEFT JOIN received AS r ON r.loan_id = l.loan_id
LEFT JOIN summed AS s ON s.loan_id = l.loan_id
LEFT JOIN late AS t ON t.loan_id = l.loan_id
WHERE l.disbursed_on <= $as_of
