-- ledger_pay: book one payment in the plain case, in one call. One answer a payment, as JSON: `outcome` is
--   booked    entry, booked_at, currency, parts [[installment, component, amount], ...]
--   again     the same key asked for the same payment before: `entry` is that one, nothing is booked
--   conflict  the key, or the payment's own id, was used for something else: `entry` is what it was used for
--   general   not a plain case (backdated, a rule that is no waterfall, something written off, money below zero)
--   unknown   there is no such loan
-- A plain waterfall pays [received, received + amount] of everything owed, laid end to end in the order of payment.
-- Reads: ledger_accounts (locks the loan's row), ledger_entries, ledger_postings, installments.
CREATE OR REPLACE FUNCTION ledger_pay(
    p_key text, p_loan text, p_on date, p_amount bigint, p_cause text, p_actor text, p_at timestamptz, p_facts jsonb
) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
    account ledger_accounts;
    known record;
    answer jsonb;
    booked timestamptz;
BEGIN
    SELECT * INTO account FROM ledger_accounts WHERE loan_id = p_loan FOR UPDATE;
    IF NOT FOUND THEN
        RETURN jsonb_build_object('outcome', 'unknown');
    END IF;
    SELECT e.entry_id, e.loan_id, e.effective_on, e.amount, e.cause, e.kind INTO known
    FROM ledger_entries AS e WHERE e.key = p_key;
    IF FOUND THEN
        RETURN jsonb_build_object('entry', known.entry_id, 'outcome', CASE
            WHEN (known.loan_id, known.effective_on, known.amount, known.cause, known.kind)
                = (p_loan, p_on, p_amount, p_cause, 'payment') THEN 'again' ELSE 'conflict' END);
    END IF;
    IF account.components IS NULL OR p_on < account.last_on OR account.received < 0 OR account.written_off <> 0
        OR p_amount <= 0 THEN
        RETURN jsonb_build_object('outcome', 'general');
    END IF;
    booked := greatest(p_at, account.last_booked_at + interval '1 microsecond');  -- no two known at once

    WITH owed AS (
        SELECT i.due_on, i.number, c.component, c.amount
        FROM installments AS i
        CROSS JOIN LATERAL (VALUES ('fees', i.fees_due), ('interest', i.interest_due), ('principal', i.principal_due))
            AS c (component, amount)
        WHERE i.loan_id = p_loan AND i.version = account.version
        UNION ALL
        SELECT i.due_on, p.number, p.component, p.amount
        FROM ledger_entries AS e
        JOIN ledger_postings AS p ON p.entry_id = e.entry_id
        JOIN installments AS i ON i.loan_id = p_loan AND i.version = account.version AND i.number = p.number
        WHERE account.adjusted AND e.loan_id = p_loan AND e.of_entry IS NULL AND p.account = 'receivable'
    ), items AS (
        SELECT number, component, sum(amount) AS amount, sum(sum(amount)) OVER (
            ORDER BY due_on, number, array_position(account.components, component)
        ) AS upto
        FROM owed
        GROUP BY due_on, number, component
    ), parts AS MATERIALIZED (
        SELECT
            (row_number() OVER (ORDER BY upto))::smallint AS line,
            number,
            component,
            (least(upto, account.received + p_amount) - greatest(upto - amount, account.received))::bigint AS amount
        FROM items
        WHERE amount > 0 AND upto > account.received AND upto - amount < account.received + p_amount
    ), payment AS (
        INSERT INTO ledger_entries (loan_id, kind, effective_on, booked_at, amount, cause, actor, key, facts)
        VALUES (p_loan, 'payment', p_on, booked, p_amount, p_cause, p_actor, p_key, p_facts)
        ON CONFLICT DO NOTHING
        RETURNING entry_id
    ), paid AS (
        SELECT coalesce(sum(amount), 0)::bigint AS amount FROM parts
    ), allocation AS (
        INSERT INTO ledger_entries (loan_id, kind, effective_on, booked_at, amount, cause, actor, of_entry)
        SELECT p_loan, 'allocation', p_on, booked, paid.amount, p_cause, p_actor, payment.entry_id
        FROM payment, paid WHERE paid.amount > 0
        RETURNING entry_id
    ), posted AS (
        INSERT INTO ledger_postings (entry_id, line, account, component, number, amount)
        SELECT entry_id, 1::smallint, 'cash', NULL::text, NULL::integer, p_amount FROM payment
        UNION ALL
        SELECT entry_id, 2, 'unapplied', NULL, NULL, -p_amount FROM payment
        UNION ALL
        SELECT entry_id, 0, 'unapplied', NULL, NULL, paid.amount FROM allocation, paid
        UNION ALL
        SELECT entry_id, line, 'receivable', component, number, -parts.amount FROM allocation, parts
    ), moved AS (
        UPDATE ledger_accounts SET received = received + p_amount, last_on = p_on, last_booked_at = booked
        WHERE loan_id = p_loan AND EXISTS (SELECT FROM payment)
    )
    SELECT jsonb_build_object(
        'outcome', 'booked', 'entry', payment.entry_id, 'booked_at', booked, 'currency', account.currency,
        'parts', coalesce(
            (SELECT jsonb_agg(jsonb_build_array(number, component, amount) ORDER BY line) FROM parts), '[]'
        )
    ) INTO answer FROM payment, paid;

    IF answer IS NULL THEN
        SELECT e.entry_id INTO known FROM ledger_entries AS e
        WHERE e.key = p_key OR (e.kind = 'payment' AND e.cause = p_cause) LIMIT 1;
        RETURN jsonb_build_object('outcome', 'conflict', 'entry', known.entry_id);
    END IF;
    RETURN answer;
END $$;
