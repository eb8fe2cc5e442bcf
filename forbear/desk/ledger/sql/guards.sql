-- What the ledger's tables hold by themselves.
-- Balance: the postings of an entry are written by one statement and come to zero in it; checked once a statement,
-- which is stricter than at commit and costs a tenth of a check for each row. Append-only: rows are never changed.
-- The function is written anew, and the foreign keys are held, by sql/belonging.sql.
-- Reads: ledger_entries, ledger_postings.
CREATE FUNCTION ledger_postings_balance() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    wrong bigint;
BEGIN
    SELECT n.entry_id INTO wrong FROM added AS n GROUP BY n.entry_id HAVING sum(n.amount) <> 0 LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'the postings of ledger entry % do not come to zero', wrong USING ERRCODE = 'check_violation';
    END IF;
    SELECT n.entry_id INTO wrong FROM added AS n
    WHERE NOT EXISTS (SELECT FROM ledger_entries AS e WHERE e.entry_id = n.entry_id) LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'there is no ledger entry % to post to', wrong USING ERRCODE = 'foreign_key_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER ledger_postings_balance AFTER INSERT ON ledger_postings
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION ledger_postings_balance();

CREATE TRIGGER ledger_entries_append_only BEFORE UPDATE OR DELETE ON ledger_entries
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER ledger_postings_append_only BEFORE UPDATE OR DELETE ON ledger_postings
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER ledger_accounts_stay BEFORE DELETE ON ledger_accounts
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
