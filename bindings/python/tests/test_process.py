"""What happens to the process: import, threads, exit, fork."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

import signalwire_client as sw
from signalwire_client import _native
from signalwire_client.errors import BY_KIND
from signalwire_client.testing import Gateway


def run(code: str, gateway: Gateway | None = None) -> subprocess.CompletedProcess[str]:
    """Runs a program in a fresh interpreter."""
    environment = dict(os.environ)
    if gateway is not None:
        environment |= {
            "SW_TOKEN": gateway.token(),
            "SW_WS_URL": gateway.ws_url,
            "SW_HTTP_URL": gateway.http_url,
            "SW_CA_FILE": gateway.ca_file,
        }
    return subprocess.run(
        # Newer interpreters warn of each fork of a process with threads.
        [sys.executable, "-X", "faulthandler", "-W", "ignore:This process:Warning", "-c", code],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
    )


CLIENT = """
import asyncio, os, pathlib, sys, threading, time
import signalwire_client as sw

def client():
    return sw.Client(
        os.environ["SW_TOKEN"],
        ws_url=os.environ["SW_WS_URL"],
        http_url=os.environ["SW_HTTP_URL"],
        ca_certificates_pem=pathlib.Path(os.environ["SW_CA_FILE"]).read_text(),
        media_addresses=["127.0.0.1"],
    )

def threads():
    names = []
    for task in pathlib.Path("/proc/self/task").iterdir():
        names.append((task / "comm").read_text().strip())
    return sorted(name for name in names if name.startswith("sw-"))

async def call(session, on_frame=lambda frame: None):
    await session.connect()
    call = session.dial("/public/tone")
    await call.answered()
    call.add_audio_sink(on_frame)
    return call
"""


def test_every_kind_of_failure_has_its_class() -> None:
    native = {
        name
        for name, value in vars(_native.SignalWireError).items()
        if isinstance(value, type) and issubclass(value, _native.SignalWireError)
    }
    assert native == set(BY_KIND)
    assert len(BY_KIND) == 23
    for number, kind in enumerate(BY_KIND, 1):
        assert issubclass(BY_KIND[kind], sw.SignalWireError), number


def test_every_public_name_is_there() -> None:
    for name in sw.__all__:
        assert getattr(sw, name) is not None
    with pytest.raises(AttributeError):
        _ = sw.no_such_name
    assert re.fullmatch(r"\d+\.\d+\.\d+", sw.version())


def test_the_import_is_cheap_and_loads_no_library() -> None:
    best = 1e9
    for _ in range(5):
        done = run(
            # Of the processor: what else the machine does meanwhile is not the package's.
            "import time; start = time.process_time(); import signalwire_client;"
            "print(time.process_time() - start);"
            "import sys; assert 'signalwire_client._native' not in sys.modules"
        )
        assert done.returncode == 0, done.stderr
        best = min(best, float(done.stdout))
    print(f"import signalwire_client: {best * 1000:.1f} ms")
    assert best < 0.060


def test_exit_with_a_call_up_is_clean(gateway: Gateway) -> None:
    done = run(
        CLIENT
        + """
session = client()
loop = asyncio.new_event_loop()
frames = []
up = loop.run_until_complete(call(session, frames.append))
while len(frames) < 5:
    time.sleep(0.01)
print(up.state.name, flush=True)
""",
        gateway,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "ACTIVE\n"


def test_exit_without_a_client_is_clean(gateway: Gateway) -> None:
    done = run(
        """
import asyncio, sys
import signalwire_client as sw

async def main():
    oauth = sw.OAuth("gateway-app", "http://127.0.0.1:0/callback")
    try:
        await oauth.login(lambda url: None, timeout_ms=1)
    except sw.TimedOutError:
        sys.exit(3)

asyncio.run(main())
""",
        gateway,
    )
    assert (done.returncode, done.stderr) == (3, "")


def test_exit_from_inside_a_running_loop_is_clean(gateway: Gateway) -> None:
    done = run(
        CLIENT
        + """
async def main():
    session = client()
    up = await call(session)
    waits = [asyncio.create_task(up.ended()), asyncio.create_task(up.events().__anext__())]
    async for frame in up.audio():
        sys.exit(3)

asyncio.run(main())
""",
        gateway,
    )
    assert (done.returncode, done.stderr) == (3, "")


def test_exit_while_a_callback_is_busy_is_clean(gateway: Gateway) -> None:
    done = run(
        CLIENT
        + """
def slow(frame):
    time.sleep(0.2)

asyncio.run(call(client(), slow))
time.sleep(0.1)
""",
        gateway,
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_shutdown_leaves_no_thread_and_the_library_starts_anew(gateway: Gateway) -> None:
    done = run(
        CLIENT
        + """
async def read(stream):
    async for _ in stream:
        pass

async def main():
    for _ in range(2):
        session = client()
        up = await call(session)
        pending = asyncio.create_task(up.ended())
        readers = [asyncio.create_task(read(up.audio())), asyncio.create_task(read(up.events()))]
        await asyncio.sleep(0.05)
        assert threads(), threads()
        assert all(await asyncio.gather(*(asyncio.to_thread(sw.shutdown) for _ in range(3))))
        assert (await pending).kind is sw.EndKind.SHUTDOWN
        await asyncio.gather(*readers)
        assert session.state is sw.ClientState.CLOSED
        assert threads() == [], threads()
        try:
            await session.connect()
        except sw.SignalWireError as error:
            print(type(error).__name__)
        assert sw.shutdown()
        assert threads() == [], threads()

asyncio.run(main())
""",
        gateway,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == "ClosedError\n" * 2


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this platform does not fork")
def test_a_forked_child_is_told_and_may_make_its_own_client(gateway: Gateway) -> None:
    done = run(
        CLIENT
        + """
session = client()
loop = asyncio.new_event_loop()
frames = []
up = loop.run_until_complete(call(session, frames.append))
while len(frames) < 5:
    time.sleep(0.01)

def wait_for(child):
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])

async def own_call():
    try:
        await session.connect()
    except sw.ForkedError:
        print("told", flush=True)
    async with client() as mine:
        own = mine.dial("/public/tone")
        await own.answered()
        async for frame in own.audio():
            print("heard", flush=True)
            break

child = os.fork()
if child == 0:
    asyncio.run(own_call())
    sys.exit(0)
assert wait_for(child) == 0
start = time.monotonic()
child = os.fork()
if child == 0:
    sys.exit(0)
assert wait_for(child) == 0
assert time.monotonic() - start < 1, "a child that uses nothing ends at once"
assert up.state is sw.CallState.ACTIVE
""",
        gateway,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "told\nheard\n"


def test_dropping_everything_ends_the_session(gateway: Gateway) -> None:
    done = run(
        CLIENT
        + """
import gc
async def main():
    session = client()
    await session.connect()
    del session
    gc.collect()
asyncio.run(main())
""",
        gateway,
    )
    assert (done.returncode, done.stderr) == (0, "")
    deadline = time.monotonic() + 10
    while any(session["connected"] for session in gateway.state()["sessions"]):
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this platform does not fork")
def test_no_old_object_hangs_in_a_forked_child(gateway: Gateway) -> None:
    done = run(
        CLIENT
        + """
session = client()
loop = asyncio.new_event_loop()
up = loop.run_until_complete(call(session))
events, stream, client_events = up.events(), up.audio(), session.events()

async def next_of(events):
    async for event in events:
        return event

async def old_objects():
    uses = {
        "dial": lambda: session.dial("/public/echo"),
        "connect": session.connect,
        "addresses": session.addresses,
        "disconnect": session.disconnect,
        "ended": up.ended,
        "answered": up.answered,
        "hangup": up.hangup,
        "digits": lambda: up.send_digits("1"),
        "hold": up.hold,
        "play": lambda: up.play_wav("x.wav"),
        "push": lambda: up.push_audio(bytes(960)),
        "sink": lambda: up.add_audio_sink(print),
        "events": lambda: next_of(events),
        "client events": lambda: next_of(client_events),
    }
    for name, use in uses.items():
        try:
            result = use()
            if hasattr(result, "__await__"):
                await asyncio.wait_for(result, 5)
        except sw.ForkedError:
            pass
        except asyncio.TimeoutError:
            print("hangs:", name, flush=True)
        except Exception as error:
            print(name, repr(error), flush=True)
    print("through", flush=True)

child = os.fork()
if child == 0:
    asyncio.run(old_objects())
    sys.exit(0)
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
assert up.state is sw.CallState.ACTIVE
""",
        gateway,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "through\n"


def test_two_copies_of_the_library_in_one_process(gateway: Gateway, tmp_path: Path) -> None:
    package = Path(sw.__file__).parent
    shutil.copytree(package, tmp_path / "another_client")
    code = f"import sys; sys.path.insert(0, {str(tmp_path)!r})" + CLIENT
    done = run(
        code
        + """
import another_client

async def heard(package):
    mine = package.Client(
        os.environ["SW_TOKEN"],
        ws_url=os.environ["SW_WS_URL"],
        http_url=os.environ["SW_HTTP_URL"],
        ca_certificates_pem=pathlib.Path(os.environ["SW_CA_FILE"]).read_text(),
        media_addresses=["127.0.0.1"],
    )
    await mine.connect()
    up = mine.dial("/public/tone")
    await up.answered()
    async for frame in up.audio():
        break
    return mine, up

async def main():
    one, two = await asyncio.gather(heard(sw), heard(another_client))
    assert type(one[1]) is not type(two[1])
    assert await asyncio.to_thread(sw.shutdown)
    assert two[1].state is another_client.CallState.ACTIVE
    try:
        await one[0].connect()
    except sw.ClosedError:
        print("ended alone", flush=True)

asyncio.run(main())
""",
        gateway,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "ended alone\n"


def test_exit_while_a_callback_never_returns_is_bounded(gateway: Gateway) -> None:
    start = time.monotonic()
    done = run(
        CLIENT
        + """
entered = threading.Event()

def never(frame):
    entered.set()
    threading.Event().wait()

session = client()
up = asyncio.run(call(session, never))
assert entered.wait(10)
""",
        gateway,
    )
    assert done.returncode == 0, done.stderr
    assert time.monotonic() - start < 20
