"""R3 and R4: the segments file of a run, in which every code of its reservations file stands."""

from collections.abc import Iterable

from host_pms.models.climber.files import Code, Segments
from host_pms.transformers.codes import UNASSIGNED, Catalogue, Codes, closed


def segments(catalogue: Catalogue, codes: Codes) -> Segments:
    """Six lists from the catalogue, four from the names that were published."""
    lists = catalogue.lists
    return Segments(
        agencies=_named(codes.agencies),
        channels=lists["channels"].codes(),
        companies=_named(codes.companies),
        cros=_named(codes.cros),
        groups=_named(codes.groups),
        packages=lists["packages"].codes(),
        rates=lists["rates"].codes(),
        rooms=lists["rooms"].codes(),
        segments=lists["segments"].codes(),
        sub_segments=lists["subSegments"].codes(),
    )


def _named(names: Iterable[str | None]) -> tuple[Code, ...]:
    """R3: sorted by code point, which is how Python compares text."""
    used = {name for name in names if name is not None and name != UNASSIGNED}
    return closed(Code(code=name, name=name) for name in sorted(used))
