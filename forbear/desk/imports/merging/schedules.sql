-- A row is the first schedule of a loan that has none. Reads: {loans} (staged), schedules.
INSERT INTO schedules (loan_id, version, effective_on, recorded_at, reason)
SELECT loan_id, 1, disbursed_on, %(at)s, 'import' FROM {loans}
ON CONFLICT (loan_id, version) DO NOTHING
