-- Writes entries and their postings in one statement: arrays of equal length, an entry each, and lines as JSON arrays of
-- [place of the entry from 0, line, account, component, number, amount]. The ids were drawn before.
-- Writes: ledger_entries, ledger_postings.
WITH entries AS (
    INSERT INTO ledger_entries
        (entry_id, loan_id, kind, effective_on, booked_at, amount, cause, actor, key, facts, reverses, of_entry)
    OVERRIDING SYSTEM VALUE
    SELECT entry_id, %(loan)s, kind, effective_on, %(booked_at)s, amount, cause, %(actor)s, key, facts, reverses, of_entry
    FROM jsonb_to_recordset(%(entries)s) AS given (
        entry_id bigint, kind text, effective_on date, amount bigint, cause text, key text, facts jsonb,
        reverses bigint, of_entry bigint
    )
)
INSERT INTO ledger_postings (entry_id, line, account, component, number, amount)
SELECT entry_id, line, account, component, number, amount
FROM jsonb_to_recordset(%(lines)s) AS given (
    entry_id bigint, line smallint, account text, component text, number integer, amount bigint
)
