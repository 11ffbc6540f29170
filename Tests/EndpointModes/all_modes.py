#!/usr/bin/env python3
"""Tries `moebench endpoint` against every mode of a hostile mock server and checks what it says of each.

  all_modes.py MOEBENCH MOCK [MODE...]      MOCK is mock_endpoint.py; without MODE all that it lists

A line a mode: exit status, seconds, peak memory, what was wrong. Exit status 1 if anything was.
"""
import json, os, re, statistics, subprocess, sys, tempfile, threading, time, urllib.request

KEY = "sk-moebench-0123456789abcdef"
TTFT, TPS, N, REQUESTS = 0.05, 200.0, 16, 4
TIMEOUTS = {"--connect-timeout": "2", "--ttft-timeout": "2", "--idle-timeout": "1.5", "--timeout": "4"}


class Run:
    def __init__(self, status, seconds, rss, out, err):
        self.status, self.seconds, self.rss, self.out, self.err = status, seconds, rss, out, err
        self.doc = json.loads(out) if out.strip() else None
        self.level = self.doc["endpoint"]["levels"][0] if self.doc else None
        self.requests = self.level["requests"] if self.level else []
        self.failures = {f["code"]: f for f in self.level["failures"]} if self.level else {}
        if self.level and not self.requests:  # warm-up alone was sent
            failures = [r["failure"] for r in self.level["unmeasured_requests"] if r["failure"]]
            self.failures = {f["code"]: {"example": f["message"]} for f in failures}
        self.codes = {w["code"] for w in self.doc["warnings"]} if self.doc else set()


def good(run, tokens=N):
    yield "exit %d" % run.status, run.status == 0
    if not run.doc: return
    yield "succeeded", run.level["succeeded"] == REQUESTS and run.level["failed"] == 0
    if tokens is not None:
        yield "tokens", all(r["output_tokens"] == tokens and r["output_tokens_from"] == "usage" for r in run.requests)


def timed(run):
    yield from good(run)
    if not run.doc: return
    # Against the server's own clock at its socket, as it is late itself on a busy machine.
    first, each = run.truth
    ttft, tpot = run.level["ttft_seconds"]["mean"], run.level["tpot_seconds"] and run.level["tpot_seconds"]["mean"]
    yield "time: ttft %s, in truth %s" % (ttft, first), near(ttft, first, 0.010 + 0.02 * first)
    if each: yield "time: tpot %s, in truth %s" % (tpot, each), near(tpot, each, 0.02 * each)


def truth(log):
    """Mean time to the first token and per token, as the server saw them; warm-up left out."""
    sent = [r for r in log if r["path"].endswith("completions") and r["t_first"] is not None][1:]
    if not sent: return None, None
    firsts = [r["t_first"] for r in sent]
    each = [(r["t_last"] - r["t_first"]) / (r["tokens_sent"] - 1) for r in sent if r["tokens_sent"] > 1]
    return statistics.mean(firsts), statistics.mean(each) if each else None


def near(a, b, by): return a is not None and abs(a - b) <= by


def failed(code, *words):
    def check(run):
        yield "exit %d" % run.status, run.status == 69
        yield "failures %s" % list(run.failures), code in run.failures
        for word in words:
            yield "says %r: %s" % (word, run.failures.get(code)), word in run.failures.get(code, {}).get("example", "")
        if run.doc: yield "no latency of failures", run.level["e2e_seconds"] is None
    return check


def both(*checks):
    def check(run):
        for one in checks: yield from one(run)
    return check


def flagged(flag, tokens=N, warning=None):
    def check(run):
        yield from good(run, tokens)
        if not run.doc: return
        yield "flag %s in %s" % (flag, run.level["flags"]), run.level["flags"][flag] == REQUESTS
        yield "warning in %s" % run.codes, (warning or flag) in run.codes
    return check


def stops(status, word):
    def check(run):
        yield "exit %d" % run.status, run.status == status
        yield "nothing on standard output", run.out == ""
        yield "one line: %r" % run.err, run.err.count("\n") == 1 and len(run.err) <= 301 and word in run.err
    return check


def where(text, predicate):
    def check(run):
        if run.doc: yield text, predicate(run)
    return check


def retried(run):
    yield from good(run)
    if run.doc:
        every = run.requests + run.level["unmeasured_requests"]
        yield "retries", sum(r["retries"] for r in every) == 1
        yield "wait not in latency", all(r["e2e_seconds"] < 0.5 for r in every)


unsure = where("marked as estimated",
    lambda r: all(q["output_tokens_from"].startswith("estimated") for q in r.requests))
no_speed = where("no speed", lambda r: r.level["itl_seconds"] is None and r.level["tpot_seconds"] is None and all(
    t["tokens_per_second"] is None for t in r.doc["tests"] if t["phase"] == "decode"))
EXPECTED = {
    "ok": timed,
    "bursty": both(good, where("p99 of gaps", lambda r: r.level["itl_seconds"]["p99"] > 0.030),
        where("gaps within bursts", lambda r: r.level["itl_seconds"]["p50"] < 0.003)),
    "coalesced": both(flagged("not_streamed"), no_speed, where("ttft = e2e",
        lambda r: near(r.level["ttft_seconds"]["p50"], r.level["e2e_seconds"]["p50"], 0.005))),
    "multi": both(good, where("per chunk", lambda r: r.level["itl_is_per"] == "chunk"), where("time: rate",
        lambda r: near(r.level["tpot_seconds"]["p50"], 1 / TPS, 0.05 / TPS))),
    "continuous_usage": timed,
    "nousage": both(lambda r: good(r, None), unsure, where("said", lambda r: "no_usage" in r.codes)),
    "usage_null": timed,
    "usage_lie": both(flagged("usage_disagrees", None), unsure, where("billed",
        lambda r: all(q["billed_tokens"] == 160 and q["output_tokens"] == N for q in r.requests))),
    "usage_zero": both(flagged("usage_disagrees", None), unsure, where("billed",
        lambda r: all(q["billed_tokens"] == 0 and q["output_tokens"] == N for q in r.requests))),
    "usage_negative": failed("invalid_usage", "-5"), "usage_string": failed("invalid_usage", "string"),
    "usage_huge": failed("invalid_usage"),
    "reasoning": both(timed, where("answer apart",
        lambda r: r.level["ttft_answer_seconds"]["p50"] > r.level["ttft_seconds"]["p50"] + 0.03)),
    "reasoning_alt": both(timed, where("answer apart",
        lambda r: r.level["ttft_answer_seconds"]["p50"] > r.level["ttft_seconds"]["p50"] + 0.03)),
    "empty_chunks": timed, "comments": timed, "fields": timed, "multiline_data": timed, "crlf": timed, "cr": timed,
    "bom": timed, "utf8split": timed, "bytesplit": good, "surrogates": timed, "no_done": timed,
    "no_finish": failed("incomplete", "incomplete"), "done_then_more": timed,
    "usage_after_done": lambda r: good(r, None),
    "drop": failed("connection_reset", "connection reset after 4 chunks"),
    "drop_fin": failed("truncated", "truncated"),
    "drop_mid_event": failed("truncated", "truncated"),
    "drop_headers": failed("truncated"), "close_now": failed("truncated"),
    "stall": failed("idle_timeout", "after 4 chunks"), "stall_first": failed("first_token_timeout"),
    "stall_headers": failed("first_token_timeout"), "slowloris": failed("total_timeout"),
    "slow_drip": failed("total_timeout"),
    "endless": both(failed("endless", "cut off"), where("flagged", lambda r: "endless" in r.codes)),
    "endless_headers": failed("headers_too_large", "256 KiB"),
    "huge_line": failed("line_too_long", "1 MiB"),
    "garbage": failed("invalid_json", "invalid SSE JSON at event", "\\u{1b}"),
    "garbage_some": failed("invalid_json", "at event 5"),
    "garbage_bin": failed("incomplete"), "bad_utf8": failed("invalid_json", "UTF-8"),
    "nan": failed("invalid_json", "finite"),
    "deep_json": failed("invalid_json", "deeper than 128"),
    "wrong_type": failed("content_type", "content-type text/html"),
    "json_instead": both(flagged("not_streamed"), no_speed, where("no ttft",
        lambda r: r.level["ttft_seconds"] is None)),
    "sse_unasked": failed("unasked_stream", "streams though"),
    "err_in_stream": failed("server_error", "CUDA out of memory"),
    "err_html": failed("server_error", "<script>"), "choices_empty": timed,
    "choices_missing": both(lambda r: good(r, N)),
    "choices_two": flagged("other_choices"), "types_wrong": failed("invalid_reply", "must be"), "tools": timed,
    "model_mismatch": both(flagged("other_model", warning="model_mismatch"), where("both names",
        lambda r: r.doc["endpoint"]["models_named"] == ["another-model"]
        and r.doc["endpoint"]["model_asked"] == "mock-moe")),
    "fewer": flagged("short", N // 2),
    "more": both(failed("endless")),
    "zero": both(flagged("no_tokens", 0), no_speed, where("no ttft",
        lambda r: r.level["ttft_seconds"] is None and r.level["output_tokens_per_second"] is None)),
    "one": both(lambda r: good(r, 1), no_speed),
    "instant": both(flagged("too_fast_to_measure"), no_speed),
    "429": both(failed("http_429", "3 retries"), where("waited",
        lambda r: all(q["retries"] == 3 and q["retry_wait_seconds"] == 3 for q in r.requests))),
    "429_once": retried, "429_date": failed("http_429"), "429_huge": failed("http_429", "asked to wait"),
    "429_bad": failed("http_429", "3 retries"),
    "500": both(failed("http_500", "boom"), where("no retry", lambda r: all(q["retries"] == 0 for q in r.requests))),
    "500_html": failed("http_500", "<html>"), "503_once": retried, "401": stops(77, "bad key"),
    "404": stops(69, "404"), "redirect": stops(69, "redirects"), "redirect_loop": stops(69, "redirects"),
    "redirect_other": stops(69, "redirects"), "redirect_file": stops(69, "file:///etc/passwd"),
    "keepalive_off": both(timed, where("connection apart", lambda r: r.level["connect_seconds"]["n"] == REQUESTS)),
    "http10": timed, "length_short": failed("incomplete"), "length_long": failed("truncated"),
    "length_huge": failed("idle_timeout"), "chunk_bad": failed("malformed_http"), "chunk_huge": failed("truncated"),
    "status_garbage": failed("malformed_http"), "gzip": failed("content_encoding", "gzip"),
    "gzip_bomb": failed("content_encoding"), "204": failed("no_body", "204"),
    "models_many": both(timed, where("said", lambda r: "first_model" in r.codes)),
    "models_bad": stops(65, "data[0].id"),
}
SMALL = {"429": 1, "429_date": 1, "429_bad": 1}
SLOW = {"slowloris": {"--ttft-timeout": "9"}, "slow_drip": {"--ttft-timeout": "9", "--idle-timeout": "9"}}
# Waits of Retry-After are no part of a timeout.
LONGEST = {"429": 8, "429_date": 12, "429_bad": 10, "slow_drip": 5, "slowloris": 5, "429_once": 4, "503_once": 4}
LEAN = {"huge_line", "endless_headers", "gzip_bomb", "500_html", "length_huge", "endless", "deep_json", "models_many"}
# The user's own history and prices are neither read nor written.
PLACES = {}
CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def execute(arguments):
    environment = {**os.environ, "MOEBENCH_API_KEY": KEY, **PLACES}
    process = subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment)
    got = {}
    reader = threading.Thread(target=lambda: got.update(err=process.stderr.read()))
    reader.start()
    watchdog = threading.Timer(60, process.kill)
    watchdog.start()
    begin = time.monotonic()
    out = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.monotonic() - begin
    watchdog.cancel(); reader.join()
    process.returncode = os.waitstatus_to_exitcode(status)
    return Run(process.returncode, seconds, usage.ru_maxrss / 1024, out.decode(), got["err"].decode())


def try_mode(binary, origin, mode):
    requests = SMALL.get(mode, REQUESTS)
    flags = {**TIMEOUTS, **SLOW.get(mode, {}), "--requests": str(requests), "--warmup": "0" if mode in SMALL else "1",
        "-n": str(N), "-p": "64", "-o": "json"}
    if not mode.startswith("models_"): flags["--model"] = "mock-moe"
    if mode == "one": flags["-n"] = "1"
    url = f"{origin}/m/{mode},tps={TPS:g},ttft={TTFT:g},at=4/v1"
    arguments = [binary, "endpoint", url] + [x for pair in flags.items() for x in pair]
    if mode == "sse_unasked": arguments.append("--no-stream")
    urllib.request.urlopen(origin + "/__reset").read()
    run = execute(arguments)
    log = json.load(urllib.request.urlopen(origin + "/__log"))
    run.truth = truth(log)
    wrong = [text for text, holds in EXPECTED[mode](run) if not holds]
    limit = LONGEST.get(mode, 5)
    if run.seconds > limit: wrong.append(f"time: took {run.seconds:.1f} s, more than {limit} s")
    if mode in LEAN and run.rss > 200: wrong.append(f"{run.rss:.0f} MB")
    if run.status < 0: wrong.append(f"signal {-run.status}")
    if KEY in run.out + run.err: wrong.append("the key is shown")
    if CONTROL.search(run.err) or CONTROL.search(run.out): wrong.append("control characters")
    if mode == "redirect_other":
        if any("steal" in r["path"] for r in log): wrong.append("followed to another origin")
    return run, wrong


def main():
    binary, mock, *modes = sys.argv[1:]
    server = subprocess.Popen([sys.executable, mock, "--port", "0"], stdout=subprocess.PIPE, text=True)
    folder = tempfile.TemporaryDirectory(prefix="moebench-modes-")
    PLACES.update(MOEBENCH_HISTORY=os.path.join(folder.name, "history.sqlite"), XDG_DATA_HOME=folder.name,
        XDG_CACHE_HOME=folder.name)
    try:
        origin = server.stdout.readline().split("/v1")[0]
        listed = json.load(urllib.request.urlopen(origin + "/__modes"))
        bad = [m for m in listed if m not in EXPECTED]
        if bad: print("no expectation for", bad)
        for mode in modes or listed:
            if mode not in EXPECTED: continue
            for _ in range(4):
                run, wrong = try_mode(binary, origin, mode)
                # A busy neighbour can delay one side of a clock; never every time.
                if not wrong or not all(w.startswith("time: ") for w in wrong): break
            if wrong: bad.append(mode)
            print(f"{'BAD ' if wrong else 'ok  '} {mode:18} exit {run.status:3} {run.seconds:5.1f} s {run.rss:4.0f} MB  "
                  f"{'; '.join(wrong)}", flush=True)
            if wrong and run.err: print("     " + run.err.strip()[:300])
        print(f"{len(modes or listed)} modes, {len(bad)} not as wanted")
        return 1 if bad else 0
    finally:
        server.kill()
        folder.cleanup()


if __name__ == "__main__":
    sys.exit(main())
