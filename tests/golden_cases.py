"""The worked examples of the mapping, one folder a case (see tests/golden/README.md)."""

import json
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "golden"
NAMES = sorted(path.name for path in FOLDER.iterdir() if path.is_dir())


@dataclass(frozen=True, kw_only=True)
class GoldenCase:
    name: str
    first_import: bool
    update_from: datetime

    def body(self, dataset: str) -> bytes:
        return (FOLDER / self.name / "input" / f"{dataset}.json").read_bytes()

    def expected(self, file: str) -> Any:
        return exact_json((FOLDER / self.name / "expected" / f"{file}.json").read_bytes())


def load(name: str) -> GoldenCase:
    meta = json.loads((FOLDER / name / "input" / "meta.json").read_bytes())
    return GoldenCase(
        name=name,
        first_import=meta["firstImport"],
        update_from=datetime.fromisoformat(meta["updateFrom"]),
    )


def exact_json(body: bytes) -> Any:
    """JSON with every number exact, so that 100 equals 100.0 and nothing else is rounded."""
    return json.loads(body, parse_float=Decimal)
