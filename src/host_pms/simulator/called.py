"""Which hotel a call is for."""

import json

from starlette.datastructures import QueryParams
from starlette.types import Receive, Scope

from host_pms.simulator.whole import whole_request


async def called_hotel(scope: Scope, receive: Receive, *, look_into_body: bool) -> tuple[str | None, Receive]:
    """The hotel's code, and a `receive` that still has the whole request.

    It stands in the query of Host's calls and in the path of the ESB's, but for a registration: there
    it stands in the body, which is read only if it is asked for.
    """
    code = QueryParams(scope["query_string"]).get("hotelCode")
    _, _, rest = scope["path"].partition("/hotels/")
    if code or rest:
        return code or rest.partition("/")[0], receive
    if not look_into_body or scope["method"] != "POST":
        return None, receive
    body, receive = await whole_request(receive)
    return _in_body(body), receive


def _in_body(body: bytes) -> str | None:
    try:
        content = json.loads(body)
    except (ValueError, RecursionError):
        return None
    code = content.get("hotelCode") if isinstance(content, dict) else None
    return code if isinstance(code, str) else None
