"""HTTP clients for benchmarks, cheap enough to share two cores with the server: one process, bytes made beforehand.

As a script, a closed loop: a few connections, one request after the other on each. Reads a JSON list of {name, port,
path, body, session} from stdin and visits them in turns, a short slice each and many rounds, so that what neighbours
take from the machine hits all alike. Prints {name: summary} as JSON; processor time is that of all processes of the
server's session, which neighbours change least.
"""

import argparse
import asyncio
import json
import os
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import uvloop


@dataclass(frozen=True)
class Load:
    """What to send, on how many connections, for how long, and the session of the server's processes."""

    port: int
    path: str
    body: bytes
    session: int
    connections: int
    seconds: float

    def request(self) -> bytes:
        head = (
            f"POST {self.path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(self.body)}\r\n\r\n"
        )
        return head.encode() + self.body


@dataclass
class Measured:
    """Latencies in seconds of the requests that were answered with 200; others are counted by status."""

    latencies: list[float]
    others: dict[str, int]
    seconds: float
    processor: float = 0.0

    @property
    def rate(self) -> float:
        return len(self.latencies) / self.seconds


def processor_seconds(session: int) -> float:
    """Processor time used so far by the processes of a session (Linux)."""
    ticks = 0
    for file in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            fields = file.read_text().rpartition(")")[2].split()
            if int(fields[3]) == session:
                ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def summary(rounds: Sequence[Measured], base: Sequence[Measured]) -> dict[str, float]:
    """Of all rounds together: the rate, latencies, and the median over rounds of the rate's share of the base's."""
    ordered = sorted(latency for measured in rounds for latency in measured.latencies)
    at = {name: ordered[min(len(ordered) - 1, int(q * len(ordered)))] for name, q in QUANTILES.items()}
    shares = [one.rate / other.rate for one, other in zip(rounds, base, strict=True)]
    return {
        "share": round(statistics.median(shares), 3),
        "requests_per_second": round(statistics.median(measured.rate for measured in rounds), 1),
        **{f"{name}_ms": round(1e3 * value, 3) for name, value in at.items()},
        "max_ms": round(1e3 * ordered[-1], 3),
        "processor_us": round(1e6 * sum(measured.processor for measured in rounds) / len(ordered), 1),
        "errors": sum(sum(measured.others.values()) for measured in rounds),
    }


QUANTILES = {"p50": 0.5, "p99": 0.99}


def answer_of(received: bytes) -> tuple[int, bytes] | None:
    """Status and body of an answer, None until it is whole."""
    head = received.find(b"\r\n\r\n")
    if head < 0:
        return None
    lowered = received[:head].lower()
    at = lowered.find(b"content-length:")
    length = int(lowered[at + 15 :].split(b"\r\n", 1)[0]) if at >= 0 else 0
    if len(received) < head + 4 + length:
        return None
    return int(received[9:12]), received[head + 4 :]


class _Client(asyncio.Protocol):
    def __init__(self, request: bytes, measured: Measured, end: float) -> None:
        self.request, self.measured, self.end = request, measured, end
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.buffer = b""
        self.sent = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        self._send()

    def _send(self) -> None:
        self.sent = time.perf_counter()
        self.transport.write(self.request)

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        answer = answer_of(self.buffer)
        if answer is None:
            return
        now = time.perf_counter()
        status = answer[0]
        self.buffer = b""
        if status == 200:
            self.measured.latencies.append(now - self.sent)
        else:
            self.measured.others[str(status)] = self.measured.others.get(str(status), 0) + 1
        if now < self.end:
            self._send()
        else:
            self.transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        if time.perf_counter() < self.end:
            self.measured.others["lost"] = self.measured.others.get("lost", 0) + 1
        self.done.set_result(None)


class Stream:
    """Sends request(0), request(1) ... over some connections for `seconds`; raises RuntimeError for an answer not 200.

    rate: requests a second that are due one after the other, whether or not a connection is free: a latency counts from
    when its request was due. 0: as fast as they go, a latency counts from when its request was sent.
    """

    def __init__(self, request: Callable[[int], bytes], seconds: float, rate: float = 0.0) -> None:
        self.request, self.seconds, self.rate = request, seconds, rate
        self.started = 0.0
        self.sent = 0
        self.latencies: list[float] = []

    async def run(self, port: int, connections: int) -> None:
        loop = asyncio.get_running_loop()
        callers = [_Caller(self, loop) for _ in range(connections)]
        for caller in callers:
            await loop.create_connection(lambda c=caller: c, "127.0.0.1", port)  # type: ignore[misc]
        self.started = time.perf_counter()
        for caller in callers:
            caller.go_on()
        await asyncio.gather(*(caller.done for caller in callers))


class _Caller(asyncio.Protocol):
    def __init__(self, stream: Stream, loop: asyncio.AbstractEventLoop) -> None:
        self.stream, self.loop = stream, loop
        self.done: asyncio.Future[None] = loop.create_future()
        self.buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)

    def go_on(self) -> None:
        stream, now = self.stream, time.perf_counter()
        number = stream.sent
        due = stream.started + number / stream.rate if stream.rate else now
        if due - stream.started >= stream.seconds:
            self.transport.close()
            self.done.set_result(None)
            return
        stream.sent += 1
        self.since = due
        if due > now:
            self.loop.call_later(due - now, self._send, number)
        else:
            self._send(number)

    def _send(self, number: int) -> None:
        self.transport.write(self.stream.request(number))

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        answer = answer_of(self.buffer)
        if answer is None:
            return
        if answer[0] != 200:
            self.done.set_exception(RuntimeError(f"answered with {answer[0]}: {answer[1]!r}"))
            self.transport.close()
            return
        self.buffer = b""
        self.stream.latencies.append(time.perf_counter() - self.since)
        self.go_on()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.done.done():
            self.done.set_exception(RuntimeError("the server closed the connection"))


async def run(load: Load) -> Measured:
    """Sends the same request on each connection again as soon as its answer is there."""
    loop = asyncio.get_running_loop()
    used = processor_seconds(load.session)
    end = time.perf_counter() + load.seconds
    measured = Measured([], {}, load.seconds)
    request = load.request()
    clients = [_Client(request, measured, end) for _ in range(load.connections)]
    for client in clients:
        await loop.create_connection(lambda c=client: c, "127.0.0.1", load.port)  # type: ignore[misc]
    await asyncio.gather(*(client.done for client in clients))
    measured.processor = processor_seconds(load.session) - used
    return measured


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--connections", type=int, default=4)
    parser.add_argument("--seconds", type=float, default=1.0, help="of a slice")
    parser.add_argument("--rounds", type=int, default=5)
    given = parser.parse_args()
    targets = json.load(sys.stdin)
    loads = {
        t["name"]: Load(
            t["port"], t["path"], t["body"].encode(), t["session"], given.connections, given.seconds
        )
        for t in targets
    }
    uvloop.install()
    found: dict[str, list[Measured]] = {name: [] for name in loads}
    for number in range(given.rounds + 1):  # the first warms up
        for name, load in loads.items():
            measured = asyncio.run(run(load))
            if not measured.latencies:
                sys.exit(f"{name}: no request was answered with 200: {measured.others}")
            if number:
                found[name].append(measured)
    base = found[targets[0]["name"]]
    print(json.dumps({name: summary(rounds, base) for name, rounds in found.items()}))


if __name__ == "__main__":
    main()
