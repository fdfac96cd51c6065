"""The rules of the code's layout, checked on what is written: who imports whom, who does what, how long."""

import ast
import builtins
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[1] / "src"
PACKAGE = SOURCE / "host_pms"
STANDARD_LIBRARY = "the standard library"


@dataclass(frozen=True, kw_only=True)
class Module:
    """A module of the package by its dotted name without `host_pms.`: `services.sync`, `cli`."""

    name: str
    path: Path
    tree: ast.Module

    @property
    def layer(self) -> str:
        """The package that it is in, or its own name where it stands beside them: `services`, `cli`."""
        return self.name.split(".")[0]

    @property
    def lines(self) -> int:
        return len(self.path.read_text().splitlines())


@cache
def modules() -> Mapping[str, Module]:
    found = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = path.relative_to(PACKAGE).with_suffix("").parts
        name = ".".join(parts).removesuffix(".__init__")
        found[name] = Module(name=name, path=path, tree=ast.parse(path.read_text()))
    return found


def imported(module: Module) -> Iterator[str]:
    """What a module imports, wherever in it, those for type checking among it, as full dotted names."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module.name}: a relative import"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def layers_imported(module: Module) -> set[str]:
    """Our own layers, and the other libraries by their first name; the standard library as one."""
    return {layer_of(name) for name in imported(module)} - {module.layer}


def layer_of(name: str) -> str:
    first, _, rest = name.partition(".")
    if first == "host_pms":
        return rest.split(".")[0]
    return STANDARD_LIBRARY if first in STANDARD_MODULES else first


STANDARD_MODULES = sys.stdlib_module_names
"""`from datetime import UTC` counts as `datetime`."""


# --- who may import whom ---

PURE = {STANDARD_LIBRARY, "msgspec"}
MAY_IMPORT: Mapping[str, set[str]] = {
    # The core: no logger, no clock, no setting, no SDK.
    "errors": {STANDARD_LIBRARY},
    "events": {STANDARD_LIBRARY},
    "ports": {STANDARD_LIBRARY},
    "models": PURE,
    "transformers": PURE | {"models"},
    "services": PURE | {"errors", "events", "models", "ports", "transformers"},
    # Adapters: each implements ports, and none knows another or what it is used for.
    "clients": PURE
    | {"errors", "models", "ports", "__version__", "httpx2", "httpcore2", "pydantic"}
    | {"pyrate_limiter", "tenacity"},
    "aws": {
        STANDARD_LIBRARY,
        "ports",
        "errors",
        "_typeshed",
        "boto3",
        "botocore",
        "types_boto3_dynamodb",
        "types_boto3_s3",
        "types_boto3_secretsmanager",
        "types_boto3_sqs",
    }
    | {"urllib3"},
    "local": PURE | {"errors", "ports"},
    "config": {STANDARD_LIBRARY, "errors", "events", "models", "dotenv", "pydantic", "pydantic_settings"},
    "clock": {STANDARD_LIBRARY, "errors"},
    "metrics": {STANDARD_LIBRARY, "events"},
    "bootstrap": {
        STANDARD_LIBRARY,
        "aws",
        "clients",
        "clock",
        "config",
        "errors",
        "events",
        "local",
        "metrics",
        "ports",
        "services",
    },
    # What a person or a platform starts.
    "report": PURE | {"models", "services"},
    "terminal": {STANDARD_LIBRARY, "events", "report", "rich", "services"},
    "signals": {STANDARD_LIBRARY, "clock", "errors"},
    "command_options": PURE | {"config", "errors", "typer"},
    "cli": {STANDARD_LIBRARY, "__version__", "bootstrap", "clock", "config", "demo", "errors", "events"}
    | {"report", "services", "signals", "terminal", "typer"}
    | {"command_options", "simulate_command", "state_commands"},
    "state_commands": {STANDARD_LIBRARY, "bootstrap", "clock", "command_options", "config", "errors"}
    | {"report", "services", "terminal", "typer"},
    "simulate_command": {STANDARD_LIBRARY, "demo", "typer"},
    "demo": {
        STANDARD_LIBRARY,
        "bootstrap",
        "clock",
        "config",
        "errors",
        "pydantic",
        "report",
        "rich",
        "services",
    }
    | {"signals", "simulator", "terminal"},
    "lambda_event": {STANDARD_LIBRARY, "errors", "services"},
    "lambda_answer": {STANDARD_LIBRARY, "errors", "lambda_event", "ports", "services"},
    "lambda_warm": {STANDARD_LIBRARY, "bootstrap", "clock", "config", "errors", "services"},
    "lambda_handler": {STANDARD_LIBRARY, "config", "errors", "services"}
    | {"lambda_answer", "lambda_event", "lambda_warm"},
    "simulator": {STANDARD_LIBRARY, "starlette", "uvicorn"},
    "__init__": {STANDARD_LIBRARY},
    "__main__": {"cli"},
}


@pytest.mark.parametrize("name", modules())
def test_a_module_imports_only_what_its_layer_may(name: str) -> None:
    module = modules()[name]
    assert layers_imported(module) - MAY_IMPORT[module.layer] == set()


def test_every_permission_to_import_is_used() -> None:
    used: dict[str, set[str]] = {layer: set() for layer in MAY_IMPORT}
    for module in modules().values():
        used[module.layer] |= layers_imported(module)
    unused = {layer: MAY_IMPORT[layer] - used[layer] - {STANDARD_LIBRARY, "msgspec"} for layer in MAY_IMPORT}
    assert {layer: names for layer, names in unused.items() if names} == {}


def test_the_documented_entry_points_add_nothing() -> None:
    main = Module(name="main", path=SOURCE / "main.py", tree=ast.parse((SOURCE / "main.py").read_text()))
    assert layers_imported(main) == {STANDARD_LIBRARY, "lambda_handler", "cli"}
    assert not [node for node in ast.walk(main.tree) if isinstance(node, ast.FunctionDef | ast.ClassDef)]


# --- who may do what ---


@dataclass(frozen=True, kw_only=True)
class Privilege:
    """Something that only few modules may do, as a dotted name that is read or called there.

    A module is named with its reason; a layer stands for its modules.
    """

    names: frozenset[str]
    allowed: Mapping[str, str]


OUTSIDE = {"simulator": "it plays the outside world, where time passes and chance rules"}

PRIVILEGES = {
    "read the environment": Privilege(
        names=frozenset({"os.environ", "os.getenv", "os.putenv"}),
        allowed={"config.settings": "it is the one place of settings"},
    ),
    "sleep": Privilege(
        names=frozenset({"time.sleep"}),
        allowed=OUTSIDE,
    ),
    "ask the wall clock": Privilege(
        names=frozenset(
            {"datetime.datetime.now", "datetime.datetime.utcnow", "datetime.datetime.today"}
            | {"datetime.date.today", "time.time", "time.time_ns", "time.localtime", "time.gmtime"}
        ),
        allowed={"clock": "SystemClock", **OUTSIDE},
    ),
    "measure time": Privilege(
        names=frozenset({"time.monotonic", "time.perf_counter"}),
        allowed={
            "clock": "SystemClock and Stop",
            "clients.connection": "a socket's time is real, even where the clock is not",
            "lambda_handler": "when the platform ends the function, for Stop",
            **OUTSIDE,
        },
    ),
    "draw by chance": Privilege(
        names=frozenset({"random", "secrets", "uuid"}),
        allowed={"clock": "jitter", "bootstrap": "names that nobody else has", **OUTSIDE},
    ),
    "log": Privilege(
        names=frozenset({"logging"}),
        allowed={"config.logging": "it sets logging up"},
    ),
    "print": Privilege(names=frozenset({"print"}), allowed={}),
    "show in colours": Privilege(
        names=frozenset({"rich"}), allowed={"terminal": "what a person sees", "demo": "likewise"}
    ),
    "start threads": Privilege(
        names=frozenset({"threading.Thread", "concurrent.futures.ThreadPoolExecutor"}),
        allowed={
            "services.fleet": "hotels side by side",
            "services.history": "the state of hotels side by side",
            "bootstrap": "pages side by side",
            **OUTSIDE,
        },
    ),
}


@pytest.mark.parametrize("what", PRIVILEGES)
def test_only_those_who_may(what: str) -> None:
    privilege = PRIVILEGES[what]
    doing = {module.name for module in modules().values() if uses(module, privilege.names)}
    allowed = {name for name in doing if {name, name.split(".")[0]} & set(privilege.allowed)}
    assert doing - allowed == set()
    holders = {holder for name in doing for holder in (name, name.split(".")[0])}
    assert set(privilege.allowed) - set(OUTSIDE) - holders == set()


def uses(module: Module, names: frozenset[str]) -> bool:
    """Whether one of `names`, or something below it, is used or imported in a module."""
    return any(used == name or used.startswith(f"{name}.") for used in used_names(module) for name in names)


def used_names(module: Module) -> Iterator[str]:
    """Every imported or built-in name that is used, from where it comes: `datetime.datetime.now`, `print`."""
    origins = dict(origins_of(module))
    yield from imported(module)
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Name | ast.Attribute):
            first, dot, rest = ast.unparse(node).partition(".")
            if first in origins:
                yield f"{origins[first]}{dot}{rest}"


def origins_of(module: Module) -> Iterator[tuple[str, str]]:
    """What each imported or built-in name stands for."""
    yield from ((name, name) for name in dir(builtins))
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Import):
            yield from ((alias.asname or alias.name, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from ((alias.asname or alias.name, f"{node.module}.{alias.name}") for alias in node.names)


BROAD = {"Exception", "BaseException", ""}
MAY_CATCH_ALL = {"services.fleet": "whatever happens to a hotel becomes its result"}


def test_only_the_hotels_boundary_catches_everything() -> None:
    catching = {
        module.name
        for module in modules().values()
        for node in ast.walk(module.tree)
        if isinstance(node, ast.ExceptHandler) and caught(node) & BROAD
    }
    assert catching == set(MAY_CATCH_ALL)


def caught(handler: ast.ExceptHandler) -> set[str]:
    """The names of what is caught; an empty one for all."""
    if handler.type is None:
        return {""}
    kinds = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    return {ast.unparse(kind) for kind in kinds}


MADE_OF_NO_STRUCT = {"dict", "list", "tuple", "str", "int", "msgspec"}


def test_every_struct_has_its_decoder_before_threads_start() -> None:
    """msgspec learns a struct at its first decoding; two threads that do it at once crash the process."""
    learning = {
        f"{module.name}: {ast.unparse(node)}"
        for module in modules().values()
        for function in ast.walk(module.tree)
        if isinstance(function, ast.FunctionDef)
        for node in ast.walk(function)
        if isinstance(node, ast.Call) and learned_by(node) - MADE_OF_NO_STRUCT
    }
    assert learning == set()


def learned_by(call: ast.Call) -> set[str]:
    """The names in the type that a call makes msgspec learn."""
    name = ast.unparse(call.func)
    types = [keyword.value for keyword in call.keywords if keyword.arg == "type"]
    if name in {"msgspec.json.Decoder", "msgspec.convert"}:
        types += call.args
    elif name != "msgspec.json.decode":
        return set()
    return {node.id for found in types for node in ast.walk(found) if isinstance(node, ast.Name)}


REGISTERS = {"cli": "a command whose options stand in a module of their own"}


def test_nothing_happens_at_import() -> None:
    """A statement that is a call, at the top of a module, would be work at import."""
    working = {
        module.name
        for module in modules().values()
        for node in module.tree.body
        if isinstance(node, ast.Expr) and not isinstance(node.value, ast.Constant)
    }
    assert working == set(REGISTERS)


# --- how long ---

LONGEST_MODULE = 250
LONGEST_FUNCTION = 40
LONGER = {
    "cli.sync": "every option is a parameter, with its help",
    "simulate_command.simulate": "likewise",
}


@dataclass(frozen=True, kw_only=True)
class Function:
    """A function or method, by its module and its own name."""

    name: str
    lines: int


def functions() -> list[Function]:
    return [
        Function(name=f"{module.name}.{node.name}", lines=(node.end_lineno or 0) - node.lineno + 1)
        for module in modules().values()
        for node in ast.walk(module.tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]


def test_no_module_is_too_long() -> None:
    assert {module.name for module in modules().values() if module.lines > LONGEST_MODULE} == set()


def test_no_function_is_too_long_but_those_with_a_reason() -> None:
    assert {function.name for function in functions() if function.lines > LONGEST_FUNCTION} == set(LONGER)


def test_half_of_all_functions_are_short() -> None:
    lengths = sorted(function.lines for function in functions())
    assert lengths[len(lengths) // 2] < 10
