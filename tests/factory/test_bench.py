"""What the bench reads and computes."""

import subprocess
import sys
import time

import psutil
import pytest

from bench import stack
from bench.load import LoadError, Report, cpu_seconds, parse
from bench.stack import BARE, BEGIN, END, FULL, Round, Subject, ratios, verdicts, written
from tools.questions import ROOT

REPORT = """Running 2s test @ http://127.0.0.1:8000/api/v1/readings/7
  1 threads and 16 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency     1.39ms  361.94us   9.07ms   94.10%
    Req/Sec    11.60k     0.89k   12.50k    85.00%
  Latency Distribution
     50%    1.31ms
     75%    1.43ms
     90%    1.60ms
     99%    {p99}
  23079 requests in 2.00s, 4.75MB read
{errors}Requests/sec:  11530.52
Transfer/sec:      2.38MB
"""
# Burns a known time of processor, half of it in a thread, then stays.
BUSY = """
import threading, time
def burn():
    start = time.thread_time()
    while time.thread_time() - start < 0.25:
        pass
thread = threading.Thread(target=burn)
thread.start()
burn()
thread.join()
print("done", flush=True)
time.sleep(60)
"""


def _round(microseconds: float) -> Round:
    return Round(Report(1_000_000, 1.0, 1.0), microseconds)


def _subject(name: str, *microseconds: float) -> Subject:
    return Subject(name, [], {}, rounds=[_round(each) for each in microseconds])


@pytest.mark.parametrize(
    ("p99", "milliseconds"), [("850.00us", 0.85), ("2.53ms", 2.53), ("1.20s", 1200.0)]
)
def test_a_report_of_wrk_is_read(p99: str, milliseconds: float) -> None:
    report = parse(REPORT.format(p99=p99, errors=""))

    assert (report.requests, report.per_second) == (23079, 11530.52)
    assert report.p99_ms == pytest.approx(milliseconds)


@pytest.mark.parametrize(
    "errors",
    [
        "  Non-2xx or 3xx responses: 12\n",
        "  Socket errors: connect 0, read 3, write 0, timeout 0\n",
    ],
)
def test_answers_that_are_not_good_are_no_measurement(errors: str) -> None:
    with pytest.raises(LoadError, match=errors.strip()):
        parse(REPORT.format(p99="1.00ms", errors=errors))


def test_a_report_that_says_nothing_is_no_measurement() -> None:
    with pytest.raises(LoadError, match="not understood"):
        parse("Running 2s test")


def test_processor_time_counts_all_threads_and_no_waiting() -> None:
    process = subprocess.Popen([sys.executable, "-c", BUSY], stdout=subprocess.PIPE)
    try:
        assert process.stdout is not None
        process.stdout.readline()
        counted = cpu_seconds(process.pid)
        time.sleep(0.1)  # nothing to wait for: that it passes uncounted is what is tested
        later = cpu_seconds(process.pid)
    finally:
        process.kill()
        process.communicate()

    assert 0.5 <= counted < 0.9
    assert later - counted <= 0.02


def test_processor_time_counts_children() -> None:
    parent = "import subprocess, sys; subprocess.run([sys.executable, '-c', sys.argv[1]])"
    process = subprocess.Popen([sys.executable, "-c", parent, BUSY], stdout=subprocess.PIPE)
    try:
        assert process.stdout is not None
        process.stdout.readline()
        counted = cpu_seconds(process.pid)
    finally:
        for child in psutil.Process(process.pid).children():
            child.kill()
        process.kill()
        process.communicate()

    assert counted >= 0.5


def test_a_ratio_is_the_median_of_the_rounds_ratios() -> None:
    mine = [_round(each) for each in (150.0, 300.0, 160.0)]
    bare = [_round(each) for each in (100.0, 150.0, 100.0)]

    spread = ratios(mine, bare)

    assert (spread.low, spread.median, spread.high) == pytest.approx((1.55, 1.6, 1.8))


@pytest.mark.parametrize(
    ("microseconds", "word", "over"),
    [(150.0, "met", False), (180.0, "missed", False), (181.0, "OVER THE LIMIT", True)],
)
def test_a_limit_that_is_passed_is_said(microseconds: float, word: str, over: bool) -> None:  # noqa: FBT001 -- a parameter
    found = [_subject(BARE, 100.0, 100.0), _subject(FULL, microseconds, microseconds)]

    lines, passed = verdicts(found)

    assert lines[0].endswith(f": {word}")
    assert passed is over


def test_a_layers_share_is_what_the_stack_saves_without_it() -> None:
    found = [
        _subject(BARE, 100.0, 100.0),
        _subject(FULL, 150.0, 150.0),
        _subject("timing", 140.0, 140.0),
    ]

    assert "| timing | 10 | 0.10 (0.10 to 0.10) |" in stack.table_of_layers(found)


def test_figures_are_written_between_the_marks_only() -> None:
    text = f"before\n{BEGIN}\nold\n{END}\nafter\n"

    assert written(text, "new") == f"before\n{BEGIN}\n\nnew\n\n{END}\nafter\n"


def test_each_framework_has_marks_of_its_own() -> None:
    begin = stack.FRAMEWORKS["django"].begin
    text = f"{BEGIN}\none\n{END}\n{begin}\ntwo\n{END}\n"

    assert written(text, "new", begin) == f"{BEGIN}\none\n{END}\n{begin}\n\nnew\n\n{END}\n"


@pytest.mark.parametrize("text", ["", BEGIN, END, BEGIN + END + END, BEGIN + BEGIN + END])
def test_a_document_without_its_marks_is_left_alone(text: str) -> None:
    with pytest.raises(ValueError, match="once each"):
        written(text, "new")


@pytest.mark.parametrize("framework", stack.FRAMEWORKS.values(), ids=lambda each: each.name)
def test_the_document_has_its_marks_and_figures_between_them(framework: stack.Framework) -> None:
    text = (ROOT / "docs" / "performance.md").read_text()

    assert written(text, "new", framework.begin) != text
    figures = text.partition(framework.begin)[2].partition(END)[0]
    assert f"| {framework.bare} |" in figures
    assert f"| {FULL} |" in figures


def test_without_wrk_the_bench_says_how_to_get_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(stack, "wrk_is_here", lambda: False)

    assert stack.main([]) == 2
    assert "apt-get install wrk" in capsys.readouterr().err
