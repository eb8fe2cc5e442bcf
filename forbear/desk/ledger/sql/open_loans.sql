-- Opens an account for each loan (of `loans`; null: of all) that has none: one entry `disbursal`, one entry `due` (the totals of its schedule;
-- installment by installment they stand in `installments`), and their postings. One row: how many were opened.
-- Reads: loans, installments. Writes: ledger_accounts, ledger_entries, ledger_postings.
WITH fresh AS MATERIALIZED (
    SELECT l.loan_id, l.disbursed_on, l.principal, l.currency, l.schedule_version, t.interest, t.fees
    FROM loans AS l
    JOIN (
        SELECT loan_id, version, sum(interest_due)::bigint AS interest, sum(fees_due)::bigint AS fees
        FROM installments
        WHERE %(loans)s::text[] IS NULL OR loan_id = ANY (%(loans)s::text[])
        GROUP BY loan_id, version
    ) AS t ON t.loan_id = l.loan_id AND t.version = l.schedule_version
    WHERE NOT EXISTS (SELECT FROM ledger_accounts AS a WHERE a.loan_id = l.loan_id)
        AND (%(loans)s::text[] IS NULL OR l.loan_id = ANY (%(loans)s::text[]))
), accounts AS (
    INSERT INTO ledger_accounts (loan_id, currency, rule, components, version, last_on, last_booked_at)
    SELECT loan_id, currency, %(rule)s, %(order)s::text[], schedule_version, disbursed_on, %(at)s
    FROM fresh
    RETURNING loan_id
), entries AS (
    INSERT INTO ledger_entries (loan_id, kind, effective_on, booked_at, amount, cause, actor, key, facts)
    SELECT loan_id, kind, disbursed_on, %(at)s, amount, kind, %(actor)s, kind || ':' || loan_id, facts
    FROM (
        SELECT loan_id, disbursed_on, 'disbursal' AS kind, principal AS amount, NULL::jsonb AS facts FROM fresh
        UNION ALL
        SELECT loan_id, disbursed_on, 'due', interest + fees, jsonb_build_object('version', schedule_version) FROM fresh
    ) AS made
    ORDER BY loan_id, kind
    RETURNING entry_id, loan_id, kind
), postings AS (
    INSERT INTO ledger_postings (entry_id, line, account, component, amount)
    SELECT e.entry_id, c.line, c.account, c.component, c.amount
    FROM entries AS e
    JOIN fresh AS f ON f.loan_id = e.loan_id
    CROSS JOIN LATERAL (VALUES
        ('disbursal', 1::smallint, 'receivable', 'principal', f.principal),
        ('disbursal', 2::smallint, 'disbursed', NULL, -f.principal),
        ('due', 1::smallint, 'receivable', 'fees', f.fees),
        ('due', 2::smallint, 'income', 'fees', -f.fees),
        ('due', 3::smallint, 'receivable', 'interest', f.interest),
        ('due', 4::smallint, 'income', 'interest', -f.interest)
    ) AS c (kind, line, account, component, amount)
    WHERE c.kind = e.kind AND c.amount <> 0
)
SELECT count(*) FROM accounts
