#!/usr/bin/env python3
"""Run the victim under the evil host, seed by seed, and see that the kernel refuses or dies by itself.

usage: run.py BUILD [--runs N] [--seed S] [--jobs J] [--verbose]

A run fails when the enclave touches an address that the host named (exit 99), when the kernel faults or breaks one of its
own rules, when the host half fails, or when it hangs. Everything else is fine: the program may get errors and nonsense, the
kernel may refuse, the process may die of a signal.
"""
import argparse
import collections
import concurrent.futures
import os
import shutil
import subprocess
import sys
import tempfile

BAD = ('kernel fault', 'does not hold', 'host half failed', 'touched an address', 'stack that cannot serve')
TIMEOUT = 10


def lay_out(build, folder):
    """A tree as `adyton` expects it beside itself, with the evil host in the host's place."""
    os.makedirs(f'{folder}/host')
    shutil.copy(f'{build}/adyton', f'{folder}/adyton')
    shutil.copy(f'{build}/host/adyton-host-evil', f'{folder}/host/adyton-host')
    os.symlink(f'{build}/kernel', f'{folder}/kernel')
    for name in ('adyton-guard', 'adyton-keys'):
        for place in ('host', 'cpu', ''):
            path = os.path.join(build, place, name)
            if os.path.exists(path):
                os.makedirs(os.path.join(folder, place), exist_ok=True)
                if not os.path.exists(os.path.join(folder, place, name)):
                    os.symlink(path, os.path.join(folder, place, name))
    return f'{folder}/adyton'


def run(adyton, victim, seed):
    environment = dict(os.environ, ADYTON_EVIL_SEED=str(seed))
    command = [adyton, 'run', '--memory=ordinary', victim]
    try:
        done = subprocess.run(command, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                              stderr=subprocess.PIPE, timeout=TIMEOUT, check=False)
    except subprocess.TimeoutExpired:
        return seed, 'hang', f'seed {seed}: still running after {TIMEOUT} s'
    text = done.stderr.decode(errors='replace')
    if done.returncode == 99 or any(bad in text for bad in BAD):
        return seed, 'bad', f'seed {seed}: status {done.returncode}: {text.strip()[-300:]}'
    return seed, f'status {done.returncode}', ''


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('build')
    parser.add_argument('--runs', type=int, default=10000)
    parser.add_argument('--seed', type=int, default=1)
    parser.add_argument('--jobs', type=int, default=2)
    options = parser.parse_args()
    build = os.path.abspath(options.build)
    counts, failures = collections.Counter(), []
    with tempfile.TemporaryDirectory() as folder, concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        adyton = lay_out(build, folder)
        victim = f'{build}/tests/evil/victim'
        for _, kind, text in pool.map(lambda s: run(adyton, victim, s), range(options.seed, options.seed + options.runs)):
            counts[kind] += 1
            if text:
                failures.append(text)
    for text in failures[:20]:
        print('#', text)
    summary = ', '.join(f'{count} {kind}' for kind, count in counts.most_common())
    print('1..1')
    # Hostile answers to everything must have had an effect: runs that all end well would prove nothing.
    told = options.runs < 50 or len(counts) > 1
    print(f"{'not ok' if failures or not told else 'ok'} 1 - {options.runs} runs under the evil host: {summary}")
    return 1 if failures or not told else 0


if __name__ == '__main__':
    sys.exit(main())
