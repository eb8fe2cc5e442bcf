-- A row is a loan of the staged book that the desk does not have. Reads: {loans} (staged), loans.
INSERT INTO loans (loan_id, borrower_id, disbursed_on, principal, annual_rate, term, currency, product,
                   repayment_method, funder_id, features)
SELECT loan_id, borrower_id, disbursed_on, principal, annual_rate, term, currency, product,
       repayment_method, funder_id, features
FROM {loans}
ON CONFLICT (loan_id) DO NOTHING
