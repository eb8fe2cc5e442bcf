-- statuses.told, its states replaced by ranges of days past due where days are told (closed loans keep their word).
-- Reads: statuses.told; {bucket} is the expression for the range.
UPDATE statuses.told SET state = {bucket} WHERE dpd IS NOT NULL
