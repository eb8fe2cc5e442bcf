"""Pages of suits."""
