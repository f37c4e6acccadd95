#!/usr/bin/env python3
"""Run the victim under the evil host, seed by seed, and see that the kernel refuses or dies by itself.

usage: run.py BUILD [--runs N] [--seed S] [--jobs J] [--verbose]

A run fails when the enclave touches an address that the host named (exit 99, or 98 where it is the victim's own
memory), when a measured file reads as other bytes than it has (98), when the kernel faults, breaks one of its own rules
or computes for ever (96), or when it hangs. Everything else is fine: the program may get errors and nonsense, or wait
for ever (97: the host gave up), the kernel may refuse, the process may die of a signal. Every third seed runs an image
with a measured root.
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
STATUSES = {96: 'computes for ever', 98: 'memory or a measured file changed', 99: 'touched what the host named'}
TIMEOUT = 30
DEFINITION = """image "evil" {
  rootfs = "root"
  entrypoint = ["/victim", "/data"]
  memory = "64MiB"
  threads = 8
}
"""


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


def build_image(build, folder):
    """The victim with a file whose bytes it knows (victim_measured)."""
    for name in ('root', 'root/etc'):
        os.mkdir(f'{folder}/{name}')
    shutil.copy(f'{build}/tests/evil/victim', f'{folder}/root/victim')
    with open(f'{folder}/root/data', 'wb') as file:
        file.write(bytes((i * 7 + (i >> 9)) & 255 for i in range(200000)))
    with open(f'{folder}/root/etc/passwd', 'w', encoding='ascii') as file:
        file.write('root:x:0:0:root:/:/bin/sh\n' * 100)
    with open(f'{folder}/evil.hcl', 'w', encoding='ascii') as file:
        file.write(DEFINITION)
    subprocess.run([f'{build}/adyton', 'build', f'{folder}/evil.hcl', '-o', f'{folder}/evil.adyton'], check=True,
                   stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    return f'{folder}/evil.adyton'


def run(adyton, victim, image, seed):
    environment = dict(os.environ, ADYTON_EVIL_SEED=str(seed), ADYTON_PLATFORM=f'{os.path.dirname(adyton)}/platform')
    command = ['setarch', '-R', adyton, 'run', '--memory=ordinary', victim if seed % 3 else image]
    try:
        done = subprocess.run(command, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                              stderr=subprocess.PIPE, timeout=TIMEOUT, check=False)
    except subprocess.TimeoutExpired:
        return seed, 'hang', f'seed {seed}: still running after {TIMEOUT} s'
    text = done.stderr.decode(errors='replace')
    if done.returncode in STATUSES or any(bad in text for bad in BAD):
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
        image = build_image(build, folder)
        seeds = range(options.seed, options.seed + options.runs)
        for _, kind, text in pool.map(lambda s: run(adyton, victim, image, s), seeds):
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
