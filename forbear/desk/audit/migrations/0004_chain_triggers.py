"""New entries are noted as unsealed; entries and links are neither changed nor taken out, one by one or all at once."""

from django.db import migrations

FORWARD = """
CREATE FUNCTION note_unsealed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO audit_unsealed (entry_id) SELECT entry_id FROM added;
    RETURN NULL;
END $$;
CREATE TRIGGER audit_entries_unsealed AFTER INSERT ON audit_entries
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION note_unsealed();
CREATE TRIGGER audit_links_append_only BEFORE UPDATE OR DELETE ON audit_links
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER audit_entries_not_emptied BEFORE TRUNCATE ON audit_entries
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER audit_links_not_emptied BEFORE TRUNCATE ON audit_links
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
INSERT INTO audit_unsealed (entry_id) SELECT entry_id FROM audit_entries;
"""
BACK = """
DROP TRIGGER audit_links_not_emptied ON audit_links;
DROP TRIGGER audit_entries_not_emptied ON audit_entries;
DROP TRIGGER audit_links_append_only ON audit_links;
DROP TRIGGER audit_entries_unsealed ON audit_entries;
DROP FUNCTION note_unsealed();
"""


class Migration(migrations.Migration):
    dependencies = [("audit", "0003_chain")]

    operations = [migrations.RunSQL(FORWARD, BACK)]
