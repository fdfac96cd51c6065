"""Kept objects that are not what they were, by the SHA-256s that were recorded of them."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce

from host_pms.models.manifest import ANSWER_LIST, KeptError, Manifest, RawObject, read_kept
from host_pms.ports import ObjectStore
from host_pms.services.answers import rolled
from host_pms.services.policy import Policy

_CHUNK = 1 << 20


@dataclass(frozen=True, kw_only=True, slots=True)
class Damaged:
    """An object, and what is wrong with it."""

    bucket: str
    key: str
    fault: str


def damaged_answers(manifest: Manifest, store: ObjectStore, policy: Policy) -> tuple[Damaged, ...]:
    """The raw answers that are not those of the run's list; or that list itself, then alone."""
    frozen, bucket = manifest.answers, policy.buckets.raw_configs
    if frozen is None:
        return ()
    unlisted = damage(store, bucket, frozen.key, frozen.sha256)
    if unlisted:
        return unlisted
    try:
        with store.read(bucket, frozen.key) as stream:
            listed = read_kept(stream.read(), ANSWER_LIST).answers
    except KeptError as fault:
        return (Damaged(bucket=bucket, key=frozen.key, fault=str(fault)),)
    found = [damage(store, answer.bucket, answer.key, answer.sha256) for answer in listed]
    if not any(found) and _digest(listed) != manifest.progress.digest:
        return (Damaged(bucket=bucket, key=frozen.key, fault="is not the list that the run recorded"),)
    return tuple(one for damaged in found for one in damaged)


def damage(store: ObjectStore, bucket: str, key: str, sha256: str) -> tuple[Damaged, ...]:
    """What is wrong with an object that once had this SHA-256; nothing if it has it still."""
    digest = hashlib.sha256()
    try:
        with store.read(bucket, key) as stream:
            while chunk := stream.read(_CHUNK):
                digest.update(chunk)
    except FileNotFoundError:
        return (Damaged(bucket=bucket, key=key, fault="is gone"),)
    return () if digest.hexdigest() == sha256 else (Damaged(bucket=bucket, key=key, fault="has other bytes"),)


def _digest(listed: Sequence[RawObject]) -> str:
    return reduce(rolled, (bytes.fromhex(answer.sha256) for answer in listed), b"").hex()
