-- One row is a figure of a pack by its name, derived from the ledger's postings as they were known: its value (loans, or money
-- in minor units) and the loans behind it. The pack's own figures come another way: the night's aging of the exported book.
-- Reads: loans, installments, ledger_entries, ledger_postings. %(funder)s and %(known_at)s may be null: all.
WITH pool AS (
    SELECT loan_id, borrower_id, disbursed_on FROM loans
    WHERE currency = %(currency)s AND (%(funder)s::text IS NULL OR funder_id = %(funder)s) AND disbursed_on <= %(as_of)s
), known AS MATERIALIZED (
    SELECT e.entry_id, e.loan_id, e.kind, e.effective_on, e.facts, e.reverses, e.of_entry, coalesce(r.kind, e.kind) AS about
    FROM ledger_entries AS e
    JOIN pool ON pool.loan_id = e.loan_id
    LEFT JOIN ledger_entries AS r ON r.entry_id = e.reverses
    WHERE e.effective_on <= %(as_of)s AND (%(known_at)s::timestamptz IS NULL OR e.booked_at <= %(known_at)s)
), posted AS MATERIALIZED (
    SELECT k.loan_id, k.about, k.kind, k.effective_on, p.account, p.component, p.number, p.amount
    FROM known AS k JOIN ledger_postings AS p ON p.entry_id = k.entry_id
), telling AS (
    SELECT k.* FROM known AS k
    WHERE k.of_entry IS NULL AND k.kind IN ('due', 're-age', 're-amortize', 'pause')
        AND NOT EXISTS (SELECT FROM known AS r WHERE r.reverses = k.entry_id)
), schedule AS (
    SELECT DISTINCT ON (loan_id) loan_id, (facts ->> 'version')::smallint AS version
    FROM telling WHERE kind <> 'pause' ORDER BY loan_id, effective_on DESC, entry_id DESC
), moved AS (
    SELECT loan_id, component, number,
        coalesce(sum(amount) FILTER (WHERE about IN ('fee', 'penalty', 'waiver')), 0) AS changed,
        coalesce(sum(amount) FILTER (WHERE about NOT IN ('fee', 'penalty', 'waiver')), 0) AS paid
    FROM posted WHERE account = 'receivable' AND number IS NOT NULL GROUP BY loan_id, component, number
), items AS (
    SELECT i.loan_id, i.number, i.due_on, c.component,
        c.amount + coalesce(m.changed, 0) AS due, coalesce(m.paid, 0) AS paid
    FROM schedule AS s
    JOIN installments AS i ON i.loan_id = s.loan_id AND i.version = s.version AND i.due_on < %(as_of)s
    CROSS JOIN LATERAL (VALUES
        ('fees', i.fees_due), ('penalty', 0::bigint), ('interest', i.interest_due), ('principal', i.principal_due)
    ) AS c (component, amount)
    LEFT JOIN moved AS m ON m.loan_id = i.loan_id AND m.component = c.component AND m.number = i.number
), late AS (
    SELECT loan_id,
        sum(due + paid) FILTER (WHERE component = 'principal') AS arrears_principal,
        sum(due + paid) FILTER (WHERE component = 'interest') AS arrears_interest,
        sum(due + paid) FILTER (WHERE component IN ('fees', 'penalty')) AS arrears_fees,
        min(due_on) FILTER (WHERE due + paid > 0) AS oldest_on
    FROM items GROUP BY loan_id
), paused AS (
    SELECT t.loan_id, count(DISTINCT d.day) AS days
    FROM telling AS t
    JOIN late AS l ON l.loan_id = t.loan_id
    CROSS JOIN LATERAL generate_series(
        greatest(t.effective_on, l.oldest_on + 1), least(coalesce((t.facts ->> 'until_on')::date, %(as_of)s), %(as_of)s),
        interval '1 day') AS d (day)
    WHERE t.kind = 'pause' AND l.oldest_on IS NOT NULL
    GROUP BY t.loan_id
), totals AS (
    SELECT loan_id,
        coalesce(sum(amount) FILTER (WHERE account = 'receivable'), 0) AS owed,
        coalesce(sum(amount) FILTER (WHERE account = 'receivable' AND component = 'principal'), 0) AS principal,
        coalesce(-sum(amount) FILTER (WHERE account = 'disbursed'), 0)
            - coalesce(sum(amount) FILTER (WHERE account = 'waived' AND component = 'principal'), 0) AS disbursed,
        coalesce(sum(amount) FILTER (WHERE account IN ('cash', 'transit')), 0) AS received
    FROM posted GROUP BY loan_id
), placed AS (
    SELECT p.loan_id, p.borrower_id, p.disbursed_on, t.*, l.arrears_principal, l.arrears_interest, l.arrears_fees,
        NOT (t.received > 0 AND t.owed <= 0) AS is_open,
        coalesce(%(as_of)s - l.oldest_on - coalesce(u.days, 0), 0)::integer AS dpd
    FROM pool AS p
    JOIN (SELECT loan_id AS of_loan, owed, principal, disbursed, received FROM totals) AS t ON t.of_loan = p.loan_id
    LEFT JOIN late AS l ON l.loan_id = p.loan_id
    LEFT JOIN paused AS u ON u.loan_id = p.loan_id
), pulled AS (
    SELECT borrower_id FROM placed
    WHERE %(over)s::integer IS NOT NULL
    GROUP BY borrower_id
    HAVING coalesce(sum(principal) FILTER (WHERE dpd > %(over)s), 0) > 0
        AND coalesce(sum(principal) FILTER (WHERE dpd > %(over)s), 0) * 1000000 > sum(principal) * %(share)s::bigint
), open AS (
    SELECT p.*, r.bucket,
        CASE WHEN u.borrower_id IS NOT NULL AND p.principal > 0 AND p.dpd <= %(below)s THEN %(at_least)s ELSE r.category END
            AS category
    FROM placed AS p
    JOIN unnest(%(ladder)s::integer[], %(buckets)s::text[], %(categories)s::text[]) AS r (dpd, bucket, category)
        ON r.dpd = least(p.dpd, %(top)s)
    LEFT JOIN pulled AS u ON u.borrower_id = p.borrower_id
    WHERE p.is_open
)
SELECT 'loans' AS figure, count(*) AS value, count(*) AS loans FROM placed
UNION ALL SELECT 'disbursed', sum(disbursed), count(*) FROM placed
UNION ALL SELECT 'received', sum(received), count(*) FILTER (WHERE received > 0) FROM placed
UNION ALL SELECT 'open_loans', count(*), count(*) FROM open
UNION ALL SELECT 'principal', sum(principal), count(*) FROM open
UNION ALL SELECT 'arrears_principal', sum(arrears_principal), count(*) FILTER (WHERE arrears_principal > 0) FROM open
UNION ALL SELECT 'arrears_interest', sum(arrears_interest), count(*) FILTER (WHERE arrears_interest > 0) FROM open
UNION ALL SELECT 'arrears_fees', sum(arrears_fees), count(*) FILTER (WHERE arrears_fees > 0) FROM open
UNION ALL SELECT 'bucket:' || bucket || ':loans', count(*), count(*) FROM open GROUP BY bucket
UNION ALL SELECT 'bucket:' || bucket || ':principal', sum(principal), count(*) FROM open GROUP BY bucket
UNION ALL SELECT 'category:' || category || ':loans', count(*), count(*) FROM open GROUP BY category
UNION ALL SELECT 'category:' || category || ':principal', sum(principal), count(*) FROM open GROUP BY category
UNION ALL
SELECT 'par_' || d.days || ':principal', coalesce(sum(o.principal), 0), count(o.loan_id)
FROM unnest(ARRAY[1, 30, 60, 90]) AS d (days) LEFT JOIN open AS o ON o.dpd >= d.days GROUP BY d.days
UNION ALL
(SELECT 'largest_borrower:principal', sum(principal), count(*) FROM open GROUP BY borrower_id ORDER BY 2 DESC LIMIT 1)
UNION ALL
SELECT 'stage:' || stage || ':loans', count(*), count(*)
FROM (
    SELECT CASE WHEN dpd >= %(default_days)s THEN 3 WHEN dpd > %(sicr_over)s THEN 2 ELSE 1 END AS stage FROM open
) AS staged GROUP BY stage
UNION ALL
SELECT 'month:' || to_char(effective_on, 'YYYY-MM') || ':received', sum(amount), count(DISTINCT loan_id)
FROM posted WHERE account IN ('cash', 'transit') AND amount > 0 AND kind IN ('payment', 'transfer')
GROUP BY to_char(effective_on, 'YYYY-MM')
UNION ALL
SELECT 'month:' || to_char(due_on, 'YYYY-MM') || ':due', sum(due), count(DISTINCT loan_id)
FROM items GROUP BY to_char(due_on, 'YYYY-MM')
UNION ALL
SELECT 'vintage:' || to_char(disbursed_on, 'YYYY-MM') || ':principal', sum(disbursed), count(*)
FROM placed GROUP BY to_char(disbursed_on, 'YYYY-MM')
