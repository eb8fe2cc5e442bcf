"""Text to speech by espeak-ng, which works offline and has a Mandarin voice: a WAV file of one text."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from forbear.basics.errors import ForbearError, WrongUse

VOICES = {"zh-CN": "cmn", "zh": "cmn", "en-US": "en-us", "en-GB": "en-gb", "en": "en-us"}
WORDS_A_MINUTE = 150
"""A little slower than espeak-ng's own 175: a telephone line takes the edges off speech."""
LONGEST_SECONDS = 20
"""For the synthesis; a minute of speech takes well under a second."""


def speak(text: str, language: str, into: Path, voice: str = "") -> Path:
    """Write a text as speech.

    Args:
        text: what is said.
        language: one of VOICES.
        into: the WAV file.
        voice: an espeak-ng voice that is wanted instead, such as `cmn+f3`.

    Raises:
        WrongUse: no voice for the language.
        ForbearError: espeak-ng is missing, or said no.
    """
    if language not in VOICES:  # espeak-ng itself speaks English where it does not know a voice, and says nothing
        raise WrongUse(f"no voice for the language {language!r}", f"one of: {', '.join(VOICES)}")
    if shutil.which("espeak-ng") is None:
        raise ForbearError("espeak-ng is not installed", "apt-get install espeak-ng")
    chosen = voice or VOICES[language]
    command = ["espeak-ng", "-v", chosen, "-s", str(WORDS_A_MINUTE), "-w", str(into), "--stdin"]
    try:
        done = subprocess.run(
            command, input=text.encode(), capture_output=True, timeout=LONGEST_SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        raise ForbearError("espeak-ng did not end", "is the text speech at all?") from None
    if done.returncode or not into.exists() or into.stat().st_size <= 44:  # 44: a WAV header alone
        raise ForbearError(f"espeak-ng said no to voice {chosen!r}", done.stderr.decode(errors="replace")[:200])
    return into
