"""What happened in a suit stays; its sealed words alone may be sealed anew under a new key."""

from django.db import migrations

GUARD = """
CREATE FUNCTION suit_event_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' OR to_jsonb(NEW) - 'words' IS DISTINCT FROM to_jsonb(OLD) - 'words' THEN
        RAISE EXCEPTION 'suit event % stays', OLD.event_id USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER suit_event_stays BEFORE UPDATE OR DELETE ON suit_events
    FOR EACH ROW EXECUTE FUNCTION suit_event_stays();
CREATE TRIGGER suits_stay BEFORE UPDATE OR DELETE ON suits FOR EACH ROW EXECUTE FUNCTION refuse_change();
"""
UNDO = """
DROP TRIGGER suits_stay ON suits; DROP TRIGGER suit_event_stays ON suit_events; DROP FUNCTION suit_event_stays();
"""


class Migration(migrations.Migration):
    dependencies = [("litigation", "0001_initial"), ("audit", "0002_append_only")]

    operations = [migrations.RunSQL(GUARD, UNDO)]
