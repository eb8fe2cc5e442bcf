-- One row a difference between the account's own row and its entries, or what no account accounts for, among loans after
-- %(after)s up to %(upto)s: the row's figures, entries that do not balance, reversals across loans, loans without account.
-- Reads: ledger_accounts, ledger_entries, ledger_postings, loans.
WITH acts AS MATERIALIZED (
    SELECT e.*, EXISTS (SELECT FROM ledger_entries AS r WHERE r.reverses = e.entry_id) AS undone
    FROM ledger_entries AS e
    WHERE e.loan_id > %(after)s AND e.loan_id <= %(upto)s
), summed AS (
    SELECT
        loan_id,
        coalesce(sum(CASE kind WHEN 'refund' THEN -amount ELSE amount END)
            FILTER (WHERE kind IN ('payment', 'transfer', 'refund') AND NOT undone), 0) AS received,
        coalesce(sum(amount) FILTER (WHERE kind = 'write-off' AND NOT undone), 0) AS written_off,
        coalesce(bool_or(kind IN ('fee', 'penalty', 'waiver') AND NOT undone), false) AS adjusted,
        max(effective_on) AS last_on,
        max(booked_at) AS last_booked_at
    FROM acts
    WHERE of_entry IS NULL
    GROUP BY loan_id
), schedules AS (
    SELECT DISTINCT ON (loan_id) loan_id, facts ->> 'version' AS version
    FROM acts
    WHERE kind IN ('due', 're-age', 're-amortize') AND NOT undone
    ORDER BY loan_id, effective_on DESC, entry_id DESC
), kept AS (
    SELECT a.loan_id, c.what, c.wanted, c.there
    FROM ledger_accounts AS a
    LEFT JOIN summed AS s ON s.loan_id = a.loan_id
    LEFT JOIN schedules AS v ON v.loan_id = a.loan_id
    CROSS JOIN LATERAL (VALUES
        ('account: received', s.received::text, a.received::text),
        ('account: written_off', s.written_off::text, a.written_off::text),
        ('account: adjusted', s.adjusted::text, a.adjusted::text),
        ('account: last_on', s.last_on::text, a.last_on::text),
        ('account: version', v.version, a.version::text)
    ) AS c (what, wanted, there)
    WHERE a.loan_id > %(after)s AND a.loan_id <= %(upto)s
)
SELECT loan_id, what, wanted, there FROM kept WHERE wanted IS DISTINCT FROM there
UNION ALL
SELECT e.loan_id, 'entry ' || e.entry_id || ': postings come to', '0', sum(p.amount)::text
FROM acts AS e
JOIN ledger_postings AS p ON p.entry_id = e.entry_id
GROUP BY e.loan_id, e.entry_id
HAVING sum(p.amount) <> 0
UNION ALL
SELECT e.loan_id, 'entry ' || e.entry_id || ': undoes an entry of', e.loan_id, r.loan_id
FROM acts AS e
JOIN ledger_entries AS r ON r.entry_id = coalesce(e.reverses, e.of_entry) AND r.loan_id <> e.loan_id
UNION ALL
SELECT e.loan_id, 'entry ' || e.entry_id || ': acts on no account', 'an account', 'none'
FROM acts AS e
WHERE NOT EXISTS (SELECT FROM ledger_accounts AS a WHERE a.loan_id = e.loan_id)
UNION ALL
SELECT l.loan_id, 'account', 'open', 'none'
FROM loans AS l
WHERE l.loan_id > %(after)s AND l.loan_id <= %(upto)s
    AND NOT EXISTS (SELECT FROM ledger_accounts AS a WHERE a.loan_id = l.loan_id)
ORDER BY 1, 2
