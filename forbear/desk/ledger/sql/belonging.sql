-- What belongs to what, proved once a statement over all of its rows instead of row by row: an entry to its account and
-- to the entries that it undoes or follows from, a posting to its entry, an installment to a version of its schedule.
-- What is pointed to never goes away (accounts, entries and schedules refuse it), so looking when a row comes is enough.
-- A few rows are looked up one by one; many are joined, by a plan made for that many.
-- Reads: ledger_accounts, ledger_entries, ledger_postings, schedules.
CREATE OR REPLACE FUNCTION ledger_entries_belong() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    wrong bigint;
BEGIN
    IF (SELECT count(*) FROM (SELECT FROM added LIMIT 1000) AS few) < 1000 THEN
        SELECT n.entry_id INTO wrong FROM added AS n
        WHERE (SELECT count(*) FROM ledger_accounts AS a WHERE a.loan_id = n.loan_id) = 0
            OR (n.of_entry IS NOT NULL AND (SELECT count(*) FROM ledger_entries AS e WHERE e.entry_id = n.of_entry) = 0)
            OR (n.reverses IS NOT NULL AND (SELECT count(*) FROM ledger_entries AS e WHERE e.entry_id = n.reverses) = 0)
        LIMIT 1;
    ELSE
        EXECUTE 'SELECT n.entry_id FROM added AS n'
            ' WHERE NOT EXISTS (SELECT FROM ledger_accounts AS a WHERE a.loan_id = n.loan_id)'
            ' UNION ALL SELECT n.entry_id FROM added AS n WHERE n.of_entry IS NOT NULL'
            ' AND NOT EXISTS (SELECT FROM ledger_entries AS e WHERE e.entry_id = n.of_entry)'
            ' UNION ALL SELECT n.entry_id FROM added AS n WHERE n.reverses IS NOT NULL'
            ' AND NOT EXISTS (SELECT FROM ledger_entries AS e WHERE e.entry_id = n.reverses) LIMIT 1' INTO wrong;
    END IF;
    IF wrong IS NOT NULL THEN
        RAISE EXCEPTION 'ledger entry % is of no account, or of an entry that is not there', wrong
            USING ERRCODE = 'foreign_key_violation', CONSTRAINT = 'ledger_entries_belong';
    END IF;
    RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION ledger_postings_balance() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    wrong bigint;
    total numeric;
BEGIN
    SELECT n.entry_id, sum(n.amount) INTO wrong, total FROM added AS n
    GROUP BY n.entry_id
    HAVING sum(n.amount) <> 0 OR (SELECT count(*) FROM ledger_entries AS e WHERE e.entry_id = n.entry_id) = 0
    LIMIT 1;
    IF total <> 0 THEN
        RAISE EXCEPTION 'the postings of ledger entry % do not come to zero', wrong USING ERRCODE = 'check_violation';
    ELSIF wrong IS NOT NULL THEN
        RAISE EXCEPTION 'there is no ledger entry % to post to', wrong USING ERRCODE = 'foreign_key_violation';
    END IF;
    RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION installments_of_schedule() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    wrong text;
BEGIN
    IF (SELECT count(*) FROM (SELECT FROM added LIMIT 1000) AS few) < 1000 THEN
        SELECT n.loan_id || ' version ' || n.version INTO wrong FROM added AS n
        WHERE (SELECT count(*) FROM schedules AS s WHERE s.loan_id = n.loan_id AND s.version = n.version) = 0 LIMIT 1;
    ELSE
        EXECUTE 'SELECT n.loan_id || '' version '' || n.version FROM added AS n'
            ' WHERE NOT EXISTS (SELECT FROM schedules AS s WHERE s.loan_id = n.loan_id AND s.version = n.version) LIMIT 1'
        INTO wrong;
    END IF;
    IF wrong IS NOT NULL THEN
        RAISE EXCEPTION 'installments_of_schedule: there is no schedule %', wrong
            USING ERRCODE = 'foreign_key_violation', CONSTRAINT = 'installments_of_schedule';
    END IF;
    RETURN NULL;
END $$;

ALTER TABLE installments DROP CONSTRAINT installments_of_schedule;
CREATE TRIGGER installments_of_schedule AFTER INSERT ON installments
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION installments_of_schedule();
CREATE TRIGGER installments_of_schedule_still AFTER UPDATE ON installments
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION installments_of_schedule();
CREATE TRIGGER schedules_stay BEFORE DELETE OR UPDATE OF loan_id, version ON schedules
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER ledger_entries_belong AFTER INSERT ON ledger_entries
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION ledger_entries_belong();
CREATE TRIGGER ledger_accounts_keep_their_loan BEFORE UPDATE OF loan_id ON ledger_accounts
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
