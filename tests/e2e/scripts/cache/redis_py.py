"""Whole command families by redis-py, against any server of Redis's protocol.

    redis_py.py URL [CA_FILE]

Every expectation holds for a real redis-server 7 too. Ends with 0 and a line `ok: N checks` per protocol.
"""

import asyncio
import sys
import threading
import time

import redis
import redis.asyncio

CHECKS = 0


def plain(value):
    """The same for both protocols: tuples are lists, sets are sorted lists."""
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, (set, frozenset)):
        return sorted(plain(item) for item in value)
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    return value


def same(found, expected):
    global CHECKS
    CHECKS += 1
    assert plain(found) == plain(expected), f"{found!r}, expected {expected!r}"


def refused(text, call, *arguments, **options):
    """The call ends with an error that has these words."""
    global CHECKS
    CHECKS += 1
    try:
        found = call(*arguments, **options)
    except redis.RedisError as error:
        assert text in str(error), f"{error}, expected {text}"
        return
    raise AssertionError(f"{found!r}, expected an error: {text}")


def strings(r):
    same(r.set("a", "1"), True)
    same(r.set("a", "2", nx=True), None)
    same(r.set("a", "2", xx=True, get=True), "1")
    same(r.get("a"), "2")
    same(r.getset("a", "3"), "2")
    same(r.append("a", "45"), 3)
    same(r.strlen("a"), 3)
    same(r.getrange("a", 0, -2), "34")
    same(r.setrange("a", 1, "xyz"), 4)
    same(r.mset({"b": "1", "c": "2"}), True)
    same(r.mget("a", "b", "none"), ["3xyz", "1", None])
    same(r.msetnx({"b": "9", "d": "9"}), False)
    same(r.setnx("d", "1"), True)
    same(r.getdel("d"), "1")
    same(r.incr("n"), 1)
    same(r.incrby("n", 41), 42)
    same(r.decr("n"), 41)
    same(r.decrby("n", 40), 1)
    same(r.incrbyfloat("n", 0.5), 1.5)
    refused("not an integer", r.incr, "n")
    same(r.set("e", "v", ex=100), True)
    same(r.set("e", "v", px=100_000), True)
    same(r.getex("e", persist=True), "v")
    same(r.ttl("e"), -1)
    same(r.mset({"l1": "ohmytext", "l2": "mynewtext"}), True)
    same(r.lcs("l1", "l2"), "mytext")
    refused("WRONGTYPE", r.lpush, "a", "x")


def bits(r):
    same(r.setbit("b", 7, 1), 0)
    same(r.getbit("b", 7), 1)
    same(r.bitcount("b"), 1)
    same(r.bitpos("b", 1), 7)
    same(r.set("x", "abc"), True)
    same(r.set("y", "abd"), True)
    same(r.bitop("XOR", "z", "x", "y"), 3)
    same(r.bitcount("z", 0, -1), 3)
    same(r.bitfield("f").set("u8", 0, 255).incrby("u8", 0, 1).get("u4", 0).execute(), [0, 0, 0])
    same(r.bitfield("f", default_overflow="SAT").incrby("i8", 0, 200).execute(), [127])


def keys(r):
    for number in range(300):
        r.set(f"key:{number}", number)
    same(r.dbsize(), 300)
    same(sorted(r.scan_iter("key:1*", count=50)), sorted(f"key:{n}" for n in range(300) if str(n)[0] == "1"))
    same(len(r.keys("key:?")), 10)
    same(r.exists("key:1", "key:2", "none"), 2)
    same(r.touch("key:1", "none"), 1)
    same(r.type("key:1"), "string")
    same(r.type("none"), "none")
    same(r.rename("key:1", "moved"), True)
    same(r.renamenx("moved", "key:2"), False)
    refused("no such key", r.rename, "none", "other")
    same(r.copy("moved", "copied"), True)
    same(r.get("copied"), "1")
    same(r.delete("moved", "copied", "none"), 2)
    same(r.unlink("key:3"), 1)
    same(r.randomkey().startswith("key:"), True)
    same(r.object("encoding", "key:4"), "int")
    same(r.object("refcount", "key:4") >= 1, True)
    r.rpush("sorting", 3, 1, 2)
    same(r.sort("sorting", desc=True), ["3", "2", "1"])
    same(r.sort("sorting", alpha=True, start=0, num=2), ["1", "2"])
    same(r.sort("sorting", store="sorted"), 3)
    same(r.memory_usage("sorting") > 0, True)
    same(r.flushdb(), True)
    same(r.dbsize(), 0)


def expiry(r):
    r.set("a", "1")
    same(r.ttl("a"), -1)
    same(r.ttl("none"), -2)
    same(r.expire("a", 100), True)
    same(r.expire("a", 200, nx=True), False)
    same(r.expire("a", 200, gt=True), True)
    same(0 < r.ttl("a") <= 200, True)
    same(r.persist("a"), True)
    same(r.pexpire("a", 100_000), True)
    same(99_000 < r.pttl("a") <= 100_000, True)
    at = int(time.time()) + 1_000
    same(r.expireat("a", at), True)
    same(r.expiretime("a"), at)
    same(r.pexpiretime("a"), at * 1_000)
    same(r.expire("a", -1), True)
    same(r.exists("a"), 0)
    r.set("soon", "1", px=30)
    deadline = time.time() + 10
    while r.exists("soon") and time.time() < deadline:
        time.sleep(0.005)
    same(r.get("soon"), None)


def dumps(binary):
    binary.rpush("list", *range(500))
    payload = binary.dump("list")
    same(binary.restore("again", 0, payload), b"OK")
    same(binary.lrange("again", 0, -1), [str(n).encode() for n in range(500)])
    refused("BUSYKEY", binary.restore, "again", 0, payload)
    same(binary.restore("again", 5_000, payload, replace=True), b"OK")
    same(0 < binary.pttl("again") <= 5_000, True)
    refused("checksum", binary.restore, "bad", 0, b"nonsense00")


def binary_values(binary):
    value = bytes(range(256)) * 4
    key = b"\x00\r\n\xff"
    same(binary.set(key, value), True)
    same(binary.get(key), value)
    large = b"v" * (3 << 20)
    same(binary.set("large", large), True)
    same(binary.get("large") == large, True)
    same(binary.strlen("large"), len(large))
    same(binary.getrange("large", -3, -1), b"vvv")


def hashes(r):
    same(r.hset("h", mapping={"a": "1", "b": "2"}), 2)
    same(r.hset("h", "a", "3"), 0)
    same(r.hget("h", "a"), "3")
    same(r.hmget("h", "a", "none"), ["3", None])
    same(r.hgetall("h"), {"a": "3", "b": "2"})
    same(sorted(r.hkeys("h")), ["a", "b"])
    same(sorted(r.hvals("h")), ["2", "3"])
    same(r.hlen("h"), 2)
    same(r.hexists("h", "a"), True)
    same(r.hsetnx("h", "a", "9"), 0)
    same(r.hincrby("h", "a", 4), 7)
    same(r.hincrbyfloat("h", "a", 0.25), 7.25)
    same(r.hstrlen("h", "a"), 4)
    same(r.hrandfield("h") in ("a", "b"), True)
    same(r.hdel("h", "a", "none"), 1)
    for number in range(600):
        r.hset("big", f"f{number}", number)
    same(dict(r.hscan_iter("big", count=100)), {f"f{n}": str(n) for n in range(600)})
    same(r.object("encoding", "big"), "hashtable")
    refused("WRONGTYPE", r.get, "h")


def lists(r):
    same(r.rpush("l", "b", "c"), 2)
    same(r.lpush("l", "a"), 3)
    same(r.lpushx("none", "a"), 0)
    same(r.lrange("l", 0, -1), ["a", "b", "c"])
    same(r.llen("l"), 3)
    same(r.lindex("l", -1), "c")
    same(r.linsert("l", "before", "b", "x"), 4)
    same(r.lset("l", 0, "z"), True)
    same(r.lpos("l", "b"), 2)
    same(r.lrem("l", 0, "x"), 1)
    same(r.ltrim("l", 0, 1), True)
    same(r.lmove("l", "m", "LEFT", "RIGHT"), "z")
    same(r.rpoplpush("m", "l"), "z")
    same(r.lpop("l", 2), ["z", "b"])
    same(r.rpop("l"), None)
    r.rpush("l", *range(10))
    same(r.lmpop(2, "none", "l", direction="RIGHT", count=2), ["l", ["9", "8"]])
    same(r.blpop(["none", "l"], timeout=1), ["l", "0"])
    same(r.brpop("l", timeout=1), ["l", "7"])
    same(r.blmove("l", "m", 1, "LEFT", "LEFT"), "1")
    same(r.blpop("none", timeout=0.05), None)
    refused("index out of range", r.lset, "l", 100, "x")


def sets(r):
    same(r.sadd("s", "a", "b", "c"), 3)
    same(r.sadd("t", "b", "c", "d"), 3)
    same(r.smembers("s"), ["a", "b", "c"])
    same(r.sismember("s", "a"), 1)
    same(r.smismember("s", ["a", "x"]), [1, 0])
    same(r.scard("s"), 3)
    same(set(r.sinter("s", "t")), {"b", "c"})
    same(set(r.sunion("s", "t")), {"a", "b", "c", "d"})
    same(set(r.sdiff("s", "t")), {"a"})
    same(r.sinterstore("u", "s", "t"), 2)
    same(r.sunionstore("u", "s", "t"), 4)
    same(r.sdiffstore("u", "s", "t"), 1)
    same(r.sintercard(2, ["s", "t"]), 2)
    same(r.smove("s", "t", "a"), True)
    same(r.srem("s", "b", "none"), 1)
    same(r.spop("s"), "c")
    same(r.srandmember("none"), None)
    r.sadd("numbers", *range(1_000))
    same(set(r.sscan_iter("numbers", count=100)), {str(n) for n in range(1_000)})
    same(len(set(r.srandmember("numbers", 10))), 10)
    same(r.object("encoding", "numbers"), "hashtable")


def sorted_sets(r):
    same(r.zadd("z", {"a": 1, "b": 2, "c": 3}), 3)
    same(r.zadd("z", {"a": 5}, nx=True), 0)
    same(r.zadd("z", {"a": 1.5}, ch=True), 1)
    same(r.zscore("z", "a"), 1.5)
    same(r.zincrby("z", 0.5, "a"), 2.0)
    same(r.zmscore("z", ["a", "none"]), [2.0, None])
    same(r.zcard("z"), 3)
    same(r.zcount("z", "-inf", "(3"), 2)
    same(r.zrange("z", 0, -1, withscores=True), [["a", 2.0], ["b", 2.0], ["c", 3.0]])
    same(r.zrange("z", "(2", "+inf", byscore=True), ["c"])
    same(r.zrange("z", "[b", "+", bylex=True, offset=0, num=1), ["b"])
    same(r.zrevrange("z", 0, 0), ["c"])
    same(r.zrangebyscore("z", 2, 3, start=1, num=5), ["b", "c"])
    same(r.zrevrangebyscore("z", 3, 3), ["c"])
    same(r.zrank("z", "c"), 2)
    same(r.zrevrank("z", "c"), 0)
    same(r.zrank("z", "none"), None)
    same(r.zadd("y", {"b": 10, "d": 20}), 2)
    same(r.zunionstore("u", {"z": 1, "y": 2}, aggregate="MAX"), 4)
    same(r.zscore("u", "d"), 40.0)
    same(r.zinter(["z", "y"], withscores=True), [["b", 12.0]])
    same(r.zunion(["z", "y"]), ["a", "c", "b", "d"])
    same(r.zdiff(["z", "y"]), ["a", "c"])
    same(r.zintercard(2, ["z", "y"]), 1)
    same(r.zrangestore("stored", "z", 0, 1), 2)
    same(r.zpopmin("z", 1), [["a", 2.0]])
    same(r.zpopmax("z", 1), [["c", 3.0]])
    same(r.bzpopmin("z", timeout=1), ["z", "b", 2.0])
    same(r.bzpopmax("z", timeout=0.05), None)
    r.zadd("lex", {word: 0 for word in "abcdef"})
    same(r.zrangebylex("lex", "(b", "[e"), ["c", "d", "e"])
    same(r.zlexcount("lex", "-", "+"), 6)
    same(r.zremrangebylex("lex", "[a", "[b"), 2)
    same(r.zremrangebyrank("lex", 0, 0), 1)
    same(r.zremrangebyscore("lex", 0, 0), 3)
    r.zadd("many", {f"m{n}": n for n in range(500)})
    same(dict(r.zscan_iter("many", count=50)), {f"m{n}": float(n) for n in range(500)})
    same(r.zrem("many", "m1", "none"), 1)
    same(r.object("encoding", "many"), "skiplist")


def transactions(r):
    with r.pipeline(transaction=True) as pipe:
        same(pipe.set("a", "1").incr("a").lpush("l", "x").execute(), [True, 2, 1])
    with r.pipeline(transaction=False) as pipe:
        for number in range(5_000):
            pipe.set(f"p{number}", number)
        same(all(pipe.execute()), True)
        for number in range(5_000):
            pipe.get(f"p{number}")
        same(pipe.execute(), [str(n) for n in range(5_000)])
    with r.pipeline() as pipe:
        pipe.watch("a")
        r.set("a", "changed")
        pipe.multi()
        pipe.set("a", "mine")
        refused("Watched variable changed", pipe.execute)

    def step(pipe):
        pipe.multi()
        pipe.incr("count")

    same(r.transaction(step, "count"), [1])
    with r.pipeline() as pipe:
        pipe.set("s", "x").incr("s").get("s")
        found = pipe.execute(raise_on_error=False)
        same([found[0], found[2]], [True, "x"])
        same(isinstance(found[1], redis.ResponseError), True)


def wait_for(listener, kind):
    """The next message of that kind."""
    deadline = time.time() + 10
    while time.time() < deadline:
        message = listener.get_message(timeout=1)
        if message and message["type"] == kind:
            return message
    raise AssertionError(f"no {kind}")


def pubsub(r):
    listener = r.pubsub()
    listener.subscribe("news")
    wait_for(listener, "subscribe")
    listener.psubscribe("n*")
    wait_for(listener, "psubscribe")
    same(r.publish("news", "hello"), 2)
    same(wait_for(listener, "message")["data"], "hello")
    same(wait_for(listener, "pmessage")["pattern"], "n*")
    same(r.pubsub_channels("n*"), ["news"])
    same(r.pubsub_numsub("news"), [["news", 1]])
    same(r.pubsub_numpat(), 1)
    listener.unsubscribe()
    wait_for(listener, "unsubscribe")
    listener.punsubscribe()
    wait_for(listener, "punsubscribe")
    listener.close()
    sharded = r.pubsub()
    sharded.ssubscribe("shard")
    wait_for(sharded, "ssubscribe")
    same(r.spublish("shard", "x"), 1)
    deadline = time.time() + 10
    message = None
    while message is None and time.time() < deadline:
        message = sharded.get_message(timeout=1)
    same(message["data"], "x")
    sharded.close()


def blocking(r):
    """Who waits is woken by another connection."""
    found = []
    waiter = threading.Thread(target=lambda: found.append(r.blpop("queue", timeout=10)))
    waiter.start()
    deadline = time.time() + 10
    while r.info("clients")["blocked_clients"] == 0 and time.time() < deadline:
        time.sleep(0.005)
    same(r.rpush("queue", "job"), 1)
    waiter.join(10)
    same(found, [["queue", "job"]])


def server(r):
    same(r.ping(), True)
    same(r.echo("hello"), "hello")
    same(r.time()[0] > 1_600_000_000, True)
    same(r.client_setname("me"), True)
    same(r.client_getname(), "me")
    same(any(client["name"] == "me" for client in r.client_list()), True)
    same(r.client_info()["name"], "me")
    same(r.client_id() > 0, True)
    same(r.client_pause(1), True)
    r.client_unpause()
    same(r.client_no_evict("ON") in (True, "OK", b"OK"), True)
    info = r.info()
    same(info["redis_mode"], "standalone")
    same("used_memory" in info and "total_commands_processed" in info, True)
    before = r.config_get("slowlog-log-slower-than")["slowlog-log-slower-than"]
    same(r.config_set("slowlog-log-slower-than", 0), True)
    r.get("slow")
    same(len(r.slowlog_get(2)) >= 1, True)
    same(r.slowlog_len() >= 1, True)
    same(r.slowlog_reset(), True)
    same(r.config_set("slowlog-log-slower-than", before), True)
    same(r.config_resetstat(), True)
    refused("CONFIG SET", r.config_set, "nosuchparameter", "1")
    same(r.command_count() > 150, True)
    same("get" in r.command(), True)
    same(r.command_getkeys("MSET", "a", "1", "b", "2"), ["a", "b"])
    same(len(r.command_list()) > 150, True)
    same(r.memory_stats()["keys.count"] >= 0, True)
    same(r.wait(0, 10), 0)
    same(r.latency_latest(), [])
    same(r.role()[0], "master")
    refused("unknown command", r.execute_command, "NOSUCH")
    same(r.execute_command("OBJECT", "HELP")[0].startswith("OBJECT"), True)


def access(r, connect):
    same(r.acl_whoami(), "default")
    same("default" in r.acl_users(), True)
    same("string" in r.acl_cat(), True)
    same(r.acl_setuser("ann", enabled=True, reset=True, passwords=["+pw"], keys=["a*"],
                       commands=["+get", "+set", "+ping", "+client", "+hello"]), True)
    same(r.acl_getuser("ann")["flags"][0], "on")
    ann = connect(username="ann", password="pw")
    same(ann.set("abc", "1"), True)
    refused("permissions", ann.set, "xyz", "1")
    refused("permissions", ann.delete, "abc")
    ann.close()
    wrong = connect(username="ann", password="wrong")
    refused("username-password", wrong.ping)
    same(len(r.acl_log()) >= 1, True)
    same(r.acl_log_reset(), True)
    same(r.acl_deluser("ann"), 1)


def monitoring(r):
    with r.monitor() as monitor:
        r.set("watched", "by monitor")
        for command in monitor.listen():
            if "watched" in command["command"]:
                same(command["command"], "SET watched by monitor")
                same(command["db"], 0)
                break


def tracking(r):
    """What client-side caching is made of; redis-py's own asks for a server that says 7.4."""
    told = []
    reader = r.connection_pool.make_connection()
    reader.connect()
    reader._parser.set_invalidation_push_handler(told.append)

    def ask(*command):
        reader.send_command(*command)
        return reader.read_response()

    same(ask("CLIENT", "TRACKING", "ON"), "OK")
    r.set("shared", "1")
    same(ask("GET", "shared"), "1")
    r.set("shared", "2")
    deadline = time.time() + 10
    while not told and time.time() < deadline:
        same(ask("PING"), "PONG")
    same(told[0][-1], ["shared"])
    same(ask("GET", "shared"), "2")
    reader.disconnect()


def threads(connect):
    """One pool, several threads, each counter exact."""
    pool = connect()
    pool.delete("counter")

    def count():
        for _ in range(200):
            pool.incr("counter")

    workers = [threading.Thread(target=count) for _ in range(8)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    same(pool.get("counter"), "1600")
    pool.close()


async def concurrently(options):
    r = redis.asyncio.Redis.from_url(**options)
    await asyncio.gather(*(r.set(f"async:{n}", n) for n in range(30)))
    found = await asyncio.gather(*(r.get(f"async:{n}") for n in range(30)))
    same(found, [str(n) for n in range(30)])
    async with r.pipeline(transaction=True) as pipe:
        same(await pipe.incr("async:0").get("async:1").execute(), [1, "1"])
    await r.aclose()


def run(url, authority, protocol):
    options = {"url": url, "protocol": protocol, "socket_timeout": 20}
    if authority:
        options["ssl_ca_certs"] = authority

    def connect(**more):
        return redis.Redis.from_url(**{**options, "decode_responses": True, **more})

    r = connect()
    binary = connect(decode_responses=False)
    families = [strings, bits, keys, expiry, hashes, lists, sets, sorted_sets, transactions, pubsub,
                blocking, server, monitoring]
    for family in families:
        r.flushall()
        family(r)
    for family in (dumps, binary_values):
        r.flushall()
        family(binary)
    r.flushall()
    access(r, connect)
    threads(connect)
    if protocol == 3:
        tracking(r)
    asyncio.run(concurrently({**options, "decode_responses": True}))
    r.flushall()
    r.close()
    binary.close()


def main():
    global CHECKS
    url, authority = sys.argv[1], (sys.argv[2] if len(sys.argv) > 2 else None)
    for protocol in (2, 3):
        CHECKS = 0
        run(url, authority, protocol)
        print(f"ok: {CHECKS} checks with protocol {protocol}")


main()
