-- Holds at every commit, for each receipt: what is booked of it (its shares that stand) and what was returned is never more
-- than it has; parked while anything is left; matched or returned once nothing is; a movement that is no borrower's has
-- neither. A receipt is never deleted, and what the bank told of it never changes.
-- Reads: receipts, receipt_shares.
CREATE FUNCTION check_receipt() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    one receipts;
    booked bigint;
BEGIN
    SELECT * INTO one FROM receipts WHERE receipt_id = NEW.receipt_id;
    SELECT coalesce(sum(amount), 0) INTO booked
    FROM receipt_shares WHERE receipt_id = NEW.receipt_id AND undone_at IS NULL;
    IF NOT (CASE one.state
        WHEN 'parked' THEN booked + one.returned < one.amount
        WHEN 'matched' THEN booked > 0 AND booked + one.returned = one.amount
        WHEN 'returned' THEN booked = 0 AND one.returned = one.amount
        ELSE booked = 0 AND one.returned = 0
    END)
    THEN
        RAISE EXCEPTION 'receipt %: % of % booked, % returned, yet it is %',
            one.receipt_id, booked, one.amount, one.returned, one.state
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER receipts_add_up AFTER INSERT OR UPDATE ON receipts
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION check_receipt();
CREATE CONSTRAINT TRIGGER shares_add_up AFTER INSERT OR UPDATE ON receipt_shares
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION check_receipt();

CREATE FUNCTION guard_receipt() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' OR (OLD.receipt_id, OLD.statement_id, OLD.mark, OLD.account, OLD.currency, OLD.amount, OLD.incoming,
        OLD.reversal, OLD.booked_on, OLD.counted_on) IS DISTINCT FROM (NEW.receipt_id, NEW.statement_id, NEW.mark,
        NEW.account, NEW.currency, NEW.amount, NEW.incoming, NEW.reversal, NEW.booked_on, NEW.counted_on)
    THEN
        RAISE EXCEPTION 'what a bank told of a receipt is not changed: % refused', TG_OP
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER receipts_guarded BEFORE UPDATE OR DELETE ON receipts
    FOR EACH ROW EXECUTE FUNCTION guard_receipt();

CREATE FUNCTION guard_share() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' OR OLD.undone_at IS NOT NULL OR (OLD.share_id, OLD.receipt_id, OLD.loan_id, OLD.amount,
        OLD.payment_id, OLD.entry_id) IS DISTINCT FROM (NEW.share_id, NEW.receipt_id, NEW.loan_id, NEW.amount,
        NEW.payment_id, NEW.entry_id)
    THEN
        RAISE EXCEPTION 'a share is undone once and not changed: % refused', TG_OP
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER receipt_shares_guarded BEFORE UPDATE OR DELETE ON receipt_shares
    FOR EACH ROW EXECUTE FUNCTION guard_share();

-- The loan's identity as a payer may write it: letters and digits alone (money/references.py does the same).
CREATE INDEX loans_bare_id ON loans (regexp_replace(lower(loan_id), '[^0-9a-z]+', '', 'g'));
