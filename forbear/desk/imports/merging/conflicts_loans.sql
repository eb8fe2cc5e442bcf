-- A row is a column in which a staged loan differs from the loan of the same id at the desk.
-- Reads: {loans} (staged), loans.
SELECT 'loans' AS table, s.loan_id AS key, d.name AS column, d.here, d.staged
FROM {loans} s JOIN loans l USING (loan_id)
CROSS JOIN LATERAL (VALUES
    ('borrower_id', l.borrower_id, s.borrower_id),
    ('disbursed_on', l.disbursed_on::text, s.disbursed_on::text),
    ('principal', l.principal::text, s.principal::text),
    ('annual_rate', l.annual_rate::text, s.annual_rate::text),
    ('term', l.term::text, s.term::text),
    ('currency', l.currency, s.currency)) AS d(name, here, staged)
WHERE d.here IS DISTINCT FROM d.staged
ORDER BY 2, 3 LIMIT %(most)s
