"""Pages made from templates beside the code that fills them; everything is escaped but what is said to be ours."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from markupsafe import Markup


@cache
def template(path: Path) -> Template:
    """The template in a file; what it includes lies beside it, and a name it does not know is an error."""
    environment = Environment(
        loader=FileSystemLoader(path.parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(path.name)


def ours(text: str) -> Markup:
    """Text that stands in a page as it is: our own files, and what was escaped when it was made; nothing else."""
    return Markup(text)  # noqa: S704
