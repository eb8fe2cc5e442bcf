-- funding.chunks: one row is a part of an installment and the day on which it was paid (NULL: not by the as-of date), in
-- minor units, with the periods of its due date, its payment and its loan's disbursal.
-- Reads: book.loans, book.installments, book.payments, funding.undone (payment_id), funding.periods (n, ends_on).
-- Payments go to the oldest installment first and within it to fees, interest, principal; money beyond all that is owed is
-- a part of the last installment, marked is_extra. Payments that were undone by the as-of date count as never made.
CREATE OR REPLACE TABLE funding.chunks AS
WITH owed AS (
    SELECT
        loan_id,
        due_on,
        principal_due,
        row_number() OVER places AS place,
        count(*) OVER (PARTITION BY loan_id) AS places,
        sum(principal_due + {interest} + fees_due) OVER places AS owed_with,
        sum(principal_due + {interest} + fees_due) OVER places - (principal_due + {interest} + fees_due) AS owed_before
    FROM book.installments
    WINDOW places AS (PARTITION BY loan_id ORDER BY due_on, number)
),
days AS (
    SELECT loan_id, paid_on, sum(amount) AS amount
    FROM {payments}
    WHERE paid_on <= $as_of AND amount > 0 AND payment_id NOT IN (SELECT payment_id FROM funding.undone)
    GROUP BY loan_id, paid_on
),
money AS (
    SELECT loan_id, paid_on, sum(amount) OVER w AS upto, sum(amount) OVER w - amount AS before
    FROM days
    WINDOW w AS (PARTITION BY loan_id ORDER BY paid_on)
),
paid AS (
    SELECT loan_id, max(upto) AS paid FROM money GROUP BY loan_id
),
parts AS (
    SELECT
        o.loan_id, o.place, o.due_on, m.paid_on, false AS is_extra,
        least(m.upto, o.owed_with) - greatest(m.before, o.owed_before) AS amount,
        greatest(0, least(m.upto, o.owed_with) - greatest(m.before, o.owed_with - o.principal_due)) AS principal
    FROM owed AS o
    JOIN money AS m ON m.loan_id = o.loan_id AND m.before < o.owed_with AND m.upto > o.owed_before
    UNION ALL
    SELECT
        o.loan_id, o.place, o.due_on, NULL, false,
        o.owed_with - greatest(coalesce(p.paid, 0), o.owed_before),
        least(o.principal_due, o.owed_with - greatest(coalesce(p.paid, 0), o.owed_before))
    FROM owed AS o
    LEFT JOIN paid AS p ON p.loan_id = o.loan_id
    WHERE o.owed_with > coalesce(p.paid, 0) AND o.owed_with > o.owed_before
    UNION ALL
    SELECT o.loan_id, o.place, o.due_on, m.paid_on, true, m.upto - greatest(m.before, o.owed_with), 0
    FROM owed AS o
    JOIN money AS m ON m.loan_id = o.loan_id AND m.upto > o.owed_with
    WHERE o.place = o.places
)
SELECT
    c.loan_id,
    c.due_on,
    c.paid_on,
    c.is_extra,
    CAST(c.amount AS BIGINT) AS amount,
    CAST(c.principal AS BIGINT) AS principal,
    d.n AS due_n,
    y.n AS paid_n,
    l.disbursed_n
FROM parts AS c
JOIN (
    SELECT a.loan_id, b.n AS disbursed_n
    FROM book.loans AS a ASOF JOIN funding.periods AS b ON a.disbursed_on <= b.ends_on
    WHERE a.disbursed_on <= $as_of
) AS l ON l.loan_id = c.loan_id
ASOF JOIN funding.periods AS d ON c.due_on <= d.ends_on
ASOF LEFT JOIN funding.periods AS y ON c.paid_on <= y.ends_on
