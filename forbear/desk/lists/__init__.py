"""Lists as data: described in `lists.toml`, read page by page through the API, streamed whole into CSV and Parquet.

An app adds its own with a file `lists.toml` beside its models.
"""
