-- One row a status, bucket and category: loans and money as of the date, and how much of it is past due for how long.
-- Reads: drawn.
-- Over: the whole book, since the category depends on a borrower's other loans.
SELECT
    a.status,
    a.bucket,
    CASE
        WHEN a.drawn AND a.principal_outstanding > 0 AND a.dpd <= $contagion_below
            THEN $contagion_category
        ELSE a.category
    END AS category,
    CASE WHEN a.drawn AND a.principal_outstanding > 0 AND a.dpd <= $contagion_below THEN 1 ELSE 0
        END AS by_contagion,
    COUNT(*) AS loans,
    CAST(SUM(CAST(a.principal AS DECIMAL(38, 0))) AS DECIMAL(38, 0)) AS disbursed,
    CAST(SUM(CAST(a.principal_outstanding AS DECIMAL(38, 0))) AS DECIMAL(38, 0)) AS principal_outstanding,
    CAST(SUM(CAST(a.paid_total AS DECIMAL(38, 0))) AS DECIMAL(38, 0)) AS paid_total,
    CAST(SUM(CAST(a.overpaid_amount AS DECIMAL(38, 0))) AS DECIMAL(38, 0)) AS overpaid_amount,
    CAST(SUM(CAST(a.arrears_principal AS DECIMAL(38, 0))) AS DECIMAL(38, 0)) AS arrears_principal,
    CAST(SUM(CAST(a.arrears_interest AS DECIMAL(38, 0))) AS DECIMAL(38, 0)) AS arrears_interest,
    CAST(SUM(CAST(a.arrears_fees AS DECIMAL(38, 0))) AS DECIMAL(38, 0)) AS arrears_fees,
    CAST(SUM(CASE WHEN a.dpd >= 1 THEN 1 ELSE 0 END) AS BIGINT) AS loans_1,
    CAST(SUM(CASE WHEN a.dpd >= 30 THEN 1 ELSE 0 END) AS BIGINT) AS loans_30,
    CAST(SUM(CASE WHEN a.dpd >= 60 THEN 1 ELSE 0 END) AS BIGINT) AS loans_60,
    CAST(SUM(CASE WHEN a.dpd >= 90 THEN 1 ELSE 0 END) AS BIGINT) AS loans_90,
    CAST(SUM(CASE WHEN a.dpd >= $default_days THEN 1 ELSE 0 END) AS BIGINT) AS loans_default,
    CAST(SUM(CASE WHEN a.dpd >= 1 THEN a.principal_outstanding ELSE 0 END) AS DECIMAL(38, 0)) AS principal_1,
    CAST(SUM(CASE WHEN a.dpd >= 30 THEN a.principal_outstanding ELSE 0 END) AS DECIMAL(38, 0)) AS principal_30,
    CAST(SUM(CASE WHEN a.dpd >= 60 THEN a.principal_outstanding ELSE 0 END) AS DECIMAL(38, 0)) AS principal_60,
    CAST(SUM(CASE WHEN a.dpd >= 90 THEN a.principal_outstanding ELSE 0 END) AS DECIMAL(38, 0)) AS principal_90,
    CAST(SUM(CASE WHEN a.dpd >= $default_days THEN a.principal_outstanding ELSE 0 END) AS DECIMAL(38, 0))
        AS principal_default
FROM drawn AS a
GROUP BY 1, 2, 3, 4
