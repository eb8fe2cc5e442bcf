"""What a borrower said is not changed; that a case was placed, and when that ended, is written down by the database.

A placement ends when the case goes to another agency, to none, or is closed. However it comes about, the rules on what
was entrusted to others (CN-OUT-05) then know of it.
"""

from django.db import migrations

FORWARD = """
CREATE TRIGGER consents_append_only BEFORE UPDATE OR DELETE ON consents
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE FUNCTION note_placement() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.agency_id IS NOT NULL THEN
        INSERT INTO facts (borrower_id, fact, value, since)
        SELECT NEW.borrower_id, 'data_entrusted', 'true', now()
        WHERE NOT EXISTS (SELECT FROM facts WHERE borrower_id = NEW.borrower_id AND fact = 'data_entrusted');
    END IF;
    IF TG_OP = 'UPDATE' AND OLD.agency_id IS NOT NULL
        AND (OLD.agency_id IS DISTINCT FROM NEW.agency_id OR (OLD.closed_at IS NULL AND NEW.closed_at IS NOT NULL)) THEN
        INSERT INTO facts (borrower_id, fact, value, since)
        VALUES (NEW.borrower_id, 'entrusted_until', to_char(now() AT TIME ZONE 'Asia/Shanghai', 'YYYY-MM-DD'), now());
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER cases_placed AFTER INSERT ON cases
    FOR EACH ROW WHEN (NEW.agency_id IS NOT NULL) EXECUTE FUNCTION note_placement();
CREATE TRIGGER cases_placement_changed AFTER UPDATE OF agency_id, closed_at ON cases
    FOR EACH ROW WHEN (OLD.agency_id IS DISTINCT FROM NEW.agency_id OR OLD.closed_at IS DISTINCT FROM NEW.closed_at)
    EXECUTE FUNCTION note_placement();
"""
BACK = """
DROP TRIGGER cases_placement_changed ON cases;
DROP TRIGGER cases_placed ON cases;
DROP FUNCTION note_placement();
DROP TRIGGER consents_append_only ON consents;
"""


class Migration(migrations.Migration):
    dependencies = [("record", "0007_numbers_are_pseudonyms"), ("audit", "0002_append_only")]

    operations = [migrations.RunSQL(FORWARD, BACK)]
