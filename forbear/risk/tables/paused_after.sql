-- One row a moment whose loan is paused on its day or within the year after: what follows is no habit of the borrower's
-- and is left out of labels.
-- Reads: moments, events.
-- Outcome
SELECT DISTINCT m.moment
FROM moments AS m
JOIN events AS e ON e.loan_id = m.loan_id AND e.kind = 'pause'
WHERE e.effective_on <= DAYS_AFTER(m.as_of, 365) AND (e.until_on IS NULL OR e.until_on >= m.as_of)
