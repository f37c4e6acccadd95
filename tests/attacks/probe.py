"""bpf(2) by hand: a program at the system call tracepoint that reads the memory of a process as it makes a call."""

import ctypes
import os
import struct

import attack

SYS_BPF, MAP_CREATE, MAP_LOOKUP, PROG_LOAD, RAW_TRACEPOINT_OPEN = 321, 0, 1, 5, 17
ARRAY, RAW_TRACEPOINT = 2, 17
GET_PID_TGID, PROBE_READ_USER, MAP_UPDATE = 14, 112, 2


def bpf(command, attributes):
    room = ctypes.create_string_buffer(attributes.ljust(128, b"\0"), 128)
    return attack.check(attack.LIBC.syscall(SYS_BPF, command, room, 128), "bpf")


def instruction(code, target=0, source=0, offset=0, value=0):
    return struct.pack("<BBhi", code, source << 4 | target, offset, value)


def wide(target, value, source=0):
    """64-bit constant; with source 1 a map by its descriptor."""
    low, high = struct.unpack("<ii", struct.pack("<Q", value))
    return instruction(0x18, target, source, 0, low) + instruction(0, 0, 0, 0, high)


def program(pid, address, size, into):
    """if (current process is pid && probe_read_user(room, size, address) == 0) map[0] = room"""
    room = -8 - size
    body = (instruction(0xbf, 1, 10) + instruction(0x07, 1, value=room) + instruction(0xb7, 2, value=size) +
            wide(3, address) + instruction(0x85, value=PROBE_READ_USER))
    store = (instruction(0x62, 10, offset=-4, value=0) + wide(1, into, 1) + instruction(0xbf, 2, 10) +
             instruction(0x07, 2, value=-4) + instruction(0xbf, 3, 10) + instruction(0x07, 3, value=room) +
             instruction(0xb7, 4, value=0) + instruction(0x85, value=MAP_UPDATE))
    count, stored = len(body) // 8, len(store) // 8
    return (instruction(0x85, value=GET_PID_TGID) + instruction(0x77, 0, value=32) +
            instruction(0x55, 0, offset=count + 1 + stored, value=pid) + body +
            instruction(0x55, 0, offset=stored, value=0) + store +
            instruction(0xb7, 0, value=0) + instruction(0x95))


def read_user(pid, address, trigger, size=32):
    """The bytes at an address of a process, read when it makes its next system call; trigger() makes it do so."""
    into = bpf(MAP_CREATE, struct.pack("<IIII", ARRAY, 4, size, 1))
    code = ctypes.create_string_buffer(program(pid, address, size, into))
    text = ctypes.create_string_buffer(b"GPL")
    loaded = bpf(PROG_LOAD, struct.pack("<IIQQ", RAW_TRACEPOINT, (len(code) - 1) // 8, ctypes.addressof(code),
                                        ctypes.addressof(text)))
    name = ctypes.create_string_buffer(b"sys_enter")
    opened = bpf(RAW_TRACEPOINT_OPEN, struct.pack("<QI", ctypes.addressof(name), loaded))
    trigger()
    key, value = ctypes.create_string_buffer(4), ctypes.create_string_buffer(size)
    bpf(MAP_LOOKUP, struct.pack("<IIQQ", into, 0, ctypes.addressof(key), ctypes.addressof(value)))
    for fd in (opened, loaded, into):
        os.close(fd)
    return value.raw
