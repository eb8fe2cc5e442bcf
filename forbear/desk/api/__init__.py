"""The API: one typed root at /api/v1, to which each app adds its router."""
