-- A row is a pause or a reversal that the desk does not have. Reads: {events} (staged), loan_events.
INSERT INTO loan_events (event_id, loan_id, kind, effective_on, until_on, payment_id, recorded_on, recorded_at)
SELECT event_id, loan_id, kind, effective_on, until_on, payment_id, recorded_on, %(at)s FROM {events}
ON CONFLICT (event_id) DO NOTHING
