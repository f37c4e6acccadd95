#!/usr/bin/env python3
"""Turn the vDSO's ELF file into a C array: embed.py vdso.so vdso_image.c"""
import sys

data = open(sys.argv[1], 'rb').read()
data += bytes(-len(data) % 4096)
with open(sys.argv[2], 'w') as out:
    out.write('/* Generated from kernel/time/vdso. */\n#include "kernel/time/vdso.h"\n\n')
    out.write(f'const size_t vdso_image_size = {len(data)};\n')
    out.write(f'const uint8_t vdso_image[{len(data)}] __attribute__((aligned(4096))) = {{\n')
    for i in range(0, len(data), 24):
        out.write('\t' + ' '.join(f'{b},' for b in data[i:i + 24]) + '\n')
    out.write('};\n')
