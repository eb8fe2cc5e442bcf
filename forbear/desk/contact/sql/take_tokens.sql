-- How many messages a provider may be given now, taken from its bucket: %(most)s at most; none while its circuit is open.
-- One row: the number taken. Writes: contact_providers.
UPDATE contact_providers AS p
SET tokens = b.held - b.taken, tokens_at = b.at
FROM (
    SELECT h.provider, h.held, h.at, floor(least(h.held, %(most)s))::integer AS taken
    FROM (
        SELECT provider, clock_timestamp() AS at,
            least(%(burst)s, tokens + greatest(0, extract(epoch FROM clock_timestamp() - tokens_at)) * %(rate)s) AS held
        FROM contact_providers
        WHERE provider = %(provider)s AND (open_until IS NULL OR open_until <= clock_timestamp())
        FOR UPDATE
    ) AS h
) AS b
WHERE p.provider = b.provider
RETURNING b.taken, p.failures
