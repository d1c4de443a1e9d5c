"""What `windlass build` asks the author's own Python before it makes a component.

    python -m windlass_guest._build SPEC MODULE FOLDER

imports the module and prints, as JSON: the mistakes, each with its place; which functions are
workflows; and which modules are imported within functions, for a component must import them before.
"""

from __future__ import annotations

import ast
import importlib
import json
import os
import sys
import traceback
from typing import Any

from . import _tracebacks
from ._wanted import find, mistakes, read

#: What Python itself imports late in code that is not written in Python: `datetime.strptime`.
_USUAL = ("_strptime",)


def main(spec: str, name: str, folder: str) -> dict[str, Any]:
    """Everything that is to be printed."""
    if name in sys.stdlib_module_names:
        hint = "give it another name, and say it as `source` in the table [build]"
        return {"mistakes": [f"{name}.py hides the module {name} of Python"], "hint": hint}
    with open(spec, encoding="utf-8") as file:
        functions = read(json.load(file))
    try:
        module = importlib.import_module(name)
    except BaseException as error:
        hint = f"{name} must be importable: `windlass build` imports it as each sandbox finds it"
        return {"mistakes": [_while_importing(error, folder)], "hint": hint}
    _tracebacks.keep(module)
    found = mistakes(functions, os.path.relpath(module.__file__ or name, folder))
    kinds = {}
    if not found:
        kinds = {f"{wanted.interface}#{wanted.name}": find(wanted)[0].kind for wanted in functions}
    places = {f"{wanted.interface}#{wanted.name}": _place(wanted, folder) for wanted in functions}
    return {
        "mistakes": [mistake.replace(folder + os.sep, "") for mistake in found],
        "kinds": kinds,
        "places": places,
        "later": sorted(_imported_later(folder)),
    }


def _place(wanted: Any, folder: str) -> str:
    return "".join(entry.place for entry in find(wanted)[:1]).replace(folder + os.sep, "")


def _is_theirs(file: str, folder: str) -> bool:
    hidden = os.path.join(folder, ".windlass") + os.sep
    return file.startswith(folder + os.sep) and not file.startswith(hidden)


def _while_importing(error: BaseException, folder: str) -> str:
    shown = traceback.TracebackException.from_exception(error)
    theirs = [frame for frame in shown.stack if _is_theirs(frame.filename, folder)]
    shown.stack = traceback.StackSummary.from_list(theirs)
    return "".join(shown.format()).replace(folder + os.sep, "").rstrip()


def _imported_later(folder: str) -> set[str]:
    """Modules that are imported by functions, when they are called: of the author's modules, of the
    packages that they depend on, and of what those import of Python itself."""
    names = set(_USUAL)
    direct: set[str] = set()
    packages = os.path.join(folder, ".windlass", "work") + os.sep
    for module in list(sys.modules.values()):
        file = getattr(module, "__file__", None) or ""
        if _is_theirs(file, folder) or file.startswith(packages):
            tree = _parsed(file)
            names |= _imported(tree, within_functions=True)
            direct |= _imported(tree, within_functions=False)
    for name in direct:
        file = getattr(sys.modules.get(name), "__file__", None) or ""
        if name.partition(".")[0] in sys.stdlib_module_names:
            names |= _imported(_parsed(file), within_functions=True)
    return names


def _parsed(file: str) -> ast.AST:
    if not file.endswith(".py"):
        return ast.Module([], [])
    with open(file, encoding="utf-8") as source:
        return ast.parse(source.read())


def _imported(tree: ast.AST, *, within_functions: bool) -> set[str]:
    names: set[str] = set()
    functions = (ast.FunctionDef, ast.AsyncFunctionDef)
    trees = [tree]
    if within_functions:
        trees = [node for node in ast.walk(tree) if isinstance(node, functions)]
    for node in (node for each in trees for node in ast.walk(each)):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module)
            names.update(f"{node.module}.{alias.name}" for alias in node.names)
    return names


if __name__ == "__main__":
    # What the module prints is not part of the answer.
    answer, sys.stdout = sys.stdout, sys.stderr
    json.dump(main(*sys.argv[1:4]), answer)
