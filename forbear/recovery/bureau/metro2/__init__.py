"""Metro 2 files: read, written back byte for byte, checked field by field and across fields. See docs/bureau.md."""

from forbear.recovery.bureau.metro2.checking import Finding, check
from forbear.recovery.bureau.metro2.file import Form, Metro2File, Record, Segment
from forbear.recovery.bureau.metro2.form import from_json, to_json
from forbear.recovery.bureau.metro2.reading import read
from forbear.recovery.bureau.metro2.totals import with_trailer
from forbear.recovery.bureau.metro2.writing import write

__all__ = [
    "Finding",
    "Form",
    "Metro2File",
    "Record",
    "Segment",
    "check",
    "from_json",
    "read",
    "to_json",
    "with_trailer",
    "write",
]
