#!/usr/bin/python3
"""Stands in for adyton-host: prints the launch that it was given as JSON."""

import fcntl
import json
import mmap
import os
import struct
import sys

fd = int(sys.argv[1])
F_GET_SEALS = 1034
size = os.fstat(fd).st_size
data = mmap.mmap(fd, size, prot=mmap.PROT_READ)
magic, version, total, image_fd, stats_fd = struct.unpack_from("<8sIIii", data)
names = ("trace", "trace_names", "memory", "processor", "flags", "argc", "argv", "envc", "envp", "cwd", "program",
         "image_path", "guard", "keys", "data_dir")
launch = dict(zip(names, struct.unpack_from("<15I", data, 24)))


def string(offset):
    return data[offset:data.find(b"\0", offset)].decode("utf-8", "surrogateescape") if offset else None


def strings(offset, count):
    return [string(at) for at in struct.unpack_from(f"<{count}I", data, offset)]


launch["argv"] = strings(launch["argv"], launch.pop("argc"))
launch["envp"] = strings(launch["envp"], launch.pop("envc"))
for name in ("trace_names", "cwd", "program", "image_path", "guard", "keys", "data_dir"):
    launch[name] = string(launch[name])
launch.update(magic=magic.hex(), version=version, pid=os.getpid(), seals=fcntl.fcntl(fd, F_GET_SEALS),
              whole=total == size, image=os.pread(image_fd, 8, 0).hex(), stats=stats_fd >= 0, env=dict(os.environ))
if stats_fd >= 0:
    os.write(stats_fd, b"{}")
print(json.dumps(launch))
