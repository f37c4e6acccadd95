#!/usr/bin/env python3
"""Generate from abi/hostcall.def: hostcalls.h (stubs for the kernel), hostcall_rows.h (one table for both sides).

usage: hostcalls.py stubs|rows abi/hostcall.def > out
"""
import re
import sys

ROW = re.compile(r'^H\((\w+),\s*(\w+),\s*(\w+),\s*(.*)\)\s*$')
ARG = re.compile(r'([VSIOBTUDGC])\((?:(\w+),)?(\w+)\)')
SERVICES = ('SYS', 'SYSB', 'OWN', 'OWNB', 'OWNI')
RESULTS = ('ZERO', 'FD', 'LEN', 'U31', 'POS', 'NEVER')
SLOTS = {'V': 1, 'S': 1, 'I': 2, 'O': 2, 'B': 2, 'T': 1, 'U': 1, 'D': 1, 'G': 2, 'C': 2}


def rows(path):
    text = re.sub(r'/\*.*?\*/', '', open(path).read(), flags=re.S)
    for line in text.splitlines():
        if not line.strip():
            continue
        match = ROW.match(line)
        if not match:
            sys.exit(f'{path}: not a row: {line}')
        name, service, result, args = match.groups()
        args = ARG.findall(args)
        if service not in SERVICES or result not in RESULTS:
            sys.exit(f'{path}: {name}: unknown service or result')
        if sum(SLOTS[kind] for kind, _, _ in args) > 6:
            sys.exit(f'{path}: {name}: more than six slots')
        yield name, service, result, args


def parameter(kind, struct, name):
    return {'V': f'long {name}', 'S': f'const char *{name}',
            'I': f'const void *{name}, size_t {name}_size',
            'O': f'void *{name}, size_t {name}_size', 'B': f'void *{name}, size_t {name}_size',
            'T': f'const struct {struct} *{name}', 'U': f'struct {struct} *{name}',
            'D': f'struct {struct} *{name}', 'G': f'const struct iov *{name}',
            'C': f'const struct iov *{name}'}[kind]


def initializer(kind, struct, name):
    if kind == 'V':
        return f'{{ (uint64_t){name}, 0 }}'
    if kind == 'S':
        return f'{{ (uint64_t){name}, 0 }}'
    if kind in 'IOB':
        return f'{{ (uint64_t){name}, {name}_size }}'
    if kind in 'TUD':
        return f'{{ (uint64_t){name}, sizeof(*{name}) }}'
    return f'{{ (uint64_t){name}, {name}->total }}'


def stubs(path):
    print('/* Generated from abi/hostcall.def. */')
    print('enum hostcall {')
    for name, *_ in rows(path):
        print(f'\tHOSTCALL_{name},')
    print('\tHOSTCALL_COUNT\n};\n')
    print('struct border_arg {\n\tuint64_t value, size;\n};')
    print('long border_call(enum hostcall nr, const struct border_arg *args);\n')
    structs = sorted({s for _, _, _, args in rows(path) for _, s, _ in args if s})
    for struct in structs:
        print(f'struct {struct};')
    for name, _, _, args in rows(path):
        params = ', '.join(parameter(*arg) for arg in args) or 'void'
        values = ', '.join(initializer(*arg) for arg in args)
        print(f'\nstatic inline long host_{name}({params})\n{{')
        print(f'\tconst struct border_arg args[] = {{ {values} }};\n')
        print(f'\treturn border_call(HOSTCALL_{name}, args);\n}}')


def table(path):
    print('/* Generated from abi/hostcall.def: R(name, service, result, kinds) */')
    for name, service, result, args in rows(path):
        kinds = ''.join(kind for kind, _, _ in args)
        print(f'R({name}, {service}, {result}, "{kinds}")')


if __name__ == '__main__':
    {'stubs': stubs, 'rows': table}[sys.argv[1]](sys.argv[2])
