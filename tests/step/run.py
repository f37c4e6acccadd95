#!/usr/bin/env python3
"""Single-step the kernel under a program that looks at every result, with signals at any instruction, seed by seed.

usage: run.py BUILD [--runs N] [--seed S]

Fails when a run does not end well, and when a window that the exception code knows by address was never hit.
"""
import argparse
import collections
import os
import re
import shutil
import subprocess
import sys
import tempfile

TIMEOUT = 120
WINDOWS = (('border_check', 'border_left'), ('run_check', 'run_left'), ('enclave_entry', 'first_entry'),
           ('border_exit', 'border_check'), ('entry_syscall', 'entry_trap_program'), ('entry_trap_kernel', 'run_again'),
           ('enclu_page', 'behind_enclu'))


def symbols(kernel):
    listed = subprocess.run(['nm', kernel], check=True, capture_output=True, text=True).stdout
    return {line.split()[2]: int(line.split()[0], 16) for line in listed.splitlines() if len(line.split()) == 3}


def run(folder, build, seed, where):
    environment = dict(os.environ, ADYTON_STEP_SEED=f'{seed:x}', ADYTON_STEP_RANGE=where)
    command = [f'{folder}/adyton', 'run', '--memory=ordinary', f'{build}/tests/step/step-victim']
    return subprocess.run(command, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          errors='replace', timeout=TIMEOUT, check=False)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('build')
    parser.add_argument('--runs', type=int, default=3)
    parser.add_argument('--seed', type=int, default=1)
    options = parser.parse_args()
    build = os.path.abspath(options.build)
    kernel = f'{build}/kernel/adyton-kernel'
    at = symbols(kernel)
    at['behind_enclu'] = at['enclu_page'] + 1
    hits, failed, signals = collections.Counter(), [], 0
    with tempfile.TemporaryDirectory() as folder:
        os.mkdir(f'{folder}/host')
        shutil.copy(f'{build}/adyton', f'{folder}/adyton')
        shutil.copy(f'{build}/host/adyton-host-step', f'{folder}/host/adyton-host')
        os.symlink(f'{build}/kernel', f'{folder}/kernel')
        for seed in range(options.seed, options.seed + options.runs):
            ended = run(folder, build, seed, f"{at['enclave_entry']:x}-{at['run_left']:x}")
            handled = re.search(r'^handled (\d+)$', ended.stdout, re.M)
            for address, count in re.findall(r'^hit ([0-9a-f]+) (\d+)$', ended.stderr, re.M):
                hits[int(address, 16)] += int(count)
            fired = re.search(r'^steps \d+ signals (\d+)$', ended.stderr, re.M)
            signals += int(fired[1]) if fired else 0
            if ended.returncode or not handled or not int(handled[1]) or not fired:
                said = '\n'.join(line for line in ended.stderr.splitlines() if not line.startswith('hit '))
                failed.append(f'seed {seed}: status {ended.returncode}: {ended.stdout[-200:]} {said[-500:]}')
    print(f'1..{1 + len(WINDOWS)}')
    for text in failed:
        print('#', text.replace('\n', '\n# '))
    print(f"{'not ok' if failed else 'ok'} 1 - {options.runs} stepped runs end well: {signals} signals")
    for number, (first, last) in enumerate(WINDOWS, 2):
        where = [address for address in hits if at[first] <= address < at[last]]
        print(f"{'ok' if where else 'not ok'} {number} - signals in {first}..{last}: {sum(hits[w] for w in where)} at "
              f'{len(where)} instructions')
        failed += [] if where else [first]
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main())
