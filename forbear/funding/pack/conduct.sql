-- One row is a calendar month: attempts at contact by the lender, borrowers they went to, complaints that came in.
-- Reads: book.contacts, book.loans.
SELECT
    strftime(c."at", '%Y-%m') AS month,
    count(*) FILTER (WHERE c.direction = 'out') AS contacts,
    count(DISTINCT c.borrower_id) FILTER (WHERE c.direction = 'out') AS borrowers,
    count(*) FILTER (WHERE c.direction = 'in' AND c.result IN ('complaint', 'complained')) AS complaints
FROM book.contacts AS c
WHERE CAST(c."at" AS DATE) <= $as_of AND CAST(c."at" AS DATE) > $since
    AND c.borrower_id IN (SELECT borrower_id FROM book.loans)
GROUP BY 1
ORDER BY 1
