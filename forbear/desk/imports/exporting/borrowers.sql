-- One row a borrower who has a loan of the currency, as the book's table `borrowers` has it. Reads: borrowers, loans.
SELECT b.borrower_id, b.time_zone, b.language, b.region, b.birth_year, b.first_loan
FROM borrowers AS b
WHERE EXISTS (SELECT FROM loans AS l WHERE l.borrower_id = b.borrower_id AND l.currency = %(currency)s)
