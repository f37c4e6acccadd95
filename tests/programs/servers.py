"""How each server is started and what is asked of it. A driver returns what must be equal natively and in an enclave."""

import base64
import json
import re
import socket
import subprocess
import time
import urllib.error
import urllib.request


def tool(argv, seconds=60, stdin=None):
    """A client of Debian's: (exit status, stdout)."""
    done = subprocess.run([str(a) for a in argv], input=stdin, capture_output=True, text=True, timeout=seconds, check=False)
    return done.returncode, done.stdout.strip()


def get(port, path, data=None, seconds=60):
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", data, seconds) as response:
            return response.status, response.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


def load(port, path, seconds, connections=32):
    """wrk against the server: whether all answers were good and some came."""
    status, out = tool(["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", f"http://127.0.0.1:{port}{path}"], seconds + 30)
    requests = re.search(r"(\d+) requests in", out)
    bad = re.search(r"Non-2xx or 3xx responses: \d+|Socket errors: .*", out)
    return {"wrk": status, "answered": bool(requests and int(requests[1]) > 10), "bad": bad[0] if bad else None}


def redis_argv(port, folder, program):
    return ["redis-server", "--port", port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", folder,
            "--daemonize", "no"]


def redis_drive(port, folder, seconds):
    def cli(*words):
        return tool(["redis-cli", "-p", port, *words])
    said = {"ping": cli("ping"), "set": cli("set", "key", "value"), "get": cli("get", "key")}
    tests = "ping,set,get,incr,lpush,rpop,sadd,hset,zadd,lrange_100,mset"
    status, out = tool(["redis-benchmark", "-p", port, "-c", "50", "-n", str(4000 * seconds), "-q", "--csv", "-t", tests], 240)
    said["benchmark"] = status, sorted(line.split(",")[0] for line in out.splitlines())
    said["pipelined"] = tool(["redis-benchmark", "-p", port, "-c", "50", "-P", "16", "-n", "50000", "-q", "-t", "get"], 120)[0]
    said["big"] = cli("eval", "redis.call('set','big',string.rep('x',5000000)) return redis.call('strlen','big')", "0")
    said["lua"] = cli("eval", "local s=0 for i=1,1e6 do s=s+i end return tostring(s)", "0")
    said["expire"] = cli("set", "short", "1", "px", "30"), time.sleep(0.1), cli("exists", "short")
    said["client"] = cli("client", "no-evict", "on")[0], cli("config", "get", "port")[1].split() == ["port", str(port)]
    said["info"] = re.search(r"redis_version:\S+", cli("info")[1])[0]
    said["debug"] = cli("memory", "doctor")[0]
    return said


def nginx_prepare(port, folder):
    (folder / "www").mkdir()
    (folder / "www/index.html").write_text("<p>hello</p>\n")
    (folder / "www/big").write_bytes(bytes(range(256)) * 8192)
    (folder / "nginx.conf").write_text(f"""
master_process off;
daemon off;
user root;
pid {folder}/pid;
error_log stderr error;
events {{ worker_connections 512; }}
http {{
  include /etc/nginx/mime.types;
  access_log {folder}/access.log;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  sendfile on;
  gzip on;
  gzip_min_length 1;
  server {{
    listen 127.0.0.1:{port};
    root {folder}/www;
    location /moved {{ return 302 /index.html; }}
    location /off/ {{ sendfile off; alias {folder}/www/; }}
  }}
}}
""")


def nginx_argv(port, folder, program):
    return ["nginx", "-e", "stderr", "-p", folder, "-c", f"{folder}/nginx.conf"]


def nginx_drive(port, folder, seconds):
    def digest(path):
        status, body = get(port, path)
        return status, len(body), sum(body)
    said = {path: digest(path) for path in ("/", "/index.html", "/big", "/off/big", "/moved", "/none")}
    request = urllib.request.Request(f"http://127.0.0.1:{port}/index.html", headers={"Accept-Encoding": "gzip"})
    with urllib.request.urlopen(request) as response:
        said["gzip"] = response.headers["Content-Encoding"], response.headers["Content-Type"]
    request = urllib.request.Request(f"http://127.0.0.1:{port}/big", headers={"Range": "bytes=100-199"})
    with urllib.request.urlopen(request) as response:
        said["range"] = response.status, sum(response.read())
    return {**said, **load(port, "/index.html", seconds), "log": (folder / "access.log").stat().st_size > 1000}


def memcached_argv(port, folder, program):
    return ["memcached", "-l", "127.0.0.1", "-p", port, "-U", "0", "-t", "4", "-u", "root", "-m", "64"]


def memcached_drive(port, folder, seconds):
    def ask(connection, text, until):
        connection.sendall(text)
        got = b""
        while not got.endswith(until):
            part = connection.recv(65536)
            if not part:
                break
            got += part
        return got
    connections = [socket.create_connection(("127.0.0.1", port), 20) for _ in range(16)]
    total, end, rounds = 0, time.monotonic() + seconds, 0
    while rounds < 50 or time.monotonic() < end:
        rounds += 1
        for number, c in enumerate(connections):
            value = b"%d-" % number * 50
            stored = ask(c, b"set k%d 0 0 %d\r\n%s\r\n" % (number, len(value), value), b"\r\n")
            back = ask(c, b"get k%d\r\n" % number, b"END\r\n")
            total += stored != b"STORED\r\n" or value not in back
    said = {"wrong": total, "incr": ask(connections[0], b"set n 0 0 1\r\n5\r\nincr n 7\r\n", b"12\r\n"),
            "version": ask(connections[1], b"version\r\n", b"\r\n")}
    for c in connections:
        c.close()
    return said


def bodies(port, paths):
    return {path: get(port, path) for path in paths}


def go_argv(port, folder, program):
    return [program, f"127.0.0.1:{port}"]


def go_drive(port, folder, seconds):
    return {**bodies(port, ("/", "/hash", "/preempt", "/gc", "/nil")), **load(port, "/", seconds), "again": bodies(port, ("/gc", "/nil"))}


def node_argv(port, folder, program):
    return ["/usr/bin/node", program, port]


def node_drive(port, folder, seconds):
    return {**bodies(port, ("/", "/workers", "/gc", "/none")), **load(port, "/", seconds), "again": bodies(port, ("/workers",))}


def java_argv(port, folder, program):
    return ["/usr/lib/jvm/java-17-openjdk-amd64/bin/java", "-Xmx256m", "-cp", program, "Server", port]


def java_drive(port, folder, seconds):
    paths = ("/", "/jit", "/npe", "/gc", "/deep")
    return {**bodies(port, paths), **load(port, "/", seconds, 8), "gc under load": load(port, "/gc", 1, 4)["bad"],
            "again": bodies(port, paths)}


def prometheus_prepare(port, folder):
    (folder / "prometheus.yml").write_text(f"""
global: {{ scrape_interval: 1s }}
scrape_configs:
  - job_name: itself
    static_configs: [{{ targets: ["127.0.0.1:{port}"] }}]
""")


def prometheus_argv(port, folder, program):
    return ["prometheus", f"--config.file={folder}/prometheus.yml", f"--storage.tsdb.path={folder}/data", "--log.level=error",
            f"--web.listen-address=127.0.0.1:{port}"]


def prometheus_drive(port, folder, seconds):
    def query(text):
        return json.loads(get(port, "/api/v1/query?query=" + text)[1])["data"]["result"]
    until = time.monotonic() + 30
    while time.monotonic() < until and get(port, "/-/ready")[0] != 200:
        time.sleep(0.2)
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        query("rate(prometheus_tsdb_head_samples_appended_total[5s])")
        time.sleep(0.05)

    def enough():
        return any(float(entry["value"][1]) > 500 for entry in query("prometheus_tsdb_head_samples_appended_total"))
    # How much is counted by now depends on when in its second it scrapes.
    until = time.monotonic() + 30
    while time.monotonic() < until and not enough():
        time.sleep(0.2)
    up = query("up")
    return {"up": [entry["value"][1] for entry in up], "job": [entry["metric"]["job"] for entry in up],
            "samples": enough(), "series": len(query("count(up)")),
            "healthy": get(port, "/-/healthy"), "wal": any((folder / "data/wal").iterdir())}


def etcd_argv(port, folder, program):
    return ["etcd", "--data-dir", f"{folder}/etcd", "--listen-client-urls", f"http://127.0.0.1:{port}", "--advertise-client-urls",
            f"http://127.0.0.1:{port}", "--listen-peer-urls", "http://127.0.0.1:0", "--initial-advertise-peer-urls",
            "http://127.0.0.1:1", "--initial-cluster", "default=http://127.0.0.1:1", "--log-level", "error"]


def etcd_drive(port, folder, seconds):
    def call(method, **fields):
        packed = {k: base64.b64encode(v.encode()).decode() if k in ("key", "value", "range_end") else v for k, v in fields.items()}
        status, body = get(port, f"/v3/kv/{method}", json.dumps(packed).encode())
        return status, json.loads(body)
    until, wrong, number = time.monotonic() + seconds, 0, 0
    while number < 100 or time.monotonic() < until:
        number += 1
        put = call("put", key=f"key{number % 50:02}", value=f"value {number}")
        back = call("range", key=f"key{number % 50:02}")[1]
        wrong += put[0] != 200 or base64.b64decode(back["kvs"][0]["value"]).decode() != f"value {number}"
    return {"wrong": wrong, "keys": call("range", key="key", range_end="kez", count_only=True)[1]["count"],
            "deleted": call("deleterange", key="key", range_end="kez")[1]["deleted"], "health": get(port, "/health"),
            "wal": any((folder / "etcd/member/wal").iterdir())}
