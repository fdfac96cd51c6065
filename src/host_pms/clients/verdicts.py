"""What is tried again: a table for statuses, a table for exceptions."""

import ssl
from collections.abc import Iterator, Mapping
from enum import Enum
from typing import Final

import httpx2


class Verdict(Enum):
    """What a failure means for the call."""

    RETRY = "another try may succeed; it spends a retry"
    WAIT = "the key must wait; it spends no retry"
    DENIED = "the key was refused"
    REFUSED = "another try would not help; a person must change something"


# A status that is not listed goes by its first digit. A 2xx comes here only if it was not expected.
STATUSES: Final[Mapping[int, Verdict]] = {
    401: Verdict.DENIED,
    403: Verdict.DENIED,
    408: Verdict.RETRY,
    425: Verdict.RETRY,
    429: Verdict.WAIT,
}
STATUS_CLASSES: Final[Mapping[int, Verdict]] = {
    2: Verdict.RETRY,
    3: Verdict.REFUSED,
    4: Verdict.REFUSED,
    5: Verdict.RETRY,
}

# An exception that is not listed goes by the nearest class that it derives from.
EXCEPTIONS: Final[Mapping[type[Exception], tuple[Verdict, str]]] = {
    httpx2.HTTPError: (Verdict.RETRY, "the call failed"),
    httpx2.TimeoutException: (Verdict.RETRY, "it took too long"),
    httpx2.NetworkError: (Verdict.RETRY, "the connection failed"),
    httpx2.RemoteProtocolError: (Verdict.RETRY, "the answer broke off or is no HTTP"),
    httpx2.ProxyError: (Verdict.RETRY, "the proxy did not connect"),
    httpx2.DecodingError: (Verdict.RETRY, "the answer's encoding is broken"),
    httpx2.LocalProtocolError: (Verdict.REFUSED, "a header or the address is not allowed in HTTP"),
    httpx2.UnsupportedProtocol: (Verdict.REFUSED, "the address is neither http nor https"),
    httpx2.TooManyRedirects: (Verdict.REFUSED, "the server redirects, which is not followed"),
    httpx2.HTTPStatusError: (Verdict.REFUSED, "the server refused"),
    httpx2.InvalidURL: (Verdict.REFUSED, "the address is not valid"),
    httpx2.CookieConflict: (Verdict.REFUSED, "the server's cookies contradict each other"),
    httpx2.StreamError: (Verdict.REFUSED, "the answer was read twice, which is a fault of this program"),
    UnicodeError: (Verdict.REFUSED, "a header is not plain ASCII"),
}

# What `except` takes so that every exception of the table is caught.
EXPECTED: Final = (
    httpx2.HTTPError,
    httpx2.InvalidURL,
    httpx2.CookieConflict,
    httpx2.StreamError,
    UnicodeError,
)

# The peer went away; in TLS, that is an SSLError too.
_CONNECTION_LOST: Final = (ssl.SSLEOFError, ssl.SSLZeroReturnError, ssl.SSLSyscallError)


def verdict_on_status(status: int) -> Verdict:
    """The verdict on a status that is none of those that were expected."""
    return STATUSES.get(status) or STATUS_CLASSES.get(status // 100, Verdict.REFUSED)


def verdict_on_exception(error: Exception) -> tuple[Verdict, str]:
    """The verdict, and the reason in words that hold nothing of the request or the answer."""
    causes = tuple(_causes(error))
    for cause in causes:
        if isinstance(cause, ssl.SSLError) and not isinstance(cause, _CONNECTION_LOST):
            # Only what OpenSSL itself raises has a reason.
            named = getattr(cause, "reason", None) or type(cause).__name__
            return Verdict.REFUSED, f"TLS failed ({named})"
    verdict, reason = next(EXCEPTIONS[base] for base in type(error).__mro__ if base in EXCEPTIONS)
    return verdict, f"{reason} ({type(causes[-1]).__name__})"


def _causes(error: BaseException) -> Iterator[BaseException]:
    """`error` and what it was raised from; httpcore2 keeps that as its exception's argument."""
    yield error
    inner = error.__cause__ or next((arg for arg in error.args if isinstance(arg, BaseException)), None)
    if inner is not None:
        yield from _causes(inner)
