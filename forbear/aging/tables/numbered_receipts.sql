-- One row a movement of money, numbered within its loan by day.
-- Reads: receipts.
SELECT
    loan_id,
    moved_on,
    amount,
    CAST(ROW_NUMBER() OVER (PARTITION BY loan_id ORDER BY moved_on) AS INTEGER) AS place
FROM receipts
