-- A row is an attempt at contact that the desk does not have. Reads: {contacts} (staged), contacts.
INSERT INTO contacts (contact_id, borrower_id, at, channel, direction, result, party, sender, loan_id, recorded_at)
SELECT contact_id, borrower_id, at, channel, direction, result, party, sender, loan_id, %(at)s FROM {contacts}
ON CONFLICT (contact_id) DO NOTHING
