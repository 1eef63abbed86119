"""What a file is.

In: a path and formats. Out: the format that fits best, and why; or what is missing for the nearest.
Invariant: a file that no format knows, or that two know equally well, is never read.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from rulecrm.plugin import FileFormat, Recognised, Sample
from rulecrm.sheets.faults import fault
from rulecrm.sheets.sampling import sample

__all__ = ["by_columns", "recognise"]

_SHOWN = 8


def by_columns(sample: Sample, needed: Sequence[str], generations: Mapping[str, Sequence[str]]) -> Recognised | None:
    """What a file is taken for, by the names of its columns.

    Args:
        sample: of the file.
        needed: the columns without which it is none of these.
        generations: the columns of each generation of the format, by its name; the one that fits best is told.

    Returns:
        None where a needed column is missing. `sure` is the share of that generation's columns that are there, and of
        the file's columns that are that generation's: what is in both, twice, over what is in each.
    """
    there = set(sample.header)
    if not set(needed) <= there:
        return None

    def fit(columns: Sequence[str]) -> float:
        return 2 * len(there & set(columns)) / (len(there) + len(set(columns)))

    name = max(generations, key=lambda one: fit(generations[one]))
    known = there & set(generations[name])
    why = f"{name}: {len(known)} of its {len(set(generations[name]))} columns are there, {_listed(needed)} among them"
    others = len(there) - len(known)
    return Recognised(fit(generations[name]), f"{why}; {others} others are left out" if others else why)


def recognise(
    path: Path, formats: Sequence[FileFormat], *, encoding: str | None = None, name: str | None = None
) -> tuple[FileFormat, Sample, Recognised]:
    """The surest format of a file.

    Args:
        path: of the file.
        formats: that are known.
        encoding: of the file, where it is known.
        name: of the format, where it is known.

    Raises:
        RulesError: R720, R724, R725 as `sample` does; R721, no format knows the file; R722, two know it equally well;
            R726, there is no format of that name.
    """
    asked = [one for one in formats if name is None or one.name == name]
    if name is not None and not asked:
        known = ", ".join(sorted(one.name for one in formats)) or "no plugin gives any"
        raise fault("R726", path, f"there is no format `{name}`", fix=f"one of: {known}")
    seen = sample(path, encoding=encoding)
    found = [(one, recognised) for one in asked if (recognised := one.recognise(seen)) is not None]
    if not found:
        raise _unknown(path, seen, asked)
    found.sort(key=lambda each: -each[1].sure)
    best = [each for each in found if each[1].sure == found[0][1].sure]
    if len(best) > 1:
        names = " and ".join(f"`{one.name}`" for one, _ in best)
        raise fault(
            "R722", path, f"{names} fit equally well", fix=f"--as {best[0][0].name}", formats=[o.name for o, _ in best]
        )
    return best[0][0], seen, best[0][1]


def _unknown(path: Path, seen: Sample, formats: Sequence[FileFormat]) -> Exception:
    """The error that names the nearest format, and what is missing for it."""
    if not seen.header:
        return fault("R721", path, "no line in it looks like a header", fix="give the file as it was downloaded")
    header = set(seen.header)
    near = [
        (len(header & set(columns)) / len(columns), one, [name for name in columns if name not in header])
        for one in formats
        for columns in one.headers
        if columns
    ]
    share, nearest, missing = max(near, key=lambda each: each[0], default=(0.0, None, []))
    if nearest is None or not share:
        known = ", ".join(sorted(one.name for one in formats)) or "none: no plugin gives any"
        return fault(
            "R721", path, f"its columns are of no format that is known: {_listed(seen.header)}", fix=f"known: {known}"
        )
    return fault(
        "R721",
        path,
        f"it is of no format that is known; the nearest is `{nearest.name}`, for which {_listed(missing)} is missing",
        fix="download it again with all columns; a sheet that was edited must keep the names of its columns",
        nearest=nearest.name,
        missing=missing,
    )


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(f"`{name}`" for name in names[:_SHOWN])
    return shown + (f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else "")
