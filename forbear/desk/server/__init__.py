"""Running the desk: the embedded PostgreSQL, the secrets in the data folder, and the web server's process.

Nothing here needs Django, so that an engine's test can borrow the database server alone.
"""

from forbear.desk.server.binaries import NoPostgres, binaries
from forbear.desk.server.embedded import Embedded
from forbear.desk.server.keeping import DataFolder

__all__ = ["DataFolder", "Embedded", "NoPostgres", "binaries"]
