"""The encoding of other people's files, as a mapping names it."""

from __future__ import annotations

import codecs
from typing import Annotated

from pydantic import AfterValidator


def _known(name: str) -> str:
    try:
        codecs.lookup(name)
    except LookupError as bad:
        raise ValueError(f"{name!r} is not an encoding Python knows, such as utf-8, gb18030 or utf-16") from bad
    return name


Encoding = Annotated[str, AfterValidator(_known)]
"""A name that Python knows, such as `gb18030`; of utf-8 files with a byte order mark, `utf-8-sig`."""
