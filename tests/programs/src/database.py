"""sqlite3: transactions, rollback, a write-ahead log, two connections, a backup."""
import sqlite3
import threading

with sqlite3.connect("a.db") as db:
    print(db.execute("pragma journal_mode=wal").fetchone())
    db.execute("create table t(id integer primary key, text, number real)")
    db.executemany("insert into t(text, number) values(?, ?)", ((f"row {n}", n / 7) for n in range(20000)))
db.execute("create index i on t(text)")
db.commit()
try:
    with db:
        db.execute("delete from t")
        raise RuntimeError
except RuntimeError:
    pass
print(db.execute("select count(*), round(sum(number), 3) from t").fetchone())


def read(out):
    with sqlite3.connect("a.db") as own:
        out.append(own.execute("select count(*) from t where text like 'row 1%'").fetchone()[0])


counts = []
threads = [threading.Thread(target=read, args=(counts,)) for _ in range(4)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print(counts)
with sqlite3.connect("b.db") as copy:
    db.backup(copy)
print(copy.execute("pragma integrity_check").fetchone(), copy.execute("select max(id) from t").fetchone())
db.close()
copy.close()
