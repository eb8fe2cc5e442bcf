-- One row a loan that was disbursed by the as-of date: what it owes and has paid, in minor units, by the entries in
-- effect by %(as_of)s and known by %(known_at)s (null: all that is known). With %(paid_early)s money that takes effect
-- later counts as well, and what else lessens the debt; what adds to it or moves its schedule does not.
-- Overdue is what is unpaid of installments due before the as-of date; days past due leave paused days out.
-- Reads: ledger_accounts, ledger_entries, ledger_postings, installments.
WITH known AS MATERIALIZED (
    SELECT e.entry_id, e.loan_id, e.kind, e.effective_on, e.facts, e.reverses, e.of_entry
    FROM ledger_entries AS e
    WHERE e.loan_id = ANY(%(loans)s)
        AND (e.effective_on <= %(as_of)s OR %(paid_early)s AND e.kind <> ALL(%(adding)s::text[]) AND NOT EXISTS (
            SELECT FROM ledger_entries AS o
            WHERE o.entry_id IN (e.reverses, e.of_entry) AND o.kind = ANY(%(adding)s::text[])
        ))
        AND (%(known_at)s::timestamptz IS NULL OR e.booked_at <= %(known_at)s)
), telling AS (
    SELECT k.*
    FROM known AS k
    WHERE k.of_entry IS NULL AND k.kind IN ('due', 're-age', 're-amortize', 'pause')
        AND NOT EXISTS (SELECT FROM known AS r WHERE r.reverses = k.entry_id)
), schedule AS (
    SELECT DISTINCT ON (loan_id) loan_id, (facts ->> 'version')::smallint AS version
    FROM telling
    WHERE kind <> 'pause'
    ORDER BY loan_id, effective_on DESC, entry_id DESC
), pauses AS (
    SELECT loan_id, range_agg(daterange(effective_on, least((facts ->> 'until_on')::date, %(as_of)s), '[]')) AS days
    FROM telling
    WHERE kind = 'pause'
    GROUP BY loan_id
), moved AS MATERIALIZED (
    SELECT k.loan_id, p.account, p.component, p.number, sum(p.amount)::bigint AS amount
    FROM known AS k
    JOIN ledger_postings AS p ON p.entry_id = k.entry_id
    GROUP BY k.loan_id, p.account, p.component, p.number
), totals AS (
    SELECT
        loan_id,
        sum(amount) FILTER (WHERE account = 'receivable' AND component = 'principal') AS principal_outstanding,
        sum(amount) FILTER (WHERE account = 'receivable' AND component = 'interest') AS interest_outstanding,
        sum(amount) FILTER (WHERE account = 'receivable' AND component = 'fees') AS fees_outstanding,
        sum(amount) FILTER (WHERE account = 'receivable' AND component = 'penalty') AS penalty_outstanding,
        sum(amount) FILTER (WHERE account IN ('cash', 'transit')) AS paid_total,
        -sum(amount) FILTER (WHERE account = 'unapplied') AS unapplied,
        -sum(amount) FILTER (WHERE account = 'written_off') AS written_off,
        -sum(amount) FILTER (WHERE account = 'recovered') AS recovered,
        sum(amount) FILTER (WHERE account = 'waived') AS waived
    FROM moved
    GROUP BY loan_id
), overdue AS (
    SELECT
        loan_id,
        sum(unpaid) FILTER (WHERE component = 'principal') AS arrears_principal,
        sum(unpaid) FILTER (WHERE component = 'interest') AS arrears_interest,
        sum(unpaid) FILTER (WHERE component = 'fees') AS arrears_fees,
        sum(unpaid) FILTER (WHERE component = 'penalty') AS arrears_penalty,
        count(DISTINCT number) FILTER (WHERE unpaid > 0) AS installments_overdue,
        min(due_on) FILTER (WHERE unpaid > 0) AS oldest_unpaid_due_on
    FROM (
        SELECT i.loan_id, i.number, i.due_on, c.component, c.amount + coalesce(m.amount, 0) AS unpaid
        FROM schedule AS s
        JOIN installments AS i ON i.loan_id = s.loan_id AND i.version = s.version AND i.due_on < %(as_of)s
        CROSS JOIN LATERAL (VALUES
            ('fees', i.fees_due), ('penalty', 0::bigint), ('interest', i.interest_due), ('principal', i.principal_due)
        ) AS c (component, amount)
        LEFT JOIN moved AS m
            ON m.loan_id = i.loan_id AND m.account = 'receivable' AND m.component = c.component AND m.number = i.number
    ) AS items
    GROUP BY loan_id
)
SELECT
    t.loan_id,
    a.currency,
    coalesce(o.arrears_principal, 0)::bigint AS arrears_principal,
    coalesce(o.arrears_interest, 0)::bigint AS arrears_interest,
    coalesce(o.arrears_fees, 0)::bigint AS arrears_fees,
    coalesce(o.arrears_penalty, 0)::bigint AS arrears_penalty,
    coalesce(o.installments_overdue, 0)::integer AS installments_overdue,
    o.oldest_unpaid_due_on,
    coalesce(%(as_of)s - o.oldest_unpaid_due_on - coalesce((
        SELECT sum(upper(d) - lower(d))
        FROM pauses AS p
        CROSS JOIN LATERAL
            unnest(p.days * datemultirange(daterange(o.oldest_unpaid_due_on, %(as_of)s, '(]'))) AS d
        WHERE p.loan_id = t.loan_id
    ), 0), 0)::integer AS dpd,
    coalesce(t.principal_outstanding, 0)::bigint AS principal_outstanding,
    coalesce(t.interest_outstanding, 0)::bigint AS interest_outstanding,
    coalesce(t.fees_outstanding, 0)::bigint AS fees_outstanding,
    coalesce(t.penalty_outstanding, 0)::bigint AS penalty_outstanding,
    coalesce(t.paid_total, 0)::bigint AS paid_total,
    coalesce(t.unapplied, 0)::bigint AS unapplied,
    coalesce(t.written_off, 0)::bigint AS written_off,
    coalesce(t.recovered, 0)::bigint AS recovered,
    coalesce(t.waived, 0)::bigint AS waived
FROM totals AS t
JOIN ledger_accounts AS a ON a.loan_id = t.loan_id
LEFT JOIN overdue AS o ON o.loan_id = t.loan_id
ORDER BY t.loan_id
