"""What a version of a template says cannot be changed by anybody: a change is a new version."""

from django.db import migrations

GUARD = """
CREATE FUNCTION version_words_stay() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (NEW.template_id, NEW.language, NEW.channel, NEW.jurisdiction, NEW.number, NEW.subject, NEW.body)
        IS DISTINCT FROM
       (OLD.template_id, OLD.language, OLD.channel, OLD.jurisdiction, OLD.number, OLD.subject, OLD.body) THEN
        RAISE EXCEPTION 'the words of version % stay: write a new version', OLD.version_id;
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER version_words_stay BEFORE UPDATE ON template_versions
    FOR EACH ROW EXECUTE FUNCTION version_words_stay();
"""
UNDO = "DROP TRIGGER version_words_stay ON template_versions; DROP FUNCTION version_words_stay()"


class Migration(migrations.Migration):
    dependencies = [("wording", "0001_initial")]

    operations = [migrations.RunSQL(GUARD, UNDO)]
