"""What all workers share through Redis: who works on a lane, and how fast an e-shop is asked.

Nothing here decides what is right: a lease that is lost or a Redis that forgets costs work done
twice, never a wrong order (see `sync.apply`).
"""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from uuid import uuid4

from django.conf import settings
from redis import Redis, RedisError
from redis.exceptions import LockError

from eshops.source import Turn

REQUESTS_PER_SECOND = 10
BURST = 20
LONGEST_REQUEST = 90
"""Seconds after which a request is over, also where the worker that sent it has died."""
LOOK_AGAIN = 0.05

_TURN = """
local now = redis.call('TIME')
local clock = now[1] + now[2] / 1000000
local rate, burst, at_once = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', clock)
if redis.call('ZCARD', KEYS[2]) >= at_once then return ARGV[6] end
local state = redis.call('HMGET', KEYS[1], 'tokens', 'clock')
local tokens = math.min(burst, (tonumber(state[1]) or burst)
    + (clock - (tonumber(state[2]) or clock)) * rate)
local wait = 0
if tokens < 1 then
    wait = (1 - tokens) / rate
else
    tokens = tokens - 1
    redis.call('ZADD', KEYS[2], clock + ARGV[5], ARGV[4])
    redis.call('EXPIRE', KEYS[2], ARGV[5])
end
redis.call('HSET', KEYS[1], 'tokens', tostring(tokens), 'clock', tostring(clock))
redis.call('EXPIRE', KEYS[1], 60)
return tostring(wait)
"""


@contextmanager
def lease(name: str) -> Iterator[bool]:
    """Yield whether this is now the only holder of the lease.

    While it is held it is renewed in the background; when its holder dies it runs out after
    `LANE_LEASE_SECONDS`.
    """
    seconds = settings.LANE_LEASE_SECONDS
    lock = _redis(settings.REDIS_URL).lock(
        f"fynode:lease:{name}", timeout=seconds, blocking=False, thread_local=False
    )
    if not lock.acquire():
        yield False
        return
    done = threading.Event()

    def renew() -> None:
        while not done.wait(seconds / 3):
            try:
                lock.reacquire()
            except LockError:
                return
            except RedisError:
                continue

    threading.Thread(target=renew, daemon=True, name=f"lease {name}").start()
    try:
        yield True
    finally:
        done.set()
        with suppress(RedisError):  # it has run out, or Redis is away and it will
            lock.release()


def is_leased(name: str) -> bool:
    return bool(_redis(settings.REDIS_URL).exists(f"fynode:lease:{name}"))


def first_in(seconds: int, name: str) -> bool:
    """Whether nobody has asked this for the same name within these seconds."""
    return bool(_redis(settings.REDIS_URL).set(f"fynode:first:{name}", 1, nx=True, ex=seconds))


def turn(eshop_id: int, at_once: int) -> Turn:
    """A turn at asking the e-shop: not before it may be sent its next request (a token bucket of
    `REQUESTS_PER_SECOND` with a `BURST`), nor while `at_once` others are under way. Shared by all
    workers."""
    redis = _redis(settings.REDIS_URL)
    take = redis.register_script(_TURN)
    bucket, slots = f"fynode:turn:{eshop_id}", f"fynode:under-way:{eshop_id}"

    @contextmanager
    def take_turn() -> Iterator[None]:
        me = uuid4().hex
        limits = (REQUESTS_PER_SECOND, BURST, at_once, me, LONGEST_REQUEST, LOOK_AGAIN)
        while (wait := float(take(keys=[bucket, slots], args=limits))) > 0:
            time.sleep(wait)
        try:
            yield
        finally:
            with suppress(RedisError):  # it counts as over after a while
                redis.zrem(slots, me)

    return take_turn


@cache
def _redis(url: str) -> Redis:
    return Redis.from_url(url, socket_timeout=5, socket_connect_timeout=2, health_check_interval=25)
