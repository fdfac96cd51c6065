"""Keys that secrets hold: read once a process, and once again for a key that is refused."""

import json
import threading
from collections.abc import Iterable
from dataclasses import dataclass, field

import pytest
from pydantic import SecretStr

from host_pms.clients.keys import (
    EVERYBODY,
    GivenKeys,
    KeptKeys,
    SecretKeys,
    keys_of_hotels,
    one_key,
    with_key,
)
from host_pms.errors import AccessDeniedError, NeedsPersonError, TransientError


@dataclass
class Secrets:
    """The port `SecretStore`; `read_names` remembers what was read."""

    texts: dict[str, str]
    read_names: list[str] = field(default_factory=list)
    broken: bool = False

    def read(self, name: str) -> str:
        self.read_names.append(name)
        if self.broken:
            raise TransientError("Reading secret pms/one failed: 500.")
        return self.texts[name]


def texts(**keys: str) -> str:
    return json.dumps({name.replace("everybody", EVERYBODY): key for name, key in keys.items()})


@dataclass
class World:
    secrets: Secrets
    kept: KeptKeys = field(default_factory=KeptKeys)
    learned: list[str] = field(default_factory=list)

    def run(self) -> SecretKeys:
        """The keys of a new run in the same process."""

        def learn(keys: Iterable[str]) -> None:
            self.learned.extend(keys)

        return SecretKeys(
            secrets=tuple(self.secrets.texts),
            variable="HOST_API_KEYS_SECRET",
            store=self.secrets,
            parse=keys_of_hotels,
            kept=self.kept,
            learn=learn,
        )


def world(**by_name: str) -> World:
    return World(Secrets({f"pms/{name}": text for name, text in by_name.items()}))


class Server:
    """Takes only the keys it has; `tried` are the keys that were sent."""

    def __init__(self, *good: str) -> None:
        self.good = good
        self.tried: list[str] = []

    def __call__(self, key: SecretStr) -> str:
        self.tried.append(key.get_secret_value())
        if self.tried[-1] not in self.good:
            raise AccessDeniedError("H: reading from Host: the server refused the key (401).")
        return "answer"


def test_nothing_is_read_before_a_key_is_needed_and_then_once_for_all_runs_of_a_process() -> None:
    it = world(one=texts(H1="one-1"), two=texts(H2="two-2", everybody="shared"))
    runs = it.run(), it.run()
    assert it.secrets.read_names == []
    for run in runs:
        keys = [run.of(holder).get_secret_value() for holder in ("H1", "H2", "H3", EVERYBODY)]
        assert keys == ["one-1", "two-2", "shared", "shared"]
    assert it.secrets.read_names == ["pms/one", "pms/two"]
    assert sorted(it.learned) == ["one-1", "shared", "two-2"]


def test_a_key_that_was_changed_is_read_again_after_it_is_refused() -> None:
    it = world(one=texts(H1="old"))
    it.run().of("H1")
    it.secrets.texts["pms/one"] = texts(H1="new")
    server = Server("new")
    assert with_key(it.run(), "H1", server) == "answer"
    assert (server.tried, it.secrets.read_names, it.learned) == (
        ["old", "new"],
        ["pms/one"] * 2,
        ["old", "new"],
    )
    assert with_key(it.run(), "H1", server) == "answer"
    assert server.tried[2:] == ["new"]


def test_a_key_that_stayed_the_same_is_refused_for_good_and_read_again_once_a_run() -> None:
    it = world(one=texts(everybody="bad", H9="bad-9"))
    server, run = Server(), it.run()
    for hotel in ("H1", "H2", "H3"):
        with pytest.raises(AccessDeniedError, match=r"refused the key \(401\)") as refused:
            with_key(run, hotel, server)
        assert "secret pms/one (HOST_API_KEYS_SECRET)" in refused.value.remedy
    assert it.secrets.read_names == ["pms/one"] * 2
    with pytest.raises(AccessDeniedError):
        with_key(run, "H9", server)
    assert it.secrets.read_names == ["pms/one"] * 3
    assert server.tried == ["bad", "bad", "bad", "bad-9"]


def test_threads_whose_key_is_refused_at_once_read_it_again_together() -> None:
    it = world(one=texts(everybody="old"))
    it.run().of("H1")
    it.secrets.texts["pms/one"] = texts(everybody="new")
    server, run, together, answers = Server("new"), it.run(), threading.Barrier(6), []

    def send(key: SecretStr) -> str:
        if key.get_secret_value() == "old":
            together.wait(10)
        return server(key)

    threads = [threading.Thread(target=lambda: answers.append(with_key(run, "H1", send))) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert (answers, it.secrets.read_names) == (["answer"] * 6, ["pms/one"] * 2)


def test_a_secret_that_cannot_be_read_again_is_the_failure_and_the_old_keys_stay() -> None:
    it = world(one=texts(H1="bad", H2="good"))
    run = it.run()
    run.of("H1")
    it.secrets.broken = True
    with pytest.raises(TransientError, match="Reading secret pms/one"):
        with_key(run, "H1", Server("good"))
    assert with_key(run, "H2", Server("good")) == "answer"


def test_a_secret_that_could_not_be_read_is_asked_for_again() -> None:
    it = world(one=texts(H1="one-1"))
    it.secrets.broken = True
    with pytest.raises(TransientError):
        it.run().of("H1")
    it.secrets.broken = False
    assert it.run().of("H1").get_secret_value() == "one-1"


def test_a_hotel_without_a_key_is_told_where_to_put_one() -> None:
    it = world(one=texts(H1="one-1"))
    with pytest.raises(NeedsPersonError, match="There is no Host API key for H2") as missing:
        it.run().of("H2")
    assert 'or "*"' in missing.value.remedy
    assert "secret pms/one (HOST_API_KEYS_SECRET)" in missing.value.remedy


def test_two_secrets_may_not_disagree() -> None:
    assert world(one=texts(H1="same"), two=texts(H1="same")).run().of("H1").get_secret_value() == "same"
    with pytest.raises(NeedsPersonError, match="Two keys for H1 are in secret pms/one and pms/two") as both:
        world(one=texts(H1="sesame-1"), two=texts(H1="sesame-2")).run().of("H1")
    assert "sesame" not in str(both.value)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("sesame", "is no JSON object"),
        ('{"H1": "sesame"', "is no JSON object"),
        ('["sesame"]', "is no JSON object"),
        ("{}", "is no JSON object"),
        ('{"../x": "sesame"}', "must have hotel codes"),
        ('{"H1": {"key": "sesame"}}', "has a key that is no text"),
        ('{"H1": ""}', "has a key that is no text"),
        ('{"H1": "open sesame"}', "has a key that is no text"),
        ('{"H1": "sésame"}', "has a key that is no text"),
        ('{"H1": "sesame\\u0000"}', "has a key that is no text"),
    ],
)
def test_a_secret_of_a_wrong_form_is_told_by_name_without_what_it_holds(text: str, says: str) -> None:
    with pytest.raises(NeedsPersonError, match=f"What secret pms/one holds {says}") as wrong:
        world(one=text).run().of("H1")
    assert "HOST_API_KEYS_SECRET" in wrong.value.remedy
    assert "sesame" not in str(wrong.value)
    assert wrong.value.__cause__ is None


def test_the_esbs_secret_is_the_key_itself() -> None:
    assert one_key(" sesame\n")[EVERYBODY].get_secret_value() == "sesame"
    for text in ('{"apiKey": "sesame"}', '"sesame"', "", "open sesame"):
        with pytest.raises(ValueError, match=r"is JSON|no text") as wrong:
            one_key(text)
        assert "sesame" not in str(wrong.value)


def test_given_keys_are_never_read_again() -> None:
    keys = GivenKeys(keys={"H1": SecretStr("own")}, remedy="Check ESB_API_KEY.", missing="Set it.")
    server = Server()
    with pytest.raises(AccessDeniedError) as refused:
        with_key(keys, "H1", server)
    assert (server.tried, refused.value.remedy) == (["own"], "Check ESB_API_KEY.")
    with pytest.raises(NeedsPersonError, match="Set it"):
        keys.of("H2")
