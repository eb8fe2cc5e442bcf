-- One row a contact with a subject's borrower on a day before the subject's: an instant is in UTC, so the day itself is
-- left out and no time zone can bring tomorrow in.
-- Reads: people, contacts.
-- Seen: contacts by at
-- Kept as: view
SELECT p.borrower_id, p.as_of, CAST(c.at AS DATE) AS on_day, c.channel, c.direction, LOWER(c.result) AS result
FROM people AS p
JOIN contacts AS c ON c.borrower_id = p.borrower_id AND CAST(c.at AS DATE) < p.as_of
