"""Words of webhooks in templates."""
