-- One row a stretch of days on which the delinquency of a loan does not grow: from from_on to until_on, both in it,
-- with the paused days before it. Pauses that overlap or touch are one stretch; none reaches past the as-of date.
-- Reads: events.
SELECT
    loan_id,
    from_on,
    until_on,
    CAST(SUM(days) OVER (PARTITION BY loan_id ORDER BY from_on ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)
        AS BIGINT) - days AS days_before
FROM (
    SELECT
        loan_id,
        MIN(effective_on) AS from_on,
        MAX(until_on) AS until_on,
        DATE_DIFF('day', MIN(effective_on), MAX(until_on)) + 1 AS days
    FROM (
        SELECT
            loan_id,
            effective_on,
            until_on,
            SUM(CASE WHEN DATE_DIFF('day', earlier_until, effective_on) <= 1 THEN 0 ELSE 1 END) OVER (
                PARTITION BY loan_id ORDER BY effective_on, until_on
                ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
            ) AS stretch
        FROM (
            SELECT
                loan_id,
                effective_on,
                until_on,
                MAX(until_on) OVER (
                    PARTITION BY loan_id ORDER BY effective_on, until_on
                    ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
                ) AS earlier_until
            FROM (
                SELECT
                    loan_id,
                    effective_on,
                    CASE WHEN until_on IS NULL OR until_on > $as_of THEN $as_of ELSE until_on END AS until_on
                FROM events
                WHERE
                    kind = 'pause'
                    AND effective_on <= $as_of
                    AND (until_on IS NULL OR until_on >= effective_on)
                    AND (recorded_on IS NULL OR recorded_on <= $known_on)
            ) AS clipped
        ) AS looked_back
    ) AS marked
    GROUP BY loan_id, stretch
) AS merged
