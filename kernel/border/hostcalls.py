#!/usr/bin/env python3
"""Generate from abi/hostcall.def, one file a mode:

    declarations  hostcalls.h       the kernel's functions host_<name>()
    stubs         hostcall_stubs.h  what they do, one straight line a row, of the parts in stub.h
    rows          hostcall_rows.h   one table for the host, the tracer, the tests
    fakes         hostcall_fakes.c  for tests: each as a call of border_call(row, arguments)
    dispatch      hostcall_dispatch.c  for tests: border_call(row, arguments) as a call of the row's function

usage: hostcalls.py MODE abi/hostcall.def > out
"""
import re
import sys

ROW = re.compile(r'^H\((\w+),\s*(\w+),\s*(\w+),\s*(.*)\)\s*$')
ARG = re.compile(r'([VSIOBTUDGC])\((?:(\w+),)?(\w+)\)')
SERVICES = ('SYS', 'SYSB', 'OWN', 'OWNB', 'OWNI')
RESULTS = ('ZERO', 'FD', 'LEN', 'U31', 'POS', 'NEVER')
SIZED = 'IOBGC'  # kinds of two slots: pointer and size
SLOTS = 6


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
        if sum(2 if kind in SIZED else 1 for kind, _, _ in args) > SLOTS:
            sys.exit(f'{path}: {name}: more than six slots')
        if result == 'LEN' and sum(kind in SIZED for kind, _, _ in args) != 1:
            sys.exit(f'{path}: {name}: a length needs one buffer to be the length of')
        yield name, service, result, args


def parameter(kind, struct, name):
    return {'V': f'long {name}', 'S': f'const char *{name}',
            'I': f'const void *{name}, size_t {name}_size',
            'O': f'void *{name}, size_t {name}_size', 'B': f'void *{name}, size_t {name}_size',
            'T': f'const struct {struct} *{name}', 'U': f'struct {struct} *{name}',
            'D': f'struct {struct} *{name}', 'G': f'const struct iov *{name}',
            'C': f'const struct iov *{name}'}[kind]


def signature(name, args):
    return f'long host_{name}({", ".join(parameter(*arg) for arg in args) or "void"})'


def value_and_size(kind, name):
    """What border_call() gets for an argument."""
    size = f'{name}_size' if kind in 'IOB' else f'sizeof(*{name})' if kind in 'TUD' else \
        f'{name}->total' if kind in 'GC' else '0'
    return f'{{ (uint64_t){name}, {size} }}'


def declarations(path):
    print('/* Generated from abi/hostcall.def. */')
    print('enum hostcall {')
    for name, *_ in rows(path):
        print(f'\tHOSTCALL_{name},')
    print('\tHOSTCALL_COUNT\n};\n')
    for struct in sorted({s for _, _, _, args in rows(path) for _, s, _ in args if s}):
        print(f'struct {struct};')
    for name, _, _, args in rows(path):
        print(f'{signature(name, args)};')
    print('\n/* Tests call, or stand in for, every row through one function. */')
    print('struct border_arg {\n\tuint64_t value, size;\n};')
    print('long border_call(enum hostcall nr, const struct border_arg *args);')


def way_out(kind, name, cuts):
    """The expression that lays an argument out in the window: 0 or an error."""
    at = f'&{name}_at'
    return {'S': f'border_out_string({at}, {name})',
            'I': f'border_out({at}, {name}, {name}_size, {cuts})',
            'B': f'border_out({at}, {name}, {name}_size, {cuts})',
            'O': f'border_room({at}, {name}, {name}_size, {cuts})',
            'T': f'border_out({at}, {name}, sizeof(*{name}), false)',
            'D': f'border_out({at}, {name}, sizeof(*{name}), false)',
            'U': f'border_room({at}, {name}, sizeof(*{name}), false)',
            'G': f'border_out_iov({at}, {name}, {cuts})',
            'C': f'border_room({at}, {name}, {name}->total, {cuts})'}[kind]


def way_in(kind, name, length):
    """The expression that takes an argument back in, or None: `length` for the buffer that a result measures."""
    size = f'(uint64_t){length}' if length and kind in 'OBC' else f'{name}_at.size'
    if kind == 'C':
        return f'border_in_iov({name}, &{name}_at, {size})'
    return f'border_in({name}, &{name}_at, {size})' if kind in 'OBUD' else None


def stub(name, service, result, args):
    slots = [slot for kind, _, arg in args for slot in
             ([f'(uint64_t){arg}'] if kind == 'V' else [f'{arg}_at.at'] + [f'{arg}_at.size'] * (kind in SIZED))]
    slots += ['0'] * (SLOTS - len(slots))
    bound = next((f'{arg}_at.size' for kind, _, arg in args if kind in SIZED), '0')
    call = f'border_make(HOSTCALL_{name}, {service}, {result}, {bound},\n\t\t\t\t{", ".join(slots)})'
    if all(kind == 'V' for kind, _, _ in args):
        return f'\treturn {call};'
    cuts = 'true' if result == 'LEN' else 'false'
    outs = [way_out(kind, arg, cuts) for kind, _, arg in args if kind != 'V']
    ins = [way_in(kind, arg, result == 'LEN' and 'answer') for kind, _, arg in args]
    ins = [way for way in ins if way]
    lines = [f'\tstruct border_piece {arg}_at;' for kind, _, arg in args if kind != 'V']
    lines += ['\tconst uint64_t used = border_begin();', '\tlong answer;', '',
              f'\tanswer = {" ?: ".join(outs)};', '\tif (!answer) {', f'\t\tanswer = {call};']
    if ins:
        lines += ['\t\tif (answer >= 0) {', f'\t\t\tint error = {" ?: ".join(ins)};', '',
                  '\t\t\tif (error)', '\t\t\t\tanswer = error;', '\t\t}']
    return '\n'.join(lines + ['\t}', '\tborder_end(used);', '\treturn answer;'])


def stubs(path):
    print('/* Generated from abi/hostcall.def; border.c includes it. */')
    for name, service, result, args in rows(path):
        print(f'\n{signature(name, args)}\n{{\n{stub(name, service, result, args)}\n}}')


def fakes(path):
    print('/* Generated from abi/hostcall.def. */\n#include "kernel/border/hostcall.h"')
    for name, _, _, args in rows(path):
        values = ', '.join(value_and_size(kind, arg) for kind, _, arg in args)
        print(f'\n{signature(name, args)}\n{{\n\tconst struct border_arg args[] = {{ {values} }};\n')
        print(f'\treturn border_call(HOSTCALL_{name}, args);\n}}')


def dispatch(path):
    print('/* Generated from abi/hostcall.def. */\n#include "kernel/border/hostcall.h"\n')
    print('long border_call(enum hostcall nr, const struct border_arg *a)\n{\n\tswitch (nr) {')
    for name, _, _, args in rows(path):
        given = []
        for i, (kind, struct, arg) in enumerate(args):
            cast = parameter(kind, struct, '').split(',')[0].strip()
            given.append(f'({cast})a[{i}].value')
            given += [f'a[{i}].size'] if kind in 'IOB' else []
        print(f'\tcase HOSTCALL_{name}:\n\t\treturn host_{name}({", ".join(given)});')
    print('\tdefault:\n\t\treturn -38;\n\t}\n}')


def table(path):
    print('/* Generated from abi/hostcall.def: R(name, service, result, kinds) */')
    for name, service, result, args in rows(path):
        kinds = ''.join(kind for kind, _, _ in args)
        print(f'R({name}, {service}, {result}, "{kinds}")')


if __name__ == '__main__':
    {'declarations': declarations, 'stubs': stubs, 'rows': table, 'fakes': fakes,
     'dispatch': dispatch}[sys.argv[1]](sys.argv[2])
