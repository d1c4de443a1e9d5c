"""The Python part: a workflow over tasks in two other languages, which it calls by their types."""

from collections import Counter

from windlass_guest.workflow import publish, workflow
from wit_world.imports import counting, drawing

SHOWN = 3


@workflow
def report(letters: list[str]) -> str:
    """The most frequent words of many letters, as a card."""
    total: Counter[str] = Counter()
    for number, letter in enumerate(letters):
        for word in counting.count(letter):  # a task in Rust
            total[word.text] += word.times
        publish("counted", number + 1)
    bars = [drawing.Bar(label, count) for label, count in total.most_common(SHOWN)]
    return drawing.draw(f"{len(letters)} letters", bars)  # a task in JavaScript
