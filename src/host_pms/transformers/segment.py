"""R3 and R4: the segments file of a run, in which every code of its reservations file stands."""

from collections.abc import Iterable

from host_pms.models.climber.files import Code, Segments
from host_pms.transformers.codes import UNASSIGNED, Catalogue, closed
from host_pms.transformers.reservation import Names


def segments(catalogue: Catalogue, names: Names) -> Segments:
    """Six lists from the catalogue, four from the names that were published."""
    lists = catalogue.lists
    return Segments(
        agencies=_named(names.lists["agencies"]),
        channels=lists["channels"].codes(),
        companies=_named(names.lists["companies"]),
        cros=_named(names.lists["cros"]),
        groups=_named(names.lists["groups"]),
        packages=lists["packages"].codes(),
        rates=lists["rates"].codes(),
        rooms=lists["rooms"].codes(),
        segments=lists["segments"].codes(),
        sub_segments=lists["subSegments"].codes(),
    )


def _named(names: Iterable[str]) -> tuple[Code, ...]:
    """R3: sorted by code point, which is how Python compares text."""
    return closed(Code(code=name, name=name) for name in sorted(set(names) - {UNASSIGNED}))
