"""HTTP clients for benchmarks, cheap enough to share two cores with the server: one process, requests built once.

As a script, a closed loop: a few connections, one request after the other on each. Reads a JSON list of {name, port,
path, body, session} from stdin and visits these targets in turns, a short slice each and many rounds, so that
neighbours on the machine slow all alike. Prints {name: summary} as JSON. Processor time is that of all processes of the
server's session; neighbours change it least.
"""

import argparse
import asyncio
import json
import math
import os
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple, cast

import uvloop

QUANTILES = {"p50": 0.5, "p99": 0.99}


@dataclass(frozen=True)
class Target:
    """A request and its server; session: of the server's processes."""

    name: str
    port: int
    path: str
    body: str
    session: int

    def request(self) -> bytes:
        body = self.body.encode()
        head = (
            f"POST {self.path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\n\r\n"
        )
        return head.encode() + body


@dataclass
class Slice:
    """One visit to a target: seconds of each response of status 200, counts of other ends, processor seconds."""

    seconds: float
    latencies: list[float] = field(default_factory=list)
    failures: dict[str, int] = field(default_factory=dict)
    processor: float = 0.0

    @property
    def rate(self) -> float:
        """Responses of status 200 a second."""
        return len(self.latencies) / self.seconds

    def count_failure(self, name: str) -> None:
        self.failures[name] = self.failures.get(name, 0) + 1


def processor_seconds(session: int) -> float:
    """Processor time used so far by the processes of a session (Linux)."""
    ticks = 0
    for file in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            # After the name in brackets: state, parent, group, session ...; 11 and 12 are utime and stime.
            fields = file.read_text().rpartition(")")[2].split()
            if int(fields[3]) == session:
                ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def summary(slices: Sequence[Slice], base: Sequence[Slice]) -> dict[str, float]:
    """Median rate, latencies of all slices, and the median over rounds of the rate's share of the base's rate."""
    latencies = sorted(latency for one in slices for latency in one.latencies)
    shares = [one.rate / other.rate for one, other in zip(slices, base, strict=True)]
    quantiles = {f"{name}_ms": round(1e3 * quantile(latencies, q), 3) for name, q in QUANTILES.items()}
    processor = sum(one.processor for one in slices)
    return {
        "share": round(statistics.median(shares), 3),
        "requests_per_second": round(statistics.median(one.rate for one in slices), 1),
        **quantiles,
        "max_ms": round(1e3 * latencies[-1], 3),
        "processor_us": round(1e6 * processor / len(latencies), 1),
        "errors": sum(sum(one.failures.values()) for one in slices),
    }


def quantile(ordered: Sequence[float], q: float) -> float:
    """The value at share q of ascending values."""
    return ordered[min(len(ordered) - 1, int(q * len(ordered)))]


class Response(NamedTuple):
    """Status and body of a complete response."""

    status: int
    body: bytes


def parse_response(received: bytes) -> Response | None:
    """The response in the received bytes; None while it is incomplete."""
    head_end = received.find(b"\r\n\r\n")
    if head_end < 0:
        return None
    head = received[:head_end].lower()
    at = head.find(b"content-length:")
    length = int(head[at + 15 :].split(b"\r\n", 1)[0]) if at >= 0 else 0
    if len(received) < head_end + 4 + length:
        return None
    return Response(int(received[9:12]), received[head_end + 4 :])


# ---- closed loop: the same request again and again


class _RepeatingClient(asyncio.Protocol):
    """Sends the same request on one connection as soon as the previous response is complete, until `end`."""

    def __init__(self, request: bytes, measured: Slice, end: float) -> None:
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
        response = parse_response(self.buffer)
        if response is None:
            return
        now = time.perf_counter()
        self.buffer = b""
        if response.status == 200:
            self.measured.latencies.append(now - self.sent)
        else:
            self.measured.count_failure(str(response.status))
        if now < self.end:
            self._send()
        else:
            self.transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        if time.perf_counter() < self.end:
            self.measured.count_failure("lost")
        self.done.set_result(None)


async def visit(target: Target, connections: int, seconds: float) -> Slice:
    """One slice of a closed loop on a target."""
    loop = asyncio.get_running_loop()
    used = processor_seconds(target.session)
    end = time.perf_counter() + seconds
    measured, request = Slice(seconds), target.request()
    clients = [_RepeatingClient(request, measured, end) for _ in range(connections)]
    for client in clients:
        await loop.create_connection(lambda c=client: c, "127.0.0.1", target.port)  # type: ignore[misc]
    await asyncio.gather(*(client.done for client in clients))
    measured.processor = processor_seconds(target.session) - used
    return measured


# ---- open or closed loop of different requests


class Stream:
    """Sends request(0), request(1) ... over several connections for `seconds`, at most `most` of them.

    rate: requests a second that fall due one after the other, whether or not a connection is free; a latency then
    counts from when its request was due, so a stalled server cannot hide its delays (coordinated omission). 0: as fast
    as possible; a latency counts from when its request was sent. Raises RuntimeError for a response other than 200.
    """

    def __init__(
        self, request: Callable[[int], bytes], seconds: float, rate: float = 0.0, most: float = math.inf
    ) -> None:
        self.request, self.seconds, self.rate, self.most = request, seconds, rate, most
        self.started = 0.0
        self.sent = 0
        self.latencies: list[float] = []

    async def run(self, port: int, connections: int) -> None:
        loop = asyncio.get_running_loop()
        clients = [_StreamClient(self, loop) for _ in range(connections)]
        for client in clients:
            await loop.create_connection(lambda c=client: c, "127.0.0.1", port)  # type: ignore[misc]
        self.started = time.perf_counter()
        for client in clients:
            client.send_next()
        await asyncio.gather(*(client.done for client in clients))


class _StreamClient(asyncio.Protocol):
    """One connection of a Stream."""

    def __init__(self, stream: Stream, loop: asyncio.AbstractEventLoop) -> None:
        self.stream, self.loop = stream, loop
        self.done: asyncio.Future[None] = loop.create_future()
        self.buffer = b""
        self.since = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)

    def send_next(self) -> None:
        stream, now = self.stream, time.perf_counter()
        number = stream.sent
        due = stream.started + number / stream.rate if stream.rate else now
        if due - stream.started >= stream.seconds or number >= stream.most:
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
        response = parse_response(self.buffer)
        if response is None:
            return
        if response.status != 200:
            self.done.set_exception(RuntimeError(f"response {response.status}: {response.body!r}"))
            self.transport.close()
            return
        self.buffer = b""
        self.stream.latencies.append(time.perf_counter() - self.since)
        self.send_next()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.done.done():
            self.done.set_exception(RuntimeError("the server closed the connection"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--connections", type=int, default=4)
    parser.add_argument("--seconds", type=float, default=1.0, help="of a slice")
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    targets = [Target(**values) for values in json.load(sys.stdin)]
    uvloop.install()
    slices: dict[str, list[Slice]] = {target.name: [] for target in targets}
    for number in range(options.rounds + 1):
        for target in targets:
            measured = asyncio.run(visit(target, options.connections, options.seconds))
            if not measured.latencies:
                sys.exit(f"{target.name}: no response of status 200: {measured.failures}")
            if number > 0:  # the first round warms up
                slices[target.name].append(measured)
    base = slices[targets[0].name]
    print(json.dumps({name: summary(of_target, base) for name, of_target in slices.items()}))


if __name__ == "__main__":
    main()
