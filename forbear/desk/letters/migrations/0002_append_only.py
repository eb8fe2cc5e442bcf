"""The archive stays: no letter is changed or deleted; its sealed bytes alone may be sealed anew under a new key."""

from django.db import migrations

GUARD = """
CREATE FUNCTION letter_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' OR to_jsonb(NEW) - 'pdf' IS DISTINCT FROM to_jsonb(OLD) - 'pdf' THEN
        RAISE EXCEPTION 'letter % stays as it was written', OLD.letter_id USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER letter_stays BEFORE UPDATE OR DELETE ON letters FOR EACH ROW EXECUTE FUNCTION letter_stays();
CREATE TRIGGER letters_told_stay BEFORE UPDATE OR DELETE ON letters_told
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
"""
UNDO = """
DROP TRIGGER letters_told_stay ON letters_told; DROP TRIGGER letter_stays ON letters; DROP FUNCTION letter_stays();
"""


class Migration(migrations.Migration):
    dependencies = [("letters", "0001_initial"), ("audit", "0002_append_only")]

    operations = [migrations.RunSQL(GUARD, UNDO)]
