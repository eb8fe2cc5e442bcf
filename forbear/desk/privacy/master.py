"""Master keys: they wrap every data key and never touch personal data themselves.

They stand in a file (FORBEAR_MASTER_KEY_FILE, one Fernet key a line, newest first; `forbear serve` makes it beside the
database's password) or in the environment (FORBEAR_MASTER_KEYS, separated by commas, newest first). The newest wraps,
all unwrap. A file is read again when it has changed, so that a running desk follows a rotation. Whoever loses the
master keys loses the personal data; whoever has the database without them has none.
"""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from forbear.basics.errors import WrongUse

FILE = "FORBEAR_MASTER_KEY_FILE"
LISTED = "FORBEAR_MASTER_KEYS"


@dataclass(frozen=True)
class Ring:
    """The master keys, newest first, each with its id: the first 16 hexadecimal digits of its SHA-256."""

    keys: tuple[str, ...]

    @property
    def ids(self) -> tuple[str, ...]:
        """The ids, newest first; they tell nothing of the keys."""
        return tuple(key_id(key) for key in self.keys)

    def wrap(self, data_key: bytes) -> str:
        """The data key, encrypted by the newest master key."""
        return Fernet(self.keys[0]).encrypt(data_key).decode()

    def unwrap(self, wrapped: str) -> bytes:
        """The data key itself.

        Raises:
            WrongUse: no master key of this ring wrapped it.
        """
        try:
            return MultiFernet([Fernet(key) for key in self.keys]).decrypt(wrapped)
        except InvalidToken:
            raise WrongUse(
                "a data key was wrapped by a master key that is not here",
                f"add it to {os.environ.get(FILE) or LISTED}; see docs/privacy.md, Keys",
            ) from None


_read: dict[tuple[str, float, int], Ring] = {}


def ring() -> Ring:
    """The master keys as they stand now.

    Raises:
        WrongUse: none are set, or a line is no Fernet key (its text is not shown).
    """
    if listed := os.environ.get(LISTED):
        return _remembered((listed, 0, 0), listed.split(","), LISTED)
    name = os.environ.get(FILE, "")
    if not name:
        raise WrongUse(
            "no master keys: personal data can be neither written nor read",
            f"`forbear serve` sets {FILE}; elsewhere set it or {LISTED}, see docs/privacy.md",
        )
    stat = Path(name).stat()
    key = (name, stat.st_mtime, stat.st_ino)
    return _read.get(key) or _remembered(key, Path(name).read_text().split(), name)


def _remembered(key: tuple[str, float, int], lines: list[str], where: str) -> Ring:
    if key not in _read:
        keys = tuple(line.strip() for line in lines if line.strip())
        for number, one in enumerate(keys, start=1):
            try:
                Fernet(one)
            except ValueError:
                raise WrongUse(f"{where}: key {number} is no Fernet key", "32 bytes, url-safe base64") from None
        if not keys:
            raise WrongUse(f"{where} holds no master key", "restore it from where the backups' keys are kept")
        _read.clear()
        _read[key] = Ring(keys)
    return _read[key]


def key_id(key: str) -> str:
    """The id of a master key."""
    return hashlib.sha256(key.encode()).hexdigest()[:16]


def new_key() -> str:
    """A new master key, as it stands in the file."""
    return Fernet.generate_key().decode()


def add_to_file(file: Path, key: str) -> None:
    """Put a new key first; the file is replaced whole and stays its owner's alone."""
    _write(file, [key, *file.read_text().split()])


def keep_in_file(file: Path, ids: set[str]) -> list[str]:
    """Keep the newest key and those of the ids given; the ids of those that were taken out."""
    keys = file.read_text().split()
    kept = [key for number, key in enumerate(keys) if number == 0 or key_id(key) in ids]
    _write(file, kept)
    return [key_id(key) for key in keys if key not in kept]


def _write(file: Path, keys: list[str]) -> None:
    fresh = file.with_name(f"{file.name}.new")
    fresh.unlink(missing_ok=True)
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
        out.write("\n".join(keys) + "\n")
        out.flush()
        os.fsync(out.fileno())
    fresh.rename(file)
