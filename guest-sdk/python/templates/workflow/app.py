"""Small tasks about letters, and a workflow that runs them."""

import logging

from windlass_guest import task
from windlass_guest.workflow import (
    TaskFailed,
    enqueue,
    now,
    publish,
    sleep,
    step,
    wait_all,
    workflow,
)
from wit_world.exports.tasks import Summary
from wit_world.exports.workflows import Totals

log = logging.getLogger(__name__)


@task
def summarize(letter: str) -> Summary:
    """Summarizes a letter; one without words is an error."""
    log.info("summarizing %d bytes", len(letter.encode()))
    words = letter.split()
    if not words:
        raise ValueError("the letter is empty")
    return Summary(words=len(words), longest=max(words, key=len))


@workflow
def add_up(letters: list[str]) -> Totals:
    """Summarizes many letters at once, rests for a moment, and adds up."""
    handles = [enqueue(summarize, [letter]) for letter in letters]
    wait_all(handles)
    sleep(0.01)
    moment = now()
    stamped = step("stamp", lambda: round(moment.timestamp() * 1000))
    publish("letters", len(letters))
    summaries = []
    for number, handle in enumerate(handles):
        try:
            summaries.append(handle.get_result())
        except TaskFailed as failed:
            raise ValueError(f"letter {number}: {failed}") from failed
    return Totals(
        letters=len(letters),
        words=sum(summary.words for summary in summaries),
        longest=max((summary.longest for summary in summaries), key=len, default=""),
        stamped=stamped,
    )
