"""The keys of the two APIs: given, or held by secrets that are read again when a key is refused."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from threading import Lock
from typing import Final, Protocol, TypeVar

from pydantic import SecretStr

from host_pms.errors import AccessDeniedError, NeedsPersonError
from host_pms.models.run import is_hotel_code
from host_pms.ports import SecretStore

T = TypeVar("T")

EVERYBODY: Final = "*"
"""The holder of the key that serves whoever has none of his own."""

KeysByHolder = Mapping[str, SecretStr]


class Keys(Protocol):
    """Who calls with which key; a holder is a hotel's code or `EVERYBODY`."""

    @property
    def remedy(self) -> str:
        """What a person does about a key that is refused."""

    def of(self, holder: str) -> SecretStr:
        """The holder's own key, or everybody's.

        Raises:
            NeedsPersonError: there is none.
        """

    def other_than(self, refused: SecretStr, holder: str) -> SecretStr | None:
        """The key that the holder has now, where it is not the one that was refused.

        Raises:
            TransientError: where the keys are kept could not be asked.
            NeedsPersonError: likewise, and a person must change something.
        """


def with_key(keys: Keys, holder: str, send: Callable[[SecretStr], T]) -> T:
    """What `send` returns with the holder's key, and while it is refused, with the one that replaced it.

    Raises:
        AccessDeniedError: the key was refused, and there is no other.
    """
    key = keys.of(holder)
    while True:
        try:
            return send(key)
        except AccessDeniedError as refused:
            other = keys.other_than(key, holder)
            if other is None:
                raise AccessDeniedError(refused.message, remedy=keys.remedy) from refused
            key = other


@dataclass(frozen=True, kw_only=True)
class GivenKeys:
    """Keys that stay what they are; `missing` tells how to give one."""

    keys: KeysByHolder
    remedy: str
    missing: str

    def of(self, holder: str) -> SecretStr:
        """The holder's own key, or everybody's."""
        return _key(self.keys, holder, self.missing)

    def other_than(self, refused: SecretStr, holder: str) -> None:
        """There is never another one."""


class KeptKeys:
    """Keys as secrets held them when they were read; for all threads, and for as long as its process."""

    def __init__(self) -> None:
        self._kept: dict[tuple[str, ...], KeysByHolder] = {}
        self._lock = Lock()

    def get(self, secrets: tuple[str, ...], read: Callable[[], KeysByHolder]) -> KeysByHolder:
        """What these secrets held; `read` is called when nobody asked before."""
        with self._lock:
            if secrets not in self._kept:
                self._kept[secrets] = read()
            return self._kept[secrets]

    def replace(self, secrets: tuple[str, ...], keys: KeysByHolder) -> None:
        """Keep these instead."""
        with self._lock:
            self._kept[secrets] = keys


class SecretKeys:
    """The keys that `secrets` hold together, each as `parse` finds them in its text; one object a run.

    They are read when a key is first needed, unless `kept` has them, and once again for every key that is
    refused. `learn` is told every key before it is used, to mask it. `variable` names the secrets.
    """

    def __init__(
        self,
        *,
        secrets: Sequence[str],
        variable: str,
        store: SecretStore,
        parse: Callable[[str], KeysByHolder],
        kept: KeptKeys,
        learn: Callable[[Iterable[str]], None],
    ) -> None:
        self._secrets = tuple(secrets)
        self._where = f"secret {' and '.join(secrets)} ({variable})"
        self._store = store
        self._parse = parse
        self._kept = kept
        self._learn = learn
        self._refused: set[SecretStr] = set()
        self._lock = Lock()

    @property
    def remedy(self) -> str:
        """The secrets, by their names."""
        return f"Check the key in {self._where}; it was read again, and is the same."

    def of(self, holder: str) -> SecretStr:
        """The holder's own key, or everybody's."""
        missing = f'Put it, or "{EVERYBODY}" with a key for every hotel, into {self._where}.'
        return _key(self._kept.get(self._secrets, self._read), holder, missing)

    def other_than(self, refused: SecretStr, holder: str) -> SecretStr | None:
        """The holder's key, read again once for each that was refused."""
        with self._lock:
            if self.of(holder) == refused and refused not in self._refused:
                self._kept.replace(self._secrets, self._read())
                self._refused.add(refused)
            key = self.of(holder)
            return None if key == refused else key

    def _read(self) -> KeysByHolder:
        found: dict[str, SecretStr] = {}
        for secret in self._secrets:
            for holder, key in self._parsed(secret).items():
                if found.setdefault(holder, key) != key:
                    raise NeedsPersonError(
                        f"Two keys for {holder} are in {self._where}.", remedy="Take one of them out."
                    )
        return found

    def _parsed(self, secret: str) -> KeysByHolder:
        text = self._store.read(secret)
        try:
            keys = self._parse(text)
        except ValueError as fault:
            raise NeedsPersonError(
                f"What secret {secret} holds {fault}.", remedy=f"Correct {self._where}."
            ) from None
        self._learn(key.get_secret_value() for key in keys.values())
        return keys


def one_key(text: str) -> KeysByHolder:
    """A text that is the key itself, as everybody's.

    Raises:
        ValueError: it is none; the message does not repeat it.
    """
    if text.lstrip().startswith(("{", "[", '"')):
        raise ValueError("is JSON, and should be the key itself as plain text")
    return {EVERYBODY: _checked(text)}


def keys_of_hotels(text: str) -> KeysByHolder:
    """A JSON object of hotel codes, or `*`, and keys.

    Raises:
        ValueError: it is none; the message repeats nothing of it.
    """
    try:
        found = json.loads(text)
    except ValueError:
        raise ValueError("is no JSON object of hotel codes and keys") from None
    if not isinstance(found, dict) or not found:
        raise ValueError("is no JSON object of hotel codes and keys")
    if not all(holder == EVERYBODY or is_hotel_code(holder) for holder in found):
        raise ValueError(f'must have hotel codes or "{EVERYBODY}" as its names')
    return {holder: _checked(key) for holder, key in found.items()}


def _checked(key: object) -> SecretStr:
    text = key.strip() if isinstance(key, str) else ""
    if not (text.isascii() and text.isprintable()) or not text or " " in text:
        raise ValueError("has a key that is no text without spaces")
    return SecretStr(text)


def _key(keys: KeysByHolder, holder: str, missing: str) -> SecretStr:
    key = keys.get(holder) or keys.get(EVERYBODY)
    if key is None:
        raise NeedsPersonError(f"There is no Host API key for {holder}.", remedy=missing)
    return key
