"""A closed-loop HTTP client for benchmarks: one process, a few connections, one request after the other on each."""

import argparse
import asyncio
import json
import sys
import time
from dataclasses import dataclass
from typing import cast

import uvloop


@dataclass(frozen=True)
class Load:
    """What to send, and for how long; seconds before `warm` do not count."""

    port: int
    path: str
    body: bytes
    connections: int
    seconds: float
    warm: float = 1.0

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

    def summary(self) -> dict[str, float]:
        ordered = sorted(self.latencies)
        at = {name: ordered[min(len(ordered) - 1, int(q * len(ordered)))] for name, q in QUANTILES.items()}
        return {
            "requests_per_second": round(len(ordered) / self.seconds, 1),
            **{f"{name}_ms": round(1e3 * value, 3) for name, value in at.items()},
            "max_ms": round(1e3 * ordered[-1], 3),
            "errors": sum(self.others.values()),
        }


QUANTILES = {"p50": 0.5, "p99": 0.99}


class _Client(asyncio.Protocol):
    def __init__(self, request: bytes, measured: Measured, start: float, end: float) -> None:
        self.request, self.measured, self.start, self.end = request, measured, start, end
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
        head = self.buffer.find(b"\r\n\r\n")
        if head < 0:
            return
        lowered = self.buffer[:head].lower()
        at = lowered.find(b"content-length:")
        length = int(lowered[at + 15 :].split(b"\r\n", 1)[0]) if at >= 0 else 0
        if len(self.buffer) < head + 4 + length:
            return
        now = time.perf_counter()
        status = self.buffer[9:12].decode()
        self.buffer = b""
        if now >= self.start:
            if status == "200":
                self.measured.latencies.append(now - self.sent)
            else:
                self.measured.others[status] = self.measured.others.get(status, 0) + 1
        if now < self.end:
            self._send()
        else:
            self.transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        if time.perf_counter() < self.end:
            self.measured.others["lost"] = self.measured.others.get("lost", 0) + 1
        self.done.set_result(None)


async def run(load: Load) -> Measured:
    """Sends the same request on each connection again as soon as its answer is there."""
    loop = asyncio.get_running_loop()
    start = time.perf_counter() + load.warm
    measured = Measured([], {}, load.seconds)
    request = load.request()
    clients = [_Client(request, measured, start, start + load.seconds) for _ in range(load.connections)]
    for client in clients:
        await loop.create_connection(lambda c=client: c, "127.0.0.1", load.port)  # type: ignore[misc]
    await asyncio.gather(*(client.done for client in clients))
    return measured


def main() -> None:
    """Reads the body from stdin, prints the summary as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("port", type=int)
    parser.add_argument("path")
    parser.add_argument("--connections", type=int, default=4)
    parser.add_argument("--seconds", type=float, default=5.0)
    given = parser.parse_args()
    load = Load(given.port, given.path, sys.stdin.buffer.read(), given.connections, given.seconds)
    uvloop.install()
    measured = asyncio.run(run(load))
    if not measured.latencies:
        sys.exit(f"no request was answered with 200: {measured.others}")
    print(json.dumps(measured.summary()))


if __name__ == "__main__":
    main()
