"""The house's manners that no linter knows: names, lengths, and how many arguments a call takes."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

SOURCE = Path(__file__).resolve().parents[1] / "src"
FILES = sorted(SOURCE.rglob("*.py"))
NAMELESS = {"utils", "util", "helpers", "common", "base", "misc"}
LINES_OF_A_FILE = 350
LINES_OF_A_FUNCTION = 50
ARGUMENTS = 5

Function = ast.FunctionDef | ast.AsyncFunctionDef


def functions(file: Path) -> list[Function]:
    """Return every function and method of a file."""
    return [
        node
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, Function)
    ]


def arguments(function: Function) -> int:
    """Count the arguments whose order a caller must know; keyword-only ones name themselves."""
    taken = function.args
    named = [a.arg for a in (*taken.posonlyargs, *taken.args)]
    return len([name for name in named if name not in ("self", "cls")])


def code_lines(function: Function) -> int:
    """Count a function's lines without those of its docstring."""
    length = (function.end_lineno or function.lineno) - function.lineno + 1
    first = function.body[0]
    if ast.get_docstring(function) is not None:
        length -= (first.end_lineno or first.lineno) - first.lineno + 1
    return length


def is_command(function: Function) -> bool:
    """Say whether typer makes a command of it, whose options are its arguments."""
    return any(ast.unparse(decorator) == "app.command()" for decorator in function.decorator_list)


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(SOURCE)))
def test_a_file_has_one_subject(file: Path) -> None:
    assert file.stem not in NAMELESS
    lines = len(file.read_text(encoding="utf-8").splitlines())
    assert lines <= LINES_OF_A_FILE
    for function in functions(file):
        assert code_lines(function) <= LINES_OF_A_FUNCTION, function.name
        if not is_command(function):
            assert arguments(function) <= ARGUMENTS, function.name
