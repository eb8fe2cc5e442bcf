-- One row a borrower and level of the ladder: attempts at it within the window, and how long ago the first of them was.
-- Reads: book.contacts, decide_levels (channel, level).
SELECT
    c.borrower_id,
    l.level,
    COUNT(*) AS attempts,
    DATE_DIFF('day', CAST(MIN(c.at) AS DATE), {as_of}) AS days_since_first
FROM book.contacts AS c
JOIN decide_levels AS l ON l.channel = c.channel
WHERE c.direction = 'out' AND CAST(c.at AS DATE) <= {as_of} AND CAST(c.at AS DATE) > {as_of} - {window_days}
GROUP BY c.borrower_id, l.level
