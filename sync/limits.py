"""What all workers share through Redis: who works on a lane, and how fast an e-shop is asked.

Nothing here decides what is right: a lease that is lost or a Redis that forgets costs work done
twice, never a wrong order (see `sync.apply`).
"""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from functools import cache
from uuid import uuid4

from django.conf import settings
from redis import Redis, RedisError
from redis.exceptions import LockError

from eshops.source import Turn

REQUESTS_PER_SECOND = 10
BURST = 20
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
    redis.call('PEXPIRE', KEYS[2], math.ceil(ARGV[5] * 1000))
end
redis.call('HSET', KEYS[1], 'tokens', tostring(tokens), 'clock', tostring(clock))
redis.call('EXPIRE', KEYS[1], 60)
return tostring(wait)
"""
_STILL_UNDER_WAY = """
local now = redis.call('TIME')
redis.call('ZADD', KEYS[1], 'XX', now[1] + now[2] / 1000000 + ARGV[2], ARGV[1])
redis.call('PEXPIRE', KEYS[1], math.ceil(ARGV[2] * 1000))
"""


@contextmanager
def lease(name: str) -> Iterator[bool]:
    """Yield whether this is now the only holder of the lease.

    While it is held it is renewed in the background; when its holder dies it runs out after
    `LANE_LEASE_SECONDS`.
    """
    lock = _redis(settings.REDIS_URL).lock(
        f"fynode:lease:{name}",
        timeout=settings.LANE_LEASE_SECONDS,
        blocking=False,
        thread_local=False,
    )
    if not lock.acquire():
        yield False
        return
    try:
        with _renewed(lock.reacquire, name):
            yield True
    finally:
        with suppress(RedisError):  # it has run out, or Redis is away and it will
            lock.release()


@contextmanager
def one_of(places: int, name: str) -> Iterator[bool]:
    """Yield whether one of so many places is now ours; a dead holder's is free after the lease."""
    with ExitStack() as stack:
        yield any(stack.enter_context(lease(f"{name}:{place}")) for place in range(places))


def is_leased(name: str) -> bool:
    return bool(_redis(settings.REDIS_URL).exists(f"fynode:lease:{name}"))


def first_in(seconds: float, name: str) -> bool:
    """Whether nobody has asked this for the same name within these seconds."""
    expiry = round(seconds * 1000)
    return bool(_redis(settings.REDIS_URL).set(f"fynode:first:{name}", 1, nx=True, px=expiry))


def turn(eshop_id: int, at_once: int) -> Turn:
    """A turn at asking the e-shop: not before it may be sent its next request (a token bucket of
    `REQUESTS_PER_SECOND` with a `BURST`), nor while `at_once` others are under way. Shared by all
    workers; the request of a worker that died counts as over after `LANE_LEASE_SECONDS`."""
    redis = _redis(settings.REDIS_URL)
    take, stay = redis.register_script(_TURN), redis.register_script(_STILL_UNDER_WAY)
    bucket, slots = f"fynode:turn:{eshop_id}", f"fynode:under-way:{eshop_id}"

    @contextmanager
    def take_turn() -> Iterator[None]:
        me, seconds = uuid4().hex, settings.LANE_LEASE_SECONDS
        limits = (REQUESTS_PER_SECOND, BURST, at_once, me, seconds, LOOK_AGAIN)
        while (wait := float(take(keys=[bucket, slots], args=limits))) > 0:
            time.sleep(wait)
        try:
            with _renewed(lambda: stay(keys=[slots], args=(me, seconds)), slots):
                yield
        finally:
            with suppress(RedisError):  # it counts as over after a while
                redis.zrem(slots, me)

    return take_turn


@contextmanager
def _renewed(renew: Callable[[], object], name: str) -> Iterator[None]:
    """Renew in the background, until it is lost, what would run out after `LANE_LEASE_SECONDS`."""
    pause, done = settings.LANE_LEASE_SECONDS / 3, threading.Event()

    def keep_renewing() -> None:
        while not done.wait(pause):
            try:
                renew()
            except LockError:
                return
            except RedisError:
                continue

    threading.Thread(target=keep_renewing, daemon=True, name=f"renews {name}").start()
    try:
        yield
    finally:
        done.set()


@cache
def _redis(url: str) -> Redis:
    return Redis.from_url(url, socket_timeout=5, socket_connect_timeout=2, health_check_interval=25)
