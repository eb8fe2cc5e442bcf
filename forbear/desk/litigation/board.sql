-- One row a suit that is open: its latest stage that is no cost or the like beside, and when somebody looks again.
-- %(beside)s: stages that stand beside the course of a suit; %(closing)s: stages that close its file.
-- Reads: suits, suit_events.
SELECT s.suit_id, s.borrower_id, s.loan_id, e.stage, e."on", e.next_on
FROM suits AS s
JOIN LATERAL (
    SELECT l.stage, l."on", l.next_on
    FROM suit_events AS l
    WHERE l.suit_id = s.suit_id AND NOT l.stage = ANY(%(beside)s)
    ORDER BY l.event_id DESC
    LIMIT 1
) AS e ON NOT e.stage = ANY(%(closing)s)
ORDER BY e.next_on NULLS LAST, s.suit_id
LIMIT %(most)s
