"""A TLS server and a client in one process, with a certificate made beforehand."""
import hashlib
import socket
import ssl
import sys
import threading

certificate, key = sys.argv[1:]
server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
server.load_cert_chain(certificate, key)
client = ssl.create_default_context(cafile=certificate)
listener = socket.create_server(("127.0.0.1", 0))


def serve():
    for _ in range(5):
        connection, _ = listener.accept()
        with server.wrap_socket(connection, server_side=True) as tls:
            while data := tls.recv(65536):
                tls.sendall(data[::-1])


thread = threading.Thread(target=serve)
thread.start()
for number in range(5):
    with socket.create_connection(listener.getsockname()) as raw, client.wrap_socket(raw, server_hostname="localhost") as tls:
        message = bytes(range(256)) * 40 * (number + 1)
        tls.sendall(message)
        got = b""
        while len(got) < len(message):
            got += tls.recv(65536)
        print(number, tls.version(), len(got), sorted(got) == sorted(message), len(hashlib.sha256(got).digest()))
thread.join()
try:
    with socket.socketpair()[0] as raw:
        raw.settimeout(0.2)
        client.wrap_socket(raw, server_hostname="localhost")
except (TimeoutError, OSError) as error:
    print("no server:", type(error).__name__)
