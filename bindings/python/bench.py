"""What the Python package costs: import, first use, memory, a received frame, a pushed frame.

    python bindings/python/bench.py [--seconds 10]

Needs the installed package with the extra ``testing``, or SW_GATEWAY_BIN. Numbers are for this
machine, now.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import subprocess
import sys
import time
from pathlib import Path

from signalwire_client import AudioFrame, Call
from signalwire_client.testing import run_gateway


def best_start(code: str) -> float:
    """Milliseconds that the code takes in a fresh interpreter; the best of five."""
    timed = f"import time; start = time.perf_counter(); {code}; print(time.perf_counter() - start)"
    runs = [subprocess.run([sys.executable, "-c", timed], stdout=subprocess.PIPE) for _ in range(5)]
    return min(float(run.stdout) for run in runs) * 1000


def resident_mb() -> float:
    """Memory of this process that is in use, in MiB."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def media_thread_us() -> float:
    """Processor time of the threads that call audio sinks, in microseconds."""
    total = 0
    for task in Path("/proc/self/task").iterdir():
        if (task / "comm").read_text().startswith("sw-media"):
            total += int((task / "schedstat").read_text().split()[0])
    return total / 1000


async def received_us(call: Call, seconds: float) -> float:
    """Processor time of one received frame, from the library's queue to the end of the callback."""
    frames: list[int] = []

    def on_frame(frame: AudioFrame) -> None:
        frames.append(len(frame.data))

    sink = call.add_audio_sink(on_frame)
    await asyncio.sleep(1)
    before, heard = media_thread_us(), len(frames)
    await asyncio.sleep(seconds)
    cost = (media_thread_us() - before) / (len(frames) - heard)
    sink.remove()
    return cost


def pushed_us(call: Call) -> float:
    """Time of one pushed frame of 20 ms."""
    frame = bytes(1920)
    start = time.perf_counter()
    for _ in range(5_000):
        call.push_audio(frame)
    return (time.perf_counter() - start) / 5_000 * 1e6


async def measure(seconds: float) -> None:
    with run_gateway() as gateway:
        token = gateway.token()
        before = resident_mb()
        start = time.perf_counter()
        client = gateway.client(token)
        print(f"Client(): {(time.perf_counter() - start) * 1000:.1f} ms")
        async with client:
            connected = resident_mb()
            call = client.dial("/public/tone")
            await call.answered()
            print(f"a received frame of 20 ms: {await received_us(call, seconds):.1f} us")
            print(f"a pushed frame of 20 ms: {pushed_us(call):.1f} us")
            print(
                f"resident: {before:.1f} MiB before the library is loaded,"
                f" {connected:.1f} MiB with a connected client, {resident_mb():.1f} MiB in a call"
            )


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=10.0)
    options = parser.parse_args()
    print(f"import signalwire_client: {best_start('import signalwire_client'):.1f} ms")
    first_use = best_start("import asyncio; import signalwire_client as sw; sw.Client")
    alone = best_start("import asyncio")
    print(
        f"first use of the library: {first_use - alone:.1f} ms more than asyncio's {alone:.1f} ms"
    )
    asyncio.run(measure(options.seconds))


if __name__ == "__main__":
    main()
