"""Names, interfaces, and descriptors through UNIX sockets, once over the enclave's own pairs and once over a path in a host
directory: prints what a program sees, which is the same inside and outside. net.py FOLDER"""
import array
import os
import socket
import struct
import sys

folder = sys.argv[1]


def tell(what, call):
    try:
        print(what, call())
    except OSError as e:
        print(what, type(e).__name__, e.errno)


tell("own name", lambda: socket.gethostbyname(socket.gethostname()))
tell("localhost", lambda: sorted(socket.getaddrinfo("localhost", 80)))
tell("service", lambda: socket.getaddrinfo("127.0.0.1", "http", type=socket.SOCK_STREAM))
tell("reverse", lambda: socket.gethostbyaddr("127.0.0.1"))
tell("interfaces", socket.if_nameindex)
tell("lo", lambda: (socket.if_nametoindex("lo"), socket.if_indextoname(1)))
tell("no such interface", lambda: socket.if_indextoname(9999))
tell("no such name", lambda: socket.if_nametoindex("nothere"))


def connected():
    server = socket.socket(socket.AF_UNIX)
    server.bind(os.path.join(folder, "socket"))
    server.listen()
    client = socket.socket(socket.AF_UNIX)
    client.connect(os.path.join(folder, "socket"))
    end = server.accept()[0]
    server.close()
    os.unlink(os.path.join(folder, "socket"))
    return client, end


def open_files(count):
    found = []
    for n in range(count):
        fd = os.open(os.path.join(folder, f"file{n}"), os.O_RDWR | os.O_CREAT | os.O_TRUNC)
        os.write(fd, b"content %d" % n)
        found.append(fd)
    return found


def fds_of(ancillary):
    fds = array.array("i")
    for level, kind, data in ancillary:
        if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
            fds.frombytes(data[:len(data) - len(data) % fds.itemsize])
    return fds


def rights(pair, count, room, flags=0):
    one, other = pair()
    mine = open_files(count)
    one.sendmsg([b"x"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", mine))])
    for fd in mine:
        os.close(fd)
    data, ancillary, got, _ = other.recvmsg(10, room, flags)
    fds = fds_of(ancillary)
    seen = [(os.pread(fd, 100, 0), os.lseek(fd, 0, os.SEEK_CUR), os.get_inheritable(fd)) for fd in fds]
    for fd in fds:
        os.close(fd)
    one.close(), other.close()
    return data, got, seen


def socket_rights(pair):
    """A connected socket travels and still works."""
    one, other = pair()
    listener = socket.create_server(("127.0.0.1", 0))
    client = socket.create_connection(listener.getsockname())
    end = listener.accept()[0]
    socket.send_fds(one, [b"s"], [end.fileno()])
    end.close()
    fds = socket.recv_fds(other, 10, 1)[1]
    moved = socket.socket(fileno=fds[0])
    client.sendall(b"hello")
    return moved.family, moved.type, moved.recv(10)


def credentials(pair):
    one, other = pair()
    other.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
    one.send(b"c")
    data, ancillary, flags, _ = other.recvmsg(10, socket.CMSG_SPACE(12))
    own = struct.pack("3i", os.getpid(), os.getuid(), os.getgid())
    implied = [(level, kind, value == own) for level, kind, value in ancillary]
    one.sendmsg([b"d"], [(socket.SOL_SOCKET, socket.SCM_CREDENTIALS, own)])
    return data, flags, implied, [value == own for _, _, value in other.recvmsg(10, socket.CMSG_SPACE(12))[1]]


def names():
    one, other = connected()
    return [name and os.path.relpath(name, folder) for s in (one, other) for name in (s.getsockname(), s.getpeername())]


def refused(pair):
    one = pair()[0]
    one.sendmsg([b"x"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [999]))])


tell("names", names)
for pair in socket.socketpair, connected:
    name = pair.__name__
    tell(f"{name}: three", lambda: rights(pair, 3, socket.CMSG_SPACE(12)))
    tell(f"{name}: none", lambda: rights(pair, 0, 100))
    tell(f"{name}: no room", lambda: rights(pair, 2, 0))
    tell(f"{name}: cut", lambda: rights(pair, 3, socket.CMSG_LEN(4)))
    tell(f"{name}: close on exec", lambda: rights(pair, 1, 100, socket.MSG_CMSG_CLOEXEC))
    tell(f"{name}: a socket", lambda: socket_rights(pair))
    tell(f"{name}: credentials", lambda: credentials(pair))
    tell(f"{name}: bad descriptor", lambda: refused(pair))
