#!/usr/bin/env python3
"""Runs the task in all seven languages on one queue, and prints what each costs.

It needs a host (WINDLASS_SERVER), `windlass` on the PATH and the components, which `windlass build`
makes in each folder. With `--bench` it measures sandboxes as well, by the repository's own benchmark.
"""

import argparse
import json
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
LANGUAGES = ["rust", "c", "cpp", "go", "javascript", "typescript", "python"]
TEXT = "the quick brown fox jumps over the lazy dog and The dog sleeps " * 20
ARGUMENTS = [TEXT, 3]


def windlass(*words: str) -> str:
    """What the command line answers, as JSON."""
    done = subprocess.run(["windlass", *words, "-o", "jsonl"], stdout=subprocess.PIPE, text=True)
    if done.returncode != 0:
        sys.exit(f"`windlass {' '.join(words[:2])} …` failed")
    return done.stdout


def enqueue_all(calls: int) -> dict[str, list[str]]:
    """So many calls of each language, in turns, on the one queue; the ids by language."""
    ids: dict[str, list[str]] = {language: [] for language in LANGUAGES}
    for _ in range(calls):
        for language in LANGUAGES:
            arguments = [json.dumps(argument) for argument in ARGUMENTS]
            said = windlass("enqueue", "words", f"words-{language}/frequent", *arguments)
            ids[language].append(json.loads(said)["id"])
    return ids


def results(ids: list[str]) -> list[str]:
    """Their values, in order, when all have one."""
    return [windlass("result", id, "--wait").strip() for id in ids]


def bench(components: dict[str, Path]) -> None:
    """Size, compile time and sandboxes, measured by the repository's own benchmark."""
    files = [str(path) for path in components.values()]
    command = ["cargo", "bench", "--quiet", "-p", "windlass", "--bench", "languages", "--", *files]
    command += ["--function", "frequent", "--arguments", json.dumps(ARGUMENTS)]
    subprocess.run(command, check=True, cwd=HERE.parent.parent)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--calls", type=int, default=3, help="calls of each language")
    parser.add_argument("--bench", action="store_true", help="measure sandboxes as well")
    asked = parser.parse_args()
    components = {language: HERE / language / f"build/words-{language}.wasm" for language in LANGUAGES}
    for language, component in components.items():
        if not component.exists():
            sys.exit(f"{component} is missing: `windlass build {HERE / language}` makes it")
        windlass("push", str(HERE / language))
    ids = enqueue_all(asked.calls)
    answers = {language: results(of) for language, of in ids.items()}
    for language, answer in answers.items():
        print(f"{language:12} {components[language].stat().st_size / 1e6:6.2f} MB  {answer[0]}")
    if len({answer for of in answers.values() for answer in of}) != 1:
        sys.exit("they do not agree")
    print(f"{asked.calls * len(LANGUAGES)} calls on one queue, and all agree")
    if asked.bench:
        bench(components)


if __name__ == "__main__":
    main()
