-- One row a loan and day of %(days)s on which something was overdue or written off and still owed: the oldest unpaid due
-- date and the days past due as of it, paused days left out, as balances.sql has them for one day. Each installment is
-- followed through the entries that changed it (spans), so that many days cost hardly more than one.
-- Reads: ledger_entries, ledger_postings, installments.
WITH ends AS (
    SELECT unnest(%(days)s::date[]) AS day
), known AS MATERIALIZED (
    SELECT e.entry_id, e.loan_id, e.kind, e.effective_on, e.facts, e.reverses, e.of_entry
    FROM ledger_entries AS e
    WHERE e.loan_id = ANY(%(loans)s) AND e.effective_on <= %(last)s
), telling AS MATERIALIZED (
    SELECT k.entry_id, k.loan_id, k.kind, k.effective_on, k.facts, min(r.effective_on) AS gone_on
    FROM known AS k
    LEFT JOIN known AS r ON r.reverses = k.entry_id
    WHERE k.of_entry IS NULL AND k.kind IN ('due', 're-age', 're-amortize', 'pause')
    GROUP BY k.entry_id, k.loan_id, k.kind, k.effective_on, k.facts
), moved AS MATERIALIZED (
    SELECT k.loan_id, p.account, p.number, p.component, k.effective_on AS day, sum(p.amount)::bigint AS amount
    FROM known AS k
    JOIN ledger_postings AS p ON p.entry_id = k.entry_id
    WHERE p.account = 'written_off' OR (p.account = 'receivable' AND p.number IS NOT NULL)
    GROUP BY k.loan_id, p.account, p.number, p.component, k.effective_on
), rows_due AS MATERIALIZED (
    SELECT i.loan_id, i.version, i.number, i.due_on, i.fees_due, i.interest_due, i.principal_due
    FROM installments AS i
    JOIN (SELECT DISTINCT loan_id, (facts ->> 'version')::smallint AS version FROM telling WHERE kind <> 'pause') AS v
        ON v.loan_id = i.loan_id AND v.version = i.version
    WHERE i.due_on < %(last)s
), steps AS (
    SELECT r.loan_id, r.version, r.number, r.due_on, c.component, '-infinity'::date AS day, c.amount
    FROM rows_due AS r
    CROSS JOIN LATERAL (
        VALUES ('fees', r.fees_due), ('interest', r.interest_due), ('principal', r.principal_due)
    ) AS c (component, amount)
    WHERE c.amount <> 0
    UNION ALL
    SELECT r.loan_id, r.version, r.number, r.due_on, m.component, m.day, m.amount
    FROM rows_due AS r
    JOIN moved AS m ON m.loan_id = r.loan_id AND m.number = r.number AND m.account = 'receivable'
), spans AS (
    SELECT
        loan_id, version, due_on, day,
        sum(amount) OVER following AS unpaid,
        lead(day, 1, 'infinity'::date) OVER following AS until_day
    FROM steps
    WINDOW following AS (PARTITION BY loan_id, version, number, component ORDER BY day)
), late AS (
    SELECT s.loan_id, s.version, e.day, min(s.due_on) AS oldest
    FROM spans AS s
    JOIN ends AS e ON e.day > s.due_on AND e.day >= s.day AND e.day < s.until_day
    WHERE s.unpaid > 0 AND s.until_day > s.due_on + 1
    GROUP BY s.loan_id, s.version, e.day
), in_force AS (
    SELECT DISTINCT ON (l.loan_id, l.day) l.loan_id, l.day, (t.facts ->> 'version')::smallint AS version
    FROM (SELECT DISTINCT loan_id, day FROM late) AS l
    JOIN telling AS t
        ON t.loan_id = l.loan_id AND t.kind <> 'pause' AND t.effective_on <= l.day
            AND (t.gone_on IS NULL OR t.gone_on > l.day)
    ORDER BY l.loan_id, l.day, t.effective_on DESC, t.entry_id DESC
), overdue AS (
    SELECT l.loan_id, l.day, l.oldest FROM late AS l JOIN in_force AS f USING (loan_id, day, version)
), paused AS (
    SELECT o.loan_id, o.day, sum(upper(d) - lower(d)) AS days
    FROM (
        SELECT o.loan_id, o.day, o.oldest,
            range_agg(daterange(t.effective_on, least((t.facts ->> 'until_on')::date, o.day), '[]')) AS days
        FROM overdue AS o
        JOIN telling AS t
            ON t.loan_id = o.loan_id AND t.kind = 'pause' AND t.effective_on <= o.day
                AND (t.gone_on IS NULL OR t.gone_on > o.day)
        GROUP BY o.loan_id, o.day, o.oldest
    ) AS o
    CROSS JOIN LATERAL unnest(o.days * datemultirange(daterange(o.oldest, o.day, '(]'))) AS d
    GROUP BY o.loan_id, o.day
), let_go AS (
    SELECT m.loan_id, e.day
    FROM moved AS m
    JOIN ends AS e ON e.day >= m.day
    WHERE m.account = 'written_off'
    GROUP BY m.loan_id, e.day
    HAVING -sum(m.amount) > 0
)
SELECT
    loan_id, day, o.oldest,
    coalesce(day - o.oldest - coalesce(p.days, 0), 0)::integer AS dpd,
    g.loan_id IS NOT NULL AS written_off
FROM overdue AS o
FULL JOIN let_go AS g USING (loan_id, day)
LEFT JOIN paused AS p USING (loan_id, day)
