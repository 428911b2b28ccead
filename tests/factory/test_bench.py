"""What the bench reads and computes."""

import re
import signal
import subprocess
import sys
import time

import psutil
import pytest

from bench import accounts, images, jobs, real_path, rendering, stack
from bench.load import LoadError, Report, cpu_seconds, parse
from bench.stack import BARE, BEGIN, END, FULL, Round, Subject, ratios, verdicts, written
from tests.support.processes import family, send
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
def test_responses_that_are_not_good_are_no_measurement(errors: str) -> None:
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
        send(family(psutil.Process(process.pid)), signal.SIGKILL)
        process.communicate()

    assert counted >= 0.5


def test_a_ratio_is_the_median_of_the_rounds_ratios() -> None:
    mine = [_round(each) for each in (150.0, 300.0, 160.0)]
    bare = [_round(each) for each in (100.0, 150.0, 100.0)]

    spread = ratios(mine, bare)

    assert (spread.low, spread.median, spread.high) == pytest.approx((1.55, 1.6, 1.8))


@pytest.mark.parametrize(
    ("microseconds", "word", "over"),
    [(200.0, "met", False), (250.0, "missed", False), (251.0, "OVER THE LIMIT", True)],
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


@pytest.mark.parametrize("framework", stack.FRAMEWORKS)
def test_the_document_has_the_figures_of_accounts(framework: str) -> None:
    text = (ROOT / "docs" / "performance.md").read_text()
    begin = accounts.begin(framework)

    assert written(text, "new", begin) != text
    assert "| login |" in text.partition(begin)[2].partition(END)[0]


def test_what_takes_longer_by_more_than_the_limit_and_chance_tells() -> None:
    steady = accounts.Comparison("login", [0.120, 0.121] * 20, [0.100, 0.101] * 20)
    wild = accounts.Comparison("login", [0.05, 0.30] * 3, [0.05, 0.20] * 3)

    assert (steady.tells, "OVER THE LIMIT" in steady.row()) == (True, True)
    assert (wild.tells, "by chance" in wild.row()) == (False, True)


def test_a_cold_build_has_a_cache_of_its_own_in_each_of_its_steps() -> None:
    dockerfile = f"RUN {images.CACHE}target=/a one\nRUN {images.CACHE}target=/a two\n"

    first, second = (images.with_its_own_cache(dockerfile) for _ in range(2))

    assert first != second
    assert len(set(re.findall(r"id=(\w+),target=/a", first))) == 1
    assert first.count("id=") == 2
    with pytest.raises(ValueError, match="no cache"):
        images.with_its_own_cache("RUN one\n")


def test_an_images_size_is_shown_with_what_it_adds_to_its_base() -> None:
    image = images.Image(
        "windflow", "fastapi", "base", cold=61.4, warm=[9.0, 3.0, 4.0], size=300.2, base_size=180.1
    )

    assert image.row() == "| windflow | fastapi | 61 | 4.0 | 300 | 120 |"


def test_a_quick_run_builds_no_image(capsys: pytest.CaptureFixture[str]) -> None:
    assert images.main(["--quick"]) == 0
    assert "quick" in capsys.readouterr().out


def test_the_document_has_the_images_of_all_examples() -> None:
    text = (ROOT / "docs" / "performance.md").read_text()

    figures = text.partition(images.BEGIN)[2].partition(END)[0]
    assert [name for name in images.EXAMPLES if f"| {name} |" not in figures] == []


def test_without_wrk_the_bench_says_how_to_get_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(stack, "wrk_is_here", lambda: False)

    assert stack.main([]) == 2
    assert "apt-get install wrk" in capsys.readouterr().err


def test_the_largest_example_is_updated_from_the_two_newest_releases() -> None:
    measured = rendering.works(["v0.1.0", "v0.2.0", "v0.3.0"])

    assert [work.release for work in measured] == [None, "v0.1.0", "v0.2.0", "v0.3.0"]
    assert [work.example for work in measured] == [None, None, "windflow", "windflow"]


@pytest.mark.parametrize(("seconds", "word"), [([1.0, 1.9, 9.0], "met"), ([2.1], "OVER")])
def test_a_row_holds_the_median_against_the_limit(seconds: list[float], word: str) -> None:
    work = rendering.Work("copy", 2, files=7, seconds=seconds, busy=[1.0])

    assert work.row().startswith(f"| copy | 7 | {sorted(seconds)[len(seconds) // 2]} | 1.0 | 2 | ")
    assert word in work.row()


def test_the_statements_of_one_database_are_counted() -> None:
    log = (
        "one LOG:  statement: BEGIN\none LOG:  execute _pg3_0: SELECT 1\n"
        "one DETAIL:  Parameters: 1\n"
        "two LOG:  statement: BEGIN\n"
    )

    assert real_path.statements_in(log, "one") == 2


def test_a_real_request_is_shown_beside_the_minimal_service() -> None:
    found = [
        real_path.Measured(
            _subject(name),
            "",
            rounds={request: [_round(each) for each in cost] for request in real_path.REQUESTS},
            statements=dict.fromkeys(real_path.REQUESTS, 3.0),
        )
        for name, cost in ((real_path.MINIMAL, (100, 200)), ("FastAPI", (50, 100)))
    ]

    assert "| `/me` | 150 (125 to 175); 3.0 | 0.50 (0.50 to 0.50); 3.0 |" in real_path.table(found)


def test_the_table_of_jobs_has_medians() -> None:
    worked = jobs.Worked("fastapi", 2, rates=[100, 300, 200], costs=[(1, 3), (2, 2), (3, 7)])

    assert (
        jobs.table([worked]).splitlines()[-1] == "| fastapi | 2 | 200 (100 to 300) | 2.00 | 3.00 |"
    )
