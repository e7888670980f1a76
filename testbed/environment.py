"""Paths, ports and processes of this checkout, and Odoo's configuration."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
LOCAL = ROOT / ".local"
DATA = LOCAL / "data"
"""Odoo's files."""

# Odoo starts in half the time from compiled files. They are kept in .local, because
# the folder of Odoo may be read-only.
os.environ["PYTHONPYCACHEPREFIX"] = str(LOCAL / "pycache")
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)


def say(text: str) -> None:
    """Tell the person at the terminal."""
    print(text, file=sys.stderr, flush=True)


# Odoo -------------------------------------------------------------------------------


def odoo_config() -> Path:
    """Write Odoo's configuration file for this checkout and return its path."""
    from odoo import release

    source = Path(release.__file__).parent.parent
    addons = [ROOT, source / "addons"]
    file = LOCAL / "odoo.conf"
    # Replaced in one step, because another process may be reading it.
    unfinished = file.with_suffix(f".{os.getpid()}")
    unfinished.write_text(
        "[options]\n"
        f"addons_path = {','.join(str(path) for path in addons if path.is_dir())}\n"
        f"data_dir = {DATA}\n"
        f"bin_path = {LOCAL / 'wkhtmltopdf'}\n"
        "http_interface = 127.0.0.1\n"
        "list_db = False\n"
    )
    return unfinished.replace(file)


def odoo_environment(local_hosts: str = "") -> dict[str, str]:
    """Return the environment variables of an Odoo process.

    :param local_hosts: sandboxes that the addon may ask, ``HOST:PORT``
    """
    path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH", "")]))
    environment = {**os.environ, "PYTHONPATH": path, "ODOO_RC": str(odoo_config())}
    if local_hosts:
        environment["BENJI_CONNECTWISE_LOCAL_HOSTS"] = local_hosts
    return environment


def run_odoo(*arguments: str, **options: Any) -> None:
    """Run Odoo to its end; raises CalledProcessError if it fails."""
    run_module("odoo", *arguments, **options)


def run_module(
    module: str, *arguments: object, local_hosts: str = "", **options: Any
) -> None:
    """Run a Python module with Odoo's environment; raises CalledProcessError."""
    subprocess.run(
        [sys.executable, "-m", module, *map(str, arguments)],
        env=odoo_environment(local_hosts),
        check=True,
        **options,
    )


# Processes and ports ----------------------------------------------------------------


@contextmanager
def background(command: list[str], **options: Any) -> Iterator[subprocess.Popen]:
    """Run a command in a session of its own, and end it when the block ends."""
    process = subprocess.Popen(command, start_new_session=True, **options)
    try:
        yield process
    finally:
        end(process)


def end(process: subprocess.Popen) -> None:
    """End a process that leads a session of its own, and all others of that session."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGTERM)
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def port_is_free(port: int) -> bool:
    """Whether nobody listens on this port."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def wait_for(url: str, process: subprocess.Popen, seconds: float = 60) -> None:
    """Wait until `url` answers.

    :raises RuntimeError: if the process ends first, or the time is over
    """

    def answers() -> bool:
        if process.poll() is not None:
            raise RuntimeError(f"{process.args[0]} ended with {process.returncode}")
        with suppress(OSError):
            urllib.request.urlopen(url, timeout=5).close()  # nosec B310
            return True
        return False

    if not wait_until(answers, seconds):
        raise RuntimeError(f"{url} did not answer within {seconds:.0f} seconds")


def wait_until(
    condition: Callable[[], Any], seconds: float, *, step: float = 0.1
) -> bool:
    """Wait until `condition` is true; return whether that was within the time."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(step)
    return True
