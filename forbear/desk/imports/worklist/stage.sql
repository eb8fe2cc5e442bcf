-- A row is a borrower in the night's results: her figures over all her loans.
DROP TABLE IF EXISTS pg_temp.night_figures;
CREATE TEMP TABLE night_figures (
    borrower_id text PRIMARY KEY, dpd integer NOT NULL, bucket text NOT NULL,
    arrears bigint NOT NULL, outstanding bigint NOT NULL, currency text NOT NULL
) ON COMMIT DROP
