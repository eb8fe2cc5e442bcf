-- One row money received, as the book's table `payments` has it.
-- Reads: rows (book_money).
SELECT payment_id, loan_id, paid_on, amount, source FROM rows ORDER BY loan_id, paid_on, payment_id
