-- One row a movement of money that a subject's day has seen.
-- Reads: subjects, movements.
-- Seen: movements by moved_on
-- Kept as: view
SELECT s.loan_id, s.as_of, m.moved_on, m.amount, m.source, m.installment_number
FROM subjects AS s
JOIN movements AS m ON m.loan_id = s.loan_id AND m.moved_on <= s.as_of
