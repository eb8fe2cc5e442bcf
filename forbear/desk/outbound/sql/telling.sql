-- What happened, as events: a row of webhook_events is something that a subscription wants to be told of, a row of
-- webhook_deliveries is one of them on its way to one subscription. Written by triggers, in the transaction of what they
-- tell of, and only while somebody subscribes to the kind. No personal data: ids, amounts in minor units, codes, days.
-- The lane is the borrower, so that the events of each of her loans are told in the order in which they happened.
-- Reads: webhooks, loans, ledger_accounts, ledger_entries, cases, promises, contacts, complaints, consents, approvals.

CREATE FUNCTION webhook_wanted(p_kinds text[]) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT EXISTS (SELECT FROM webhooks WHERE state <> 'disabled' AND kinds && p_kinds)
$$;

CREATE FUNCTION webhook_tell(p_kind text, p_lane text, p_at timestamptz, p_data jsonb) RETURNS void LANGUAGE sql AS $$
    INSERT INTO webhook_events (message_id, kind, lane, at, data)
    SELECT 'msg_' || replace(gen_random_uuid()::text, '-', ''), p_kind, p_lane, p_at, p_data
    WHERE webhook_wanted(ARRAY[p_kind])
$$;

CREATE FUNCTION webhook_fan_out() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO webhook_deliveries (webhook_id, event_id, lane)
    SELECT w.webhook_id, e.event_id, e.lane
    FROM added AS e JOIN webhooks AS w ON w.state <> 'disabled' AND e.kind = ANY (w.kinds);
    RETURN NULL;
END $$;
CREATE TRIGGER webhook_fan_out AFTER INSERT ON webhook_events
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION webhook_fan_out();

-- The ledger: once a statement, so that a book of millions costs one look when nobody listens.
CREATE FUNCTION webhook_of_ledger() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM webhooks WHERE state <> 'disabled') THEN
        RETURN NULL;
    END IF;
    INSERT INTO webhook_events (message_id, kind, lane, at, data)
    SELECT 'msg_' || replace(gen_random_uuid()::text, '-', ''), told.kind, told.borrower_id, told.booked_at, told.data
    FROM (
        SELECT
            CASE
                WHEN e.kind = 'disbursal' THEN 'loan.opened'
                WHEN e.kind = 'payment' THEN 'payment.booked'
                WHEN e.kind = 'refund' THEN 'payment.refunded'
                WHEN e.kind = 'reversal' AND undone.kind = 'payment' THEN 'payment.reversed'
                WHEN e.kind = 'reversal' THEN 'loan.act_reversed'
                WHEN e.kind IN ('fee', 'penalty') THEN 'loan.charged'
                WHEN e.kind = 'waiver' THEN 'loan.waived'
                WHEN e.kind = 'write-off' THEN 'loan.written_off'
                WHEN e.kind = 'pause' THEN 'loan.paused'
                WHEN e.kind IN ('re-age', 're-amortize') THEN 'loan.rescheduled'
                WHEN e.kind = 'transfer' THEN 'loan.transferred'
            END AS kind,
            e.entry_id, l.borrower_id, e.booked_at,
            jsonb_build_object(
                'loan_id', e.loan_id, 'borrower_id', l.borrower_id, 'entry_id', e.entry_id, 'entry_kind', e.kind,
                'effective_on', e.effective_on, 'booked_at', e.booked_at, 'amount', e.amount, 'currency', l.currency,
                'payment_id', CASE
                    WHEN e.kind = 'payment' THEN e.cause
                    WHEN undone.kind = 'payment' THEN undone.cause
                END,
                'reverses', e.reverses
            ) AS data
        FROM added AS e
        JOIN loans AS l ON l.loan_id = e.loan_id
        LEFT JOIN ledger_entries AS undone ON undone.entry_id = e.reverses
        WHERE e.of_entry IS NULL
    ) AS told
    WHERE told.kind IS NOT NULL AND webhook_wanted(ARRAY[told.kind])
    ORDER BY told.entry_id;
    RETURN NULL;
END $$;
CREATE TRIGGER webhook_of_ledger AFTER INSERT ON ledger_entries
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION webhook_of_ledger();

-- Cases and contacts also come in bulk: new ones are told once a statement, changes row by row where something happened.
CREATE FUNCTION webhook_case(c cases) RETURNS jsonb LANGUAGE sql STABLE AS $$
    SELECT jsonb_build_object(
        'case_id', c.case_id, 'borrower_id', c.borrower_id, 'opened_at', c.opened_at, 'closed_at', c.closed_at,
        'queue', c.queue, 'strategy', c.strategy, 'agency_id', c.agency_id, 'as_of', c.figures_as_of, 'dpd', c.dpd,
        'bucket', c.bucket, 'arrears', c.arrears, 'outstanding', c.outstanding, 'currency', c.currency
    )
$$;
CREATE FUNCTION webhook_of_cases_opened() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF webhook_wanted(ARRAY['case.opened']) THEN
        INSERT INTO webhook_events (message_id, kind, lane, at, data)
        SELECT 'msg_' || replace(gen_random_uuid()::text, '-', ''), 'case.opened', c.borrower_id, now(), webhook_case(c)
        FROM added AS c ORDER BY c.case_id;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER webhook_of_cases_opened AFTER INSERT ON cases
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION webhook_of_cases_opened();
CREATE FUNCTION webhook_of_case_closed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM webhook_tell(
        CASE WHEN NEW.closed_because = 'cured' THEN 'case.cured' ELSE 'case.closed' END,
        NEW.borrower_id, now(), webhook_case(NEW)
    );
    RETURN NULL;
END $$;
CREATE TRIGGER webhook_of_case_closed AFTER UPDATE ON cases FOR EACH ROW
    WHEN (OLD.closed_at IS NULL AND NEW.closed_at IS NOT NULL) EXECUTE FUNCTION webhook_of_case_closed();

CREATE FUNCTION webhook_contact(c contacts) RETURNS jsonb LANGUAGE sql STABLE AS $$
    SELECT jsonb_build_object(
        'contact_id', c.contact_id, 'borrower_id', c.borrower_id,
        'loan_ids', to_jsonb(coalesce(string_to_array(c.loan_id, '|'), ARRAY[]::text[])),
        'at', c.at, 'channel', c.channel, 'direction', c.direction, 'result', c.result, 'party', c.party,
        'sender', c.sender
    )
$$;
CREATE FUNCTION webhook_of_contacts_made() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF webhook_wanted(ARRAY['contact.made']) THEN
        INSERT INTO webhook_events (message_id, kind, lane, at, data)
        SELECT
            'msg_' || replace(gen_random_uuid()::text, '-', ''), 'contact.made', c.borrower_id, now(), webhook_contact(c)
        FROM added AS c ORDER BY c.at, c.contact_id;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER webhook_of_contacts_made AFTER INSERT ON contacts
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION webhook_of_contacts_made();
CREATE FUNCTION webhook_of_contact_settled() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM webhook_tell('contact.settled', NEW.borrower_id, now(), webhook_contact(NEW));
    RETURN NULL;
END $$;
CREATE TRIGGER webhook_of_contact_settled AFTER UPDATE ON contacts FOR EACH ROW
    WHEN (OLD.result IS DISTINCT FROM NEW.result AND NEW.result IS NOT NULL)
    EXECUTE FUNCTION webhook_of_contact_settled();

CREATE FUNCTION webhook_of_promise() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM webhook_tell(
        'promise.' || CASE WHEN TG_OP = 'INSERT' THEN 'made' ELSE NEW.state END, NEW.borrower_id, now(),
        jsonb_build_object(
            'promise_id', NEW.promise_id, 'borrower_id', NEW.borrower_id, 'loan_id', NEW.loan_id,
            'amount', NEW.amount, 'currency', NEW.currency, 'due_on', NEW.due_on, 'made_at', NEW.made_at,
            'settled_at', NEW.settled_at
        )
    );
    RETURN NULL;
END $$;
CREATE TRIGGER webhook_of_promise_made AFTER INSERT ON promises FOR EACH ROW EXECUTE FUNCTION webhook_of_promise();
CREATE TRIGGER webhook_of_promise_settled AFTER UPDATE ON promises FOR EACH ROW
    WHEN (OLD.state IS DISTINCT FROM NEW.state AND NEW.state <> 'open') EXECUTE FUNCTION webhook_of_promise();

CREATE FUNCTION webhook_of_complaint() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM webhook_tell(
        CASE WHEN TG_OP = 'INSERT' THEN 'complaint.received' ELSE 'complaint.answered' END, NEW.borrower_id, now(),
        jsonb_build_object(
            'complaint_id', NEW.complaint_id, 'borrower_id', NEW.borrower_id, 'loan_id', NEW.loan_id,
            'complaint_kind', NEW.kind, 'channel', NEW.channel, 'received_at', NEW.received_at,
            'answer_due_on', NEW.answer_due_on, 'answered_at', NEW.answered_at
        )
    );
    RETURN NULL;
END $$;
CREATE TRIGGER webhook_of_complaint_received AFTER INSERT ON complaints FOR EACH ROW
    EXECUTE FUNCTION webhook_of_complaint();
CREATE TRIGGER webhook_of_complaint_answered AFTER UPDATE ON complaints FOR EACH ROW
    WHEN (OLD.answered_at IS NULL AND NEW.answered_at IS NOT NULL) EXECUTE FUNCTION webhook_of_complaint();

CREATE FUNCTION webhook_of_consent() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM webhook_tell(
        'consent.changed', NEW.borrower_id, now(),
        jsonb_build_object(
            'consent_id', NEW.consent_id, 'borrower_id', NEW.borrower_id, 'purpose', NEW.purpose,
            'channel', NEW.channel, 'given', NEW.given, 'at', NEW.at, 'until', NEW.until
        )
    );
    RETURN NULL;
END $$;
CREATE TRIGGER webhook_of_consent AFTER INSERT ON consents FOR EACH ROW EXECUTE FUNCTION webhook_of_consent();

CREATE FUNCTION webhook_of_approval() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    of_loan loans;
BEGIN
    SELECT * INTO of_loan FROM loans WHERE loan_id = NEW.payload ->> 'loan_id';
    PERFORM webhook_tell(
        CASE WHEN TG_OP = 'INSERT' THEN 'approval.proposed' ELSE 'approval.decided' END,
        coalesce(of_loan.borrower_id, 'approval:' || NEW.approval_id), now(),
        jsonb_build_object(
            'approval_id', NEW.approval_id, 'approval_kind', NEW.kind, 'state', NEW.state,
            'loan_id', of_loan.loan_id, 'borrower_id', of_loan.borrower_id, 'proposed_at', NEW.proposed_at,
            'decided_at', NEW.decided_at
        )
    );
    RETURN NULL;
END $$;
CREATE TRIGGER webhook_of_approval_proposed AFTER INSERT ON approvals FOR EACH ROW
    EXECUTE FUNCTION webhook_of_approval();
CREATE TRIGGER webhook_of_approval_decided AFTER UPDATE ON approvals FOR EACH ROW
    WHEN (OLD.state = 'proposed' AND NEW.state <> 'proposed') EXECUTE FUNCTION webhook_of_approval();
