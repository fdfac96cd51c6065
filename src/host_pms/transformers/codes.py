"""R1, R2 and R4: the hotel's catalogue, and the codes that reservations and grids name."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from host_pms.models.climber.files import Code
from host_pms.models.climber.records import json_text
from host_pms.models.host.config import ConfigItem, folded
from host_pms.models.host.reservation import Texts

UNASSIGNED = "UNASSIGNED"
UNASSIGNED_TEXT = f'"{UNASSIGNED}"'
"""As JSON."""

CATALOGUE_KINDS = {
    "category": "rooms",
    "segment": "segments",
    "sub-segment": "subSegments",
    "dist channel": "channels",
    "package": "packages",
    "pricelist": "rates",
}
"""R1: the list that each `ConfigType` fills."""

OTHER_KINDS = frozenset({"ratecode", "charge", "reservation status"})
"""Types that no list takes, but that are known; any other is ignored and counted."""


@dataclass(frozen=True, kw_only=True)
class CatalogueList:
    """One list of R1: its items in Config's order, and the three ways to one of their codes (R2)."""

    items: tuple[ConfigItem, ...]
    _exact: frozenset[str]
    _by_description: Mapping[str, str]
    _by_code: Mapping[str, str]

    def resolve(self, value: str | None) -> str | None:
        """R2: the code that `value` stands for, None if it is missing or matches nothing."""
        if value is None:
            return None
        if value in self._exact:
            return value
        without_case = folded(value)
        return self._by_description.get(without_case) or self._by_code.get(without_case)

    def codes(self) -> tuple[Code, ...]:
        """R1's items as they are published."""
        return closed(_code(item) for item in self.items)


@dataclass(frozen=True, kw_only=True)
class Catalogue:
    """The six lists by the names that they have in the segments file; what was left out is counted.

    `raw_items` are the Config items that the lists were made from, byte for byte and in Config's order.
    """

    lists: Mapping[str, CatalogueList]
    raw_items: Sequence[bytes]
    skipped_items: int
    unknown_kinds: Mapping[str, int]


def read_catalogue(items: Iterable[ConfigItem]) -> Catalogue:
    """R1: of two items with one code the first stays; one without code or type is skipped and counted."""
    chosen: dict[str, dict[str, ConfigItem]] = {name: {} for name in CATALOGUE_KINDS.values()}
    raw_items: list[bytes] = []
    skipped = 0
    unknown: Counter[str] = Counter()
    for item in items:
        name = CATALOGUE_KINDS.get(item.kind or "")
        if item.kind is None or (name and item.code is None):
            skipped += 1
        elif name and item.code and item.code not in chosen[name]:
            chosen[name][item.code] = item
            raw_items.append(item.raw)
        elif not name and item.kind not in OTHER_KINDS:
            unknown[item.kind] += 1
    return Catalogue(
        lists={name: _catalogue_list(tuple(kept.values())) for name, kept in chosen.items()},
        raw_items=raw_items,
        skipped_items=skipped,
        unknown_kinds=dict(unknown),
    )


def _catalogue_list(items: tuple[ConfigItem, ...]) -> CatalogueList:
    by_description: dict[str, str] = {}
    by_code: dict[str, str] = {}
    for item in items:
        code = item.code or ""
        by_code.setdefault(folded(code), code)
        if item.description is not None:
            by_description.setdefault(folded(item.description), code)
    return CatalogueList(
        items=items,
        _exact=frozenset(item.code for item in items if item.code),
        _by_description=by_description,
        _by_code=by_code,
    )


def _code(item: ConfigItem) -> Code:
    code = item.code or ""
    return Code(
        code=code, name=item.description or code, enabled_otb=item.active, enabled_revenue=item.active
    )


def closed(codes: Iterable[Code]) -> tuple[Code, ...]:
    """R4: the list with an UNASSIGNED item at its end, unless it holds that code already."""
    listed = tuple(codes)
    if any(item.code == UNASSIGNED for item in listed):
        return listed
    return (*listed, Code(code=UNASSIGNED, name=UNASSIGNED))


class Resolver(dict[str | None, str]):
    """A list's values and the codes, in JSON, that they stand for (R2); what stands for none is counted."""

    def __init__(self, listed: CatalogueList) -> None:
        super().__init__()
        self.unassigned = 0
        self._listed = listed
        self._unknown: set[str | None] = set()

    def __missing__(self, value: str | None) -> str:
        """UNASSIGNED, counted; or the code of a value that was not asked for before."""
        code = None if value in self._unknown else self._listed.resolve(value)
        if code is None:
            self._unknown.add(value)
            self.unassigned += 1
            return UNASSIGNED_TEXT
        found = self[value] = json_text(code)
        return found


class Names(dict[str | None, str]):
    """R3: the names of a list that records carry, each with its JSON; a missing one is UNASSIGNED."""

    def __missing__(self, name: str | None) -> str:
        found = self[name] = UNASSIGNED_TEXT if name is None else json_text(name)
        return found


class Codes:
    """The ten codes of a row, and what was found on the way."""

    def __init__(self, lists: Mapping[str, CatalogueList]) -> None:
        self.resolvers = {name: Resolver(listed) for name, listed in lists.items()}
        self.agencies, self.companies, self.cros, self.groups = Names(), Names(), Names(), Names()
        self._channels = self.resolvers["channels"]
        self._packages = self.resolvers["packages"]
        self._rates = self.resolvers["rates"]
        self._rooms = self.resolvers["rooms"]
        self._segments = self.resolvers["segments"]
        self._sub_segments = self.resolvers["subSegments"]

    def of(self, texts: Texts) -> Sequence[str]:
        """R2 and R3: in JSON, in the order of the file."""
        return (
            self.agencies[texts.agency],
            self._channels[texts.channel],
            self.companies[texts.company],
            self.cros[texts.cro],
            self.groups[texts.group],
            self._packages[texts.package],
            self._rates[texts.rate],
            self._rooms[texts.room],
            self._segments[texts.segment],
            self._sub_segments[texts.sub_segment],
        )
