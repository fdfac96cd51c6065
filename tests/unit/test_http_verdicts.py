"""What is tried again, by status and by exception."""

import ssl
from collections.abc import Iterator

import httpcore2
import httpx2
import pytest
from http_doubles import Reply, request, world

from host_pms.clients.http import Answer, RefusedError
from host_pms.clients.verdicts import EXCEPTIONS, EXPECTED, Verdict, verdict_on_exception, verdict_on_status
from host_pms.errors import AccessDeniedError, ConnectorError, NeedsPersonError, TransientError

RETRIED = {408, 425, *range(500, 600)}
DENIED = {401, 403}


@pytest.mark.parametrize("status", range(300, 600))
def test_every_status_has_the_verdict_that_the_policy_states(status: int) -> None:
    expected = Verdict.REFUSED
    if status in RETRIED:
        expected = Verdict.RETRY
    if status in DENIED:
        expected = Verdict.DENIED
    if status == 429:
        expected = Verdict.WAIT
    assert verdict_on_status(status) is expected


@pytest.mark.parametrize("status", [204, 206, 408, 425, 500, 501, 502, 503, 504, 599])
def test_a_passing_failure_is_tried_again_and_the_good_answer_returned(status: int) -> None:
    it = world(Reply(status, b"<html>down</html>"), Reply())
    assert it.sender.send(request()) == Answer(status=200, body=b'{"Reservations": []}')
    assert it.calls == 2


@pytest.mark.parametrize("status", [408, 500, 503])
def test_a_lasting_failure_is_transient_after_three_retries(status: int) -> None:
    it = world(Reply(status, b""))
    with pytest.raises(
        TransientError, match=f"reading reservations of HOTEL001: the server answered {status}"
    ):
        it.sender.send(request())
    assert it.calls == 4


@pytest.mark.parametrize("status", [300, 301, 302, 307, 308, 400, 404, 405, 409, 413, 422, 600, 999])
def test_any_other_refusal_is_final_and_keeps_its_status(status: int) -> None:
    it = world(Reply(status, b"", {"Location": "https://elsewhere.example.org/"}))
    with pytest.raises(RefusedError, match=str(status)) as refused:
        it.sender.send(request())
    assert refused.value.status == status
    assert refused.value.remedy
    assert it.calls == 1


@pytest.mark.parametrize("status", [401, 403])
def test_a_refused_key_is_final(status: int) -> None:
    it = world(
        Reply(status, b'{"statusCode": 401, "message": "Access denied due to invalid subscription key."}')
    )
    with pytest.raises(AccessDeniedError, match=str(status)):
        it.sender.send(request())
    assert it.calls == 1


@pytest.mark.parametrize("status", [200, 201, 204, 409])
def test_an_accepted_status_is_an_answer(status: int) -> None:
    it = world(Reply(status, b""))
    esb = request(accepts=frozenset({200, 201, 204, 409}), expects_json=False)
    assert it.sender.send(esb) == Answer(status=status, body=b"")


@pytest.mark.parametrize(
    ("inside", "error"),
    [
        ("401", AccessDeniedError),
        ('"401"', AccessDeniedError),
        ("404", RefusedError),
        ("503", TransientError),
    ],
)
def test_a_status_inside_a_200_counts_as_that_status(inside: str, error: type[ConnectorError]) -> None:
    it = world(Reply(200, f'{{"statusCode": {inside}, "message": "…"}}'.encode()))
    with pytest.raises(error):
        it.sender.send(request())
    assert it.calls == (4 if error is TransientError else 1)


def test_an_accepted_status_inside_a_200_is_the_answers() -> None:
    it = world(Reply(200, b'{"statusCode": 409}'))
    assert it.sender.send(request(accepts=frozenset({200, 409}))).status == 409


@pytest.mark.parametrize(
    "body",
    [
        b'{"statusCode": 200, "Reservations": []}',
        b'{"statusCode": null}',
        b'{"statusCode": 7}',
        b'[{"statusCode": 401}]',
        b'{"Reservations": [{"statusCode": 401}]}',
        b'{"statusCode": 401, "Reservations": [' + b"1," * 4096 + b"1]}",
        b'{"deep": ' + b"[" * 2000 + b"]" * 2000 + b"}",
    ],
)
def test_what_only_looks_like_a_status_inside_is_an_ordinary_answer(body: bytes) -> None:
    assert world(Reply(200, body)).sender.send(request()) == Answer(status=200, body=body)


@pytest.mark.parametrize(
    "body",
    [b"", b" \r\n", b"<html></html>", b"\n<!DOCTYPE html>", b'{"a": [1, 2', b"[1, 2", b"{", b"Service down"],
)
def test_a_200_that_cannot_be_whole_json_is_tried_again(body: bytes) -> None:
    it = world(Reply(200, body), Reply(200, b" [1]\n"))
    assert it.sender.send(request()).body == b" [1]\n"
    assert it.calls == 2


@pytest.mark.parametrize(
    ("body", "fault"), [(b"", "is empty"), (b"<html>", "is HTML"), (b'{"a": [1', "JSON is cut")]
)
def test_what_was_wrong_with_a_200_is_said(body: bytes, fault: str) -> None:
    with pytest.raises(TransientError, match=fault):
        world(Reply(200, body), max_retries=0).sender.send(request())


@pytest.mark.parametrize("body", [b"{}", b"[]", b"null", b'"text"', b"12", b'{"a": "}"}'])
def test_json_without_its_list_is_an_answer(body: bytes) -> None:
    it = world(Reply(200, body))
    assert it.sender.send(request()).body == body
    assert it.calls == 1


def test_a_body_that_the_callers_check_refuses_is_tried_again() -> None:
    def check(body: bytes) -> None:
        if body == b'{"a": [{}}':
            raise ValueError("secret@example.org")

    it = world(Reply(200, b'{"a": [{}}'), Reply(200, b"{}"))
    assert it.sender.send(request(check=check)).body == b"{}"
    it = world(Reply(200, b'{"a": [{}}'))
    with pytest.raises(TransientError, match="cannot be read") as failed:
        it.sender.send(request(check=check))
    assert "secret" not in str(failed.value)
    assert it.calls == 4


def every_exception() -> Iterator[type[Exception]]:
    waiting: list[type[Exception]] = list(EXPECTED[:-1])
    while waiting:
        cls = waiting.pop()
        yield cls
        waiting.extend(cls.__subclasses__())


REFUSED_EXCEPTIONS = {
    "LocalProtocolError", "UnsupportedProtocol", "TooManyRedirects", "HTTPStatusError", "InvalidURL",
    "CookieConflict", "StreamError", "StreamConsumed", "StreamClosed", "ResponseNotRead", "RequestNotRead",
}  # fmt: skip


def raised(cls: type[Exception]) -> Exception:
    error = cls.__new__(cls)
    error.args = ("quotes Ocp-Apim-Subscription-Key: s3cret",)
    return error


@pytest.mark.parametrize("cls", sorted(set(every_exception()), key=lambda cls: cls.__name__))
def test_every_exception_of_httpx2_becomes_one_of_ours(cls: type[Exception]) -> None:
    final = cls.__name__ in REFUSED_EXCEPTIONS
    it = world(raised(cls))
    with pytest.raises(NeedsPersonError if final else TransientError) as failed:
        it.sender.send(request())
    assert it.calls == (1 if final else 4)
    assert "s3cret" not in str(failed.value)
    assert failed.value.__cause__ is None
    assert failed.value.__context__ is None


def test_httpx2_raises_nothing_that_the_table_does_not_know() -> None:
    exported = {getattr(httpx2, name) for name in httpx2.__all__ if isinstance(getattr(httpx2, name), type)}
    errors = {cls for cls in exported if issubclass(cls, Exception)}
    assert len(errors) > 20
    assert all(issubclass(cls, EXPECTED) for cls in errors)
    assert set(EXCEPTIONS) <= errors | {UnicodeError}


def connect_error(cause: OSError) -> httpx2.ConnectError:
    """As httpcore2 and httpx2 chain it: the first keeps the cause as its argument only."""
    error = httpx2.ConnectError("")
    error.__cause__ = httpcore2.ConnectError(cause)
    return error


@pytest.mark.parametrize(
    ("cause", "verdict", "named"),
    [
        (ssl.SSLCertVerificationError(1, "bad certificate"), Verdict.REFUSED, "TLS failed"),
        (ssl.SSLError(1, "wrong version number"), Verdict.REFUSED, "TLS failed"),
        (ssl.SSLEOFError(8, "eof"), Verdict.RETRY, "SSLEOFError"),
        (ssl.SSLZeroReturnError(6, "closed"), Verdict.RETRY, "SSLZeroReturnError"),
        (ConnectionResetError(104, "reset"), Verdict.RETRY, "ConnectionResetError"),
    ],
)
def test_a_tls_failure_is_told_from_a_lost_connection(cause: OSError, verdict: Verdict, named: str) -> None:
    found, reason = verdict_on_exception(connect_error(cause))
    assert found is verdict
    assert named in reason


@pytest.mark.parametrize(
    ("headers", "url"),
    [
        ({"X-API-Key": "s3cr\u20act"}, "https://esb.example.org/"),
        ({}, "https://esb.example.org:s3cret/"),
        ({}, "ftp://s3cret.example.org/"),
        ({}, "https://" + "s3cret" * 20 + ".example.org:99999999/"),
    ],
)
def test_a_request_that_cannot_be_sent_needs_a_person_and_is_not_quoted(
    headers: dict[str, str], url: str
) -> None:
    it = world(httpx2.UnsupportedProtocol("s3cret"))
    with pytest.raises(NeedsPersonError) as failed:
        it.sender.send(request(headers=headers, url=url))
    assert "s3cr" not in str(failed.value)
    assert failed.value.__context__ is None


def test_no_message_holds_the_key_the_query_or_the_body() -> None:
    replies = [
        Reply(status, b'{"message": "s3cret guest@example.org quota"}', {"X-Secret": "s3cret"})
        for status in (302, 400, 401, 403, 404, 500)
    ]
    for reply in replies:
        asked = request(headers={"Ocp-Apim-Subscription-Key": "s3cret"})
        with pytest.raises(ConnectorError) as failed:
            world(reply, max_retries=0).sender.send(asked)
        assert "s3cret" not in f"{failed.value!s} {failed.value!r} {asked!r}"
        assert "guest" not in str(failed.value)
        assert "hotelCode" not in str(failed.value)


def test_what_goes_out_is_what_was_asked_with_gzip_and_the_json() -> None:
    it = world(Reply(204, b""))
    sent = request(accepts=frozenset({204}), headers={"User-Agent": "host-pms/1"})
    it.sender.send(sent)
    (out,) = it.upstream.requests
    assert (out.method, str(out.url)) == ("GET", sent.url + "?hotelCode=HOTEL001")
    assert out.headers["Accept-Encoding"] == "gzip"
    assert out.headers["User-Agent"] == "host-pms/1"
    assert "Content-Type" not in out.headers
