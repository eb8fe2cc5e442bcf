-- Books the payments of `{payments}` on loans on which nothing but disbursal and schedule was ever booked: a payment and
-- what it pays, laid end to end over everything owed (see sql/pay.sql). One row: how many payments were booked.
-- Reads: {payments}, ledger_accounts, ledger_entries, installments, loans. Writes: ledger_accounts, ledger_entries,
-- ledger_postings.
WITH numbers AS MATERIALIZED (
    SELECT pg_get_serial_sequence('ledger_entries', 'entry_id')::regclass AS name  -- found once, not once a row
), plain AS MATERIALIZED (
    SELECT a.loan_id, a.version, a.components
    FROM ledger_accounts AS a
    JOIN loans AS l ON l.loan_id = a.loan_id
    JOIN (SELECT loan_id, min(paid_on) AS first_on FROM {payments} WHERE amount > 0 GROUP BY loan_id) AS p
        ON p.loan_id = a.loan_id AND p.first_on >= l.disbursed_on
    WHERE a.components IS NOT NULL
        AND (SELECT count(*) FROM (SELECT FROM ledger_entries AS e WHERE e.loan_id = a.loan_id LIMIT 3) AS few) = 2
    FOR UPDATE OF a
), given AS MATERIALIZED (
    SELECT
        nextval((SELECT name FROM numbers)) AS entry_id,
        s.*,
        (sum(s.amount) OVER (PARTITION BY s.loan_id ORDER BY s.paid_on, s.payment_id ROWS UNBOUNDED PRECEDING))::bigint
            AS upto
    FROM (
        SELECT p.payment_id, p.loan_id, p.paid_on, p.amount, p.source
        FROM {payments} AS p
        JOIN plain USING (loan_id)
        WHERE p.amount > 0 AND NOT EXISTS (
            SELECT FROM ledger_entries AS e WHERE e.kind = 'payment' AND e.cause = p.payment_id
        )
        ORDER BY p.loan_id, p.paid_on, p.payment_id
    ) AS s
), items AS (
    SELECT i.loan_id, i.number, c.component, c.amount, (sum(c.amount) OVER (
        PARTITION BY i.loan_id ORDER BY i.due_on, i.number, array_position(plain.components, c.component)
        ROWS UNBOUNDED PRECEDING
    ))::bigint AS upto
    FROM plain
    JOIN installments AS i ON i.loan_id = plain.loan_id AND i.version = plain.version
    CROSS JOIN LATERAL (VALUES ('fees', i.fees_due), ('interest', i.interest_due), ('principal', i.principal_due))
        AS c (component, amount)
    WHERE c.amount > 0
), parts AS MATERIALIZED (
    SELECT
        g.entry_id, g.loan_id, i.number, i.component,
        (row_number() OVER (PARTITION BY g.entry_id ORDER BY i.upto))::smallint AS line,
        (least(i.upto, g.upto) - greatest(i.upto - i.amount, g.upto - g.amount)) AS amount
    FROM given AS g
    JOIN items AS i ON i.loan_id = g.loan_id AND i.upto > g.upto - g.amount AND i.upto - i.amount < g.upto
), paid AS MATERIALIZED (
    SELECT entry_id AS of_entry, nextval((SELECT name FROM numbers)) AS entry_id, amount
    FROM (SELECT entry_id, sum(amount)::bigint AS amount FROM parts GROUP BY entry_id) AS summed
), entries AS (
    INSERT INTO ledger_entries
        (entry_id, loan_id, kind, effective_on, booked_at, amount, cause, actor, key, facts, of_entry)
    OVERRIDING SYSTEM VALUE
    SELECT
        entry_id, loan_id, 'payment', paid_on, %(at)s, amount, payment_id, %(actor)s, 'book:' || payment_id,
        CASE WHEN source IS NOT NULL THEN jsonb_build_object('source', source) END, NULL
    FROM given
    UNION ALL
    SELECT
        p.entry_id, g.loan_id, 'allocation', g.paid_on, %(at)s, p.amount, g.payment_id, %(actor)s, NULL, NULL, p.of_entry
    FROM paid AS p
    JOIN given AS g ON g.entry_id = p.of_entry
), postings AS (
    INSERT INTO ledger_postings (entry_id, line, account, component, number, amount)
    SELECT entry_id, 1::smallint, 'cash', NULL::text, NULL::integer, amount FROM given
    UNION ALL
    SELECT entry_id, 2, 'unapplied', NULL, NULL, -amount FROM given
    UNION ALL
    SELECT entry_id, 0, 'unapplied', NULL, NULL, amount FROM paid
    UNION ALL
    SELECT p.entry_id, t.line, 'receivable', t.component, t.number, -t.amount
    FROM paid AS p
    JOIN parts AS t ON t.entry_id = p.of_entry
), moved AS (
    UPDATE ledger_accounts AS a
    SET received = a.received + t.amount, last_on = greatest(a.last_on, t.last_on),
        last_booked_at = greatest(a.last_booked_at, %(at)s)
    FROM (SELECT loan_id, sum(amount) AS amount, max(paid_on) AS last_on FROM given GROUP BY loan_id) AS t
    WHERE t.loan_id = a.loan_id
)
SELECT count(*) FROM given
