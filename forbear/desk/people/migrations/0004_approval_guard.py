"""A proposal is decided once, and what was proposed is never changed; neither is it taken out."""

from django.db import migrations

FORWARD = """
CREATE FUNCTION guard_approval() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' OR OLD.state <> 'proposed'
        OR (NEW.approval_id, NEW.kind, NEW.payload, NEW.subject, NEW.proposed_by_id, NEW.proposed_at, NEW.expires_at)
        IS DISTINCT FROM
        (OLD.approval_id, OLD.kind, OLD.payload, OLD.subject, OLD.proposed_by_id, OLD.proposed_at, OLD.expires_at)
    THEN
        RAISE EXCEPTION 'a proposal is decided once and not changed: % refused', TG_OP
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER approvals_guarded BEFORE UPDATE OR DELETE ON approvals
    FOR EACH ROW EXECUTE FUNCTION guard_approval();
"""
BACK = "DROP TRIGGER approvals_guarded ON approvals; DROP FUNCTION guard_approval();"


class Migration(migrations.Migration):
    dependencies = [("people", "0003_two_people_and_tokens")]

    operations = [migrations.RunSQL(FORWARD, BACK)]
