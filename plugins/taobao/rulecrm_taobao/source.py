"""An account of Taobao or Tmall, read.

In: a cursor, and an instant up to which to read. Out: batches, one for each window of a list.
Invariant: each order comes as it stands when it is read, with all its lines and all its refunds, so that versions of it
can be told apart by `changed_at` alone; whichever list is furthest behind is read next, so that runs which are killed
after a batch each still get everywhere.

Lists, each in windows of its own: orders by placing (`sold`, in the first run only), orders by change (`trades`),
`refunds`, `ratings`, `members`. A list is read up to a little (`lag`) before the platform's own clock, for what is
listed late, and the next run begins `overlap` before that.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import AsyncGenerator, Mapping

from attrs import define, field

from rulecrm.plugin import Batch, Cursor, LaterError, PlatformContext, StoppedError
from rulecrm.plugin.pulling import instant_in, instant_out
from rulecrm_taobao.calls import Calls, RefusedError
from rulecrm_taobao.envelope import instant_of
from rulecrm_taobao.reading import Gathered, Reader
from rulecrm_taobao.settings import Settings
from rulecrm_taobao.streams import MEMBERS, RATINGS, REFUNDS, SOLD, TRADES, FullError, Stream, read_window

__all__ = ["TaobaoSource"]

_SECOND = dt.timedelta(seconds=1)
_SPARSE = 4
"""A window with less than a fourth of what may be in it is followed by one twice as long."""

_WIDEST = 31_536_000
_MEMBERS_BACK = dt.timedelta(days=730)
_SEE = "see what the application may call, and the setting `access`"
_WITHOUT = {
    REFUNDS.name: "without that permission, set `refunds = false`",
    RATINGS.name: "without that permission, set `ratings = false`",
    MEMBERS.name: "without that permission, set `members = false`",
}
_STREAMS = {one.name: one for one in (SOLD, TRADES, REFUNDS, RATINGS, MEMBERS)}


@define
class _Place:
    """Where the reading of a list stands.

    Attributes:
        at: all before it is read.
        through: up to where the last run that came to the end has read.
        only: where the list ends for good.
        width: of the next window.
    """

    at: dt.datetime
    through: dt.datetime | None = None
    only: dt.datetime | None = None
    width: dt.timedelta = field(default=dt.timedelta(days=1))


class TaobaoSource:
    """An account; see the module.

    Args:
        settings: of the account.
        context: its clock, pause and chance.
    """

    def __init__(self, settings: Settings, context: PlatformContext) -> None:
        self._settings = settings
        self._calls = Calls(settings, context)
        self._reader = Reader(settings, self._calls)

    def __repr__(self) -> str:
        return f"<TaobaoSource {self._settings.app_key}>"

    async def pull(self, cursor: Cursor | None, until: dt.datetime) -> AsyncGenerator[Batch, None]:
        """What has changed; see `rulecrm.plugin.platforms.Source`."""
        end = await self._end(until)
        places = self._places(cursor or {}, end)
        while True:
            behind = [(one.at, name) for name, one in places.items() if one.through is None or one.through < end]
            if not behind:
                return
            _, name = min(behind)
            place = places[name]
            last = place.only or end
            gathered = await self._window(_STREAMS[name], place, last)
            if place.at >= last:
                place.through, place.at = end, end - dt.timedelta(minutes=self._settings.overlap)
                if place.only is not None:
                    del places[name]
            done = all(one.through is not None and one.through >= end for one in places.values())
            told = {one: _told(place) for one, place in places.items()}
            yield Batch(gathered.rows, told, gathered.refused, gathered.remarks, end if done else None)

    async def close(self) -> None:
        """Let go of connections."""
        await self._calls.close()

    # --- where to begin and to end --------------------------------------------------------------------------------

    async def _end(self, until: dt.datetime) -> dt.datetime:
        """Up to where: not beyond the platform's own clock, for pages of a window that is not over shift."""
        try:
            told = await self._calls.ask("taobao.time.get", {}, session=False)
        except RefusedError as error:
            raise StoppedError(str(error)) from None
        try:
            theirs = instant_of(told.get("time"))
        except ValueError:
            theirs = None
        if theirs is None:
            raise LaterError("Taobao does not tell its time")
        ended = min(until, theirs) - dt.timedelta(seconds=self._settings.lag)
        return ended.astimezone(dt.UTC).replace(microsecond=0)

    def _places(self, cursor: Cursor, end: dt.datetime) -> dict[str, _Place]:
        given, back = self._settings, end - dt.timedelta(days=self._settings.days)
        near = end - dt.timedelta(minutes=given.overlap)
        starts = {TRADES.name: near}
        if given.refunds:
            starts[REFUNDS.name] = near
        if given.ratings:
            starts[RATINGS.name] = back
        if given.members and given.access == "crm":
            starts[MEMBERS.name] = end - _MEMBERS_BACK
        places = {name: _read(cursor.get(name)) or _Place(start) for name, start in starts.items()}
        sold = _read(cursor.get(SOLD.name))
        if sold is not None and sold.only is not None:
            places[SOLD.name] = sold
        elif TRADES.name not in cursor:
            places[SOLD.name] = _Place(back, only=end)
        return places

    # --- a window -------------------------------------------------------------------------------------------------

    async def _window(self, stream: Stream, place: _Place, last: dt.datetime) -> Gathered:
        """Read the next window, as long as it may be, and halve it for as long as it holds too much."""
        question = self._reader.asks(stream)
        place.width = min(place.width, stream.longest - _SECOND)
        while True:
            ended = min(place.at + place.width, last)
            try:
                rows = await read_window(self._calls, stream, question, place.at, ended)
                break
            except RefusedError as error:
                raise StoppedError(f"{error}; {_WITHOUT.get(stream.name, _SEE)}") from None
            except FullError:
                place.width = max((ended - place.at) / 2, _SECOND)
                place.width -= dt.timedelta(microseconds=place.width.microseconds)
        gathered = await self._reader.gather(stream, rows)
        place.at = ended
        if len(rows) * _SPARSE < stream.most:
            place.width *= 2
        return gathered


def _told(place: _Place) -> Mapping[str, object]:
    found = {"at": place.at, "through": place.through, "only": place.only}
    instants = {name: instant_out(one) for name, one in found.items() if one is not None}
    return {**instants, "width": int(place.width.total_seconds())}


def _read(told: object) -> _Place | None:
    if not isinstance(told, Mapping):
        return None
    at, width = instant_in(told.get("at")), told.get("width")
    if at is None:
        return None
    long = dt.timedelta(seconds=width) if isinstance(width, int) and 0 < width <= _WIDEST else dt.timedelta(days=1)
    return _Place(at, instant_in(told.get("through")), instant_in(told.get("only")), long)
