"""A new plugin, written from a start that works.

In: a name, and what it is a plugin of. Out: a folder of files.
Invariant: what is written passes its own tests as it is; nothing that is there already is written over.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

__all__ = ["write"]

_STARTS = Path(__file__).parent / "starts"
_ENDING = ".txt"
"""What the files are called in here besides, so that nobody takes them for ours."""


def write(what: str, name: str, folder: Path, *, channel: str = "sms") -> tuple[Path, ...]:
    """Write a plugin into a new folder.

    Args:
        what: `channel` or `functions`.
        name: lower-case letters, digits and hyphens.
        folder: the new folder.
        channel: the word of the rules that a channel serves.

    Raises:
        FileExistsError: the folder is there already.
    """
    word = name.replace("-", "_")
    words = {
        "@name@": name,
        "@word@": word,
        "@package@": f"rulecrm_{word}",
        "@Class@": "".join(part.capitalize() for part in name.split("-")),
        "@TOKEN@": f"{word.upper()}_TOKEN",
        "@channel@": channel,
    }
    folder.mkdir(parents=True)
    return tuple(_write(start, relative, folder, words) for start, relative in _files(_STARTS / what))


def _files(start: Path) -> Iterator[tuple[Path, Path]]:
    for path in sorted(start.rglob(f"*{_ENDING}")):
        yield path, path.relative_to(start)


def _write(start: Path, relative: Path, folder: Path, words: dict[str, str]) -> Path:
    parts = [words["@package@"] if part == "package" else part for part in relative.parts]
    parts[-1] = parts[-1].removesuffix(_ENDING).replace("@name@", words["@word@"])
    path = folder.joinpath(*parts)
    text = start.read_text("utf-8")
    for placeholder, written in words.items():
        text = text.replace(placeholder, written)
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, "utf-8")
    return path
