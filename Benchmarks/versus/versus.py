#!/usr/bin/env python3
"""Set moebench beside any llama-bench binaries on the same GGUF files, in interleaved runs.

    versus.py --moebench .build/release/moebench \\
        --peer "llama.cpp=/path/to/llama-bench" --peer "llama.cpp=/path/to/llama-bench --repack 0" \\
        --peer "ik_llama.cpp=/path/to/llama-bench -rtr 1" \\
        -p 512 -n 128 -t 2 --rounds 5 --output results.json model-q8_0.gguf ...
    versus.py --batch 1,4,16 --peer "llama.cpp=/path/to/llama-batched-bench" ... -n 32 model-q8_0.gguf

With --batch the peers are llama-batched-bench binaries: sequences of --prompt tokens decode together.

Each round starts every contender once, in random order, as a process of its own that measures each
test once after its own warm-up. A peer named twice competes with its better setting, cell by cell.
A ratio is that of one round's neighbours; the table shows the median of the ratios and their range.
"""
import argparse
import collections
import datetime
import json
import pathlib
import platform
import random
import shlex
import statistics
import subprocess
import sys


def run(command, timeout, both=False):
    """What the command writes to standard output, and after it what it writes to standard error where `both` is asked"""
    done = subprocess.run(command, capture_output=True, text=True, timeout=timeout)
    if done.returncode != 0:
        last = (done.stderr.strip().splitlines() or ["no message"])[-1]
        raise RuntimeError(f"{pathlib.Path(command[0]).name}: exit {done.returncode}: {last}")
    return done.stdout + "\n" + done.stderr if both else done.stdout


# What each setting says of its own build, and this machine's processor as moebench names it.
builds = {}
machine = {}


def measure_ours(binary, file, options):
    """{test: (tokens per second, share of the ceiling, read bandwidth in GB/s)}"""
    if options.batch:
        grid = ["-p", "0", "-d", str(options.prompt), "-b", options.batch]
    else:
        grid = ["-p", str(options.prompt), "-d", str(options.depth)]
    text = run(
        [binary, "run", file, "-n", str(options.gen), "-r", "1", "-t", str(options.threads),
         "--warmup", "1", "--meter", "none", "-o", "json", "--quiet", "--no-history"] + grid + options.ours,
        options.timeout)
    document = json.loads(text)
    tool, engine = document["tool"], document["engine"]
    builds["moebench"] = {key: tool.get(key) for key in ("version", "commit", "build")} | {
        "instruction_set": engine.get("instruction_set"), "threads": engine.get("threads")}
    machine.update({key: document["machine"].get(key) for key in ("cpu", "virtualisation")})
    cells = {}
    for test in document["tests"]:
        ceiling = test.get("ceiling") or {}
        share = ceiling.get("s_mfu" if test["phase"] == "prefill" else "s_mbu")
        name = "pp" if test["phase"] == "prefill" else f"tg x{test['n_batch']}" if options.batch else "tg"
        cells[name] = (test["tokens_per_second"]["median"], share, ceiling.get("bandwidth_gb_s"))
    return cells


def measure_peer(setting, command, file, options):
    if options.batch:
        return measure_batched_peer(command, file, options)
    text = run(
        command + ["-m", file, "-p", str(options.prompt), "-n", str(options.gen), "-r", "1",
                   "-t", str(options.threads), "-o", "json"]
        + (["-d", str(options.depth)] if options.depth else []), options.timeout)
    cells = {}
    for test in json.loads(text[text.index("["):]):
        builds[setting] = {
            key: test.get(key) for key in ("build_commit", "build_number", "cpu_info", "backends", "n_threads")}
        name = "pp" if test["n_prompt"] and not test["n_gen"] else "tg"
        cells[name] = (test["avg_ts"], None, None)
    return cells


def measure_batched_peer(command, file, options):
    """Reads the table that every llama-batched-bench prints, ik_llama.cpp on standard error: PP, TG, B, N_KV, T_PP, S_PP, T_TG, S_TG, ..."""
    largest = max(int(b) for b in options.batch.split(","))
    context = largest * (options.prompt + options.gen)
    text = run(
        command + ["-m", file, "-c", str(context), "-npp", str(options.prompt), "-ntg", str(options.gen),
                   "-npl", options.batch, "-t", str(options.threads)], options.timeout, both=True)
    rows = [[c.strip() for c in line.strip().strip("|").split("|")] for line in text.splitlines() if line.startswith("|")]
    return {f"tg x{row[2]}": (float(row[7]), None, None) for row in rows if row[0].isdigit()}


def measure(file, contenders, options):
    """samples[setting][test] = one tuple a round, in the order of the rounds"""
    samples = {name: collections.defaultdict(list) for name, _, _ in contenders}
    failures = {}
    for number in range(options.rounds):
        order = [c for c in contenders if c[0] not in failures]
        random.shuffle(order)
        for name, _, measure_one in order:
            try:
                cells = measure_one(file)
            except (RuntimeError, subprocess.TimeoutExpired, ValueError, KeyError) as problem:
                failures[name] = str(problem).splitlines()[0].replace(str(file), pathlib.Path(file).name)[:200]
                print(f"  {name}: {failures[name]}", file=sys.stderr)
                continue
            for test, cell in cells.items():
                samples[name][test].append(cell)
            shown = ", ".join(f"{t} {c[0]:.1f}" for t, c in sorted(cells.items()))
            print(f"  round {number + 1}: {name}: {shown}", file=sys.stderr)
    return samples, failures


def best_setting(samples, settings, test):
    rated = [(statistics.median(c[0] for c in samples[s][test]), s) for s in settings if samples[s][test]]
    return max(rated)[1] if rated else None


def summary(samples, contenders, test):
    """The row of one test: ours with its share of the ceiling, each peer's best and the ratio to it"""
    ours = samples["moebench"][test]
    row = {"ours": statistics.median(c[0] for c in ours), "peers": {}}
    shares = [c[1] for c in ours if c[1]]
    row["share_of_ceiling"] = statistics.median(shares) if shares else None
    rates = [c[2] for c in ours if c[2]]
    row["bandwidth_gb_s"] = statistics.median(rates) if rates else None
    for peer in dict.fromkeys(p for _, p, _ in contenders if p):
        setting = best_setting(samples, [s for s, p, _ in contenders if p == peer], test)
        if setting is None:
            continue
        ratios = [a[0] / b[0] for a, b in zip(ours, samples[setting][test])]
        row["peers"][peer] = {
            "setting": setting,
            "tokens_per_second": statistics.median(c[0] for c in samples[setting][test]),
            "ratio": {"median": statistics.median(ratios), "low": min(ratios), "high": max(ratios)},
        }
    return row


def label(test, report):
    """pp512, tg128 or tg32 x4"""
    return test[:2] + str(report["prompt" if test == "pp" else "gen"]) + test[2:]


def table(report):
    peers = list(dict.fromkeys(p for f in report["files"] for t in f["tests"].values() for p in t["peers"]))
    lines = ["| file | test | moebench | of the limit | " + " | ".join(f"{p} | ratio" for p in peers) + " |",
             "|---|---|--:|--:|" + "--:|--:|" * len(peers)]
    for file in report["files"]:
        for test, row in file["tests"].items():
            share = "-" if row["share_of_ceiling"] is None else f"{100 * row['share_of_ceiling']:.0f} %"
            cells = [file["name"], label(test, report), f"{row['ours']:.1f}", share]
            for peer in peers:
                found = row["peers"].get(peer)
                if found is None:
                    cells += ["-", "-"]
                    continue
                ratio = found["ratio"]
                cells += [f"{found['tokens_per_second']:.1f}",
                          f"{ratio['median']:.2f} ({ratio['low']:.2f}…{ratio['high']:.2f})"]
            lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def contenders_of(options):
    """(setting, peer or None for ours, file -> cells)"""
    found = [("moebench", None, lambda file: measure_ours(options.moebench, file, options))]
    for text in options.peer:
        name, equals, command = text.partition("=")
        words = shlex.split(command)
        if not equals or not words:
            raise SystemExit(f"--peer {text}: NAME=PATH [ARGUMENTS] is expected")
        setting = " ".join([name] + words[1:])
        found.append(
            (setting, name, lambda file, s=setting, words=words: measure_peer(s, words, file, options)))
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("files", nargs="+", metavar="FILE.gguf")
    parser.add_argument("--moebench", required=True, metavar="PATH")
    parser.add_argument("--peer", action="append", default=[], metavar='"NAME=PATH [ARGUMENTS]"')
    parser.add_argument("--ours", default="", metavar='"ARGUMENTS"', help="further options of moebench run")
    parser.add_argument("-p", "--prompt", type=int, default=512)
    parser.add_argument("-n", "--gen", type=int, default=128)
    parser.add_argument("--batch", metavar="LIST", help="sequences decoding together, such as 1,4,16")
    parser.add_argument("-d", "--depth", type=int, default=0)
    parser.add_argument("-t", "--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--timeout", type=float, default=600, help="seconds for one process")
    parser.add_argument("--output", metavar="FILE.json", help="every sample, as JSON")
    options = parser.parse_args()
    options.ours = shlex.split(options.ours)

    contenders = contenders_of(options)
    report = {
        "schema": "moebench.versus/1",
        "started_at": datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "machine": None, "builds": None, "threads": options.threads, "rounds": options.rounds,
        "prompt": options.prompt, "gen": options.gen, "depth": options.depth, "files": [],
    }
    for file in options.files:
        print(pathlib.Path(file).name, file=sys.stderr)
        samples, failures = measure(file, contenders, options)
        report["files"].append({
            "name": pathlib.Path(file).stem, "bytes": pathlib.Path(file).stat().st_size,
            "tests": {t: summary(samples, contenders, t) for t in samples["moebench"]},
            "samples": {s: {t: [c[0] for c in cells] for t, cells in tests.items()} for s, tests in samples.items()},
            "failures": failures,
        })
    # llama-batched-bench names no build: what is unknown is null.
    report["machine"] = {"architecture": platform.machine(), "system": platform.system()} | machine
    report["builds"] = {name: builds.get(name) for name, _, _ in contenders}
    if options.output:
        pathlib.Path(options.output).write_text(json.dumps(report, indent=1, ensure_ascii=False) + "\n")
    print(table(report))


if __name__ == "__main__":
    main()
