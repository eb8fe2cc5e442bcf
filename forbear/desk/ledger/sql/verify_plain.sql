-- One row a difference: an act of a plain loan whose postings, with those of all that follows from it, are not what its
-- events come to. Plain is a loan with a waterfall rule on which nothing but disbursal, first schedule, payments from
-- that day on and reversals of payments was booked; others are replayed in Python. What money pays is laid end to end
-- over everything owed, as in sql/pay.sql, but from the events alone and with no balance that anyone kept.
-- Loans after %(after)s up to %(upto)s.
-- Reads: ledger_accounts, ledger_entries, ledger_postings, installments, loans.
WITH acts AS MATERIALIZED (
    SELECT
        e.loan_id, e.entry_id, e.kind, e.effective_on, e.amount, (e.facts ->> 'version')::smallint AS version,
        CASE e.kind WHEN 'payment' THEN e.amount WHEN 'reversal' THEN -r.amount ELSE 0 END AS money
    FROM ledger_entries AS e
    LEFT JOIN ledger_entries AS r ON r.entry_id = e.reverses
    WHERE e.loan_id > %(after)s AND e.loan_id <= %(upto)s AND e.of_entry IS NULL
        AND NOT (e.loan_id = ANY(%(general)s))
), owed AS MATERIALIZED (
    SELECT acts.loan_id, i.due_on, i.number, c.component, c.amount
    FROM acts
    JOIN installments AS i ON i.loan_id = acts.loan_id AND i.version = acts.version
    CROSS JOIN LATERAL (VALUES ('fees', i.fees_due), ('interest', i.interest_due), ('principal', i.principal_due))
        AS c (component, amount)
    WHERE acts.kind = 'due' AND c.amount > 0
), items AS (
    SELECT o.loan_id, o.number, o.component, o.amount, sum(o.amount) OVER (
        PARTITION BY o.loan_id ORDER BY o.due_on, o.number, array_position(a.components, o.component)
    ) AS upto
    FROM owed AS o
    JOIN ledger_accounts AS a ON a.loan_id = o.loan_id
), moves AS (
    SELECT
        loan_id, entry_id, sign(money) AS direction,
        least(upto, upto - money) AS low, greatest(upto, upto - money) AS high
    FROM (
        SELECT *, sum(money) OVER (PARTITION BY loan_id ORDER BY effective_on, entry_id) AS upto FROM acts
    ) AS running
    WHERE money <> 0
), parts AS MATERIALIZED (
    SELECT
        m.loan_id, m.entry_id, i.component, i.number,
        (m.direction * (least(i.upto, m.high) - greatest(i.upto - i.amount, m.low)))::bigint AS amount
    FROM moves AS m
    JOIN items AS i ON i.loan_id = m.loan_id AND i.upto > m.low AND i.upto - i.amount < m.high
), expected AS (
    SELECT entry_id, 'cash' AS account, NULL::text AS component, NULL::integer AS number, money AS amount
    FROM acts
    UNION ALL
    SELECT entry_id, 'unapplied', NULL, NULL, -money FROM acts
    UNION ALL
    SELECT entry_id, 'unapplied', NULL, NULL, amount FROM parts
    UNION ALL
    SELECT entry_id, 'receivable', component, number, -amount FROM parts
    UNION ALL
    SELECT a.entry_id, c.account, 'principal', NULL, c.side * l.principal
    FROM acts AS a
    JOIN loans AS l ON l.loan_id = a.loan_id
    CROSS JOIN LATERAL (VALUES ('receivable', 1), ('disbursed', -1)) AS c (account, side)
    WHERE a.kind = 'disbursal'
    UNION ALL
    SELECT a.entry_id, c.account, o.component, NULL, c.side * o.amount
    FROM acts AS a
    JOIN owed AS o ON o.loan_id = a.loan_id AND o.component <> 'principal'
    CROSS JOIN LATERAL (VALUES ('receivable', 1), ('income', -1)) AS c (account, side)
    WHERE a.kind = 'due'
), found AS (
    SELECT coalesce(e.of_entry, e.entry_id) AS entry_id, p.account, p.component, p.number, p.amount
    FROM ledger_entries AS e
    JOIN ledger_postings AS p ON p.entry_id = e.entry_id
    WHERE e.loan_id > %(after)s AND e.loan_id <= %(upto)s AND NOT (e.loan_id = ANY(%(general)s))
), differing AS (
    SELECT entry_id, account, component, number, sum(wanted)::bigint AS wanted, sum(there)::bigint AS there
    FROM (
        SELECT entry_id, account, CASE account WHEN 'disbursed' THEN NULL ELSE component END AS component, number,
            amount AS wanted, 0 AS there FROM expected
        UNION ALL
        SELECT entry_id, account, component, number, 0, amount FROM found
    ) AS sides
    GROUP BY entry_id, account, component, number
    HAVING sum(wanted) <> sum(there)
)
SELECT
    e.loan_id, e.kind || ' ' || d.entry_id || ': ' || concat_ws(' ', d.account, d.component, d.number) AS what,
    d.wanted, d.there
FROM differing AS d
JOIN ledger_entries AS e ON e.entry_id = d.entry_id
ORDER BY 1, 2
