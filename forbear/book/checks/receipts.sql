-- One row a payment, with a truth value for every rule that needs its loan.
-- Reads: {rows} (book.payments, or book_rows.payments when rows are to be named), book.loans.
SELECT
    p.*,
    p.loan_id IS NOT NULL AND l.loan_id IS NULL AS unknown_loan,
    p.paid_on < l.disbursed_on AS paid_before_disbursal
FROM {rows} AS p
LEFT JOIN (SELECT loan_id, disbursed_on FROM book.loans WHERE loan_id IS NOT NULL) AS l ON l.loan_id = p.loan_id
