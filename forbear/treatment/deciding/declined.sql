-- One row an act on a channel that the borrower said is not to be used (the fact channel_declined; without a channel: none
-- is), which no rule of law asks for. Reads: decide_acts, decide_facts.
SELECT DISTINCT a.act_id, f.fact AS rule
FROM decide_acts AS a
JOIN decide_facts AS f ON f.borrower_id = a.borrower_id AND COALESCE(f.channel, a.channel) = a.channel
WHERE f.fact = 'channel_declined' AND LOWER(TRIM(COALESCE(f.value, 'true'))) NOT IN ('false', 'no', 'n', '0', 'f')
    AND (f.since IS NULL OR f.since <= a.at) AND (f.until IS NULL OR f.until > a.at)
