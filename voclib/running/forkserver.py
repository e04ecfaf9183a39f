"""A fork server for kernels: one process imports what every notebook needs, and each kernel is a fork of it.

Imports cost a kernel about three seconds, the same three in each. On Linux only, where a process that runs one thread may be forked: numerical
libraries are held to one thread, and allocators that keep one of their own look after it. Elsewhere, and wherever the server is not to be
reached, a kernel starts by itself and imports for itself.
"""

from __future__ import annotations

import contextlib
import gc
import json
import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from pkgutil import resolve_name
from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    from jupyter_client.provisioning import LocalProvisioner

KERNEL, GRAMMAR = "ipykernel.kernelapp", "rfc3987_syntax"
START = "import sys; sys.path[:1] = filter(None, sys.path[:1])"  # without the working directory, which ipykernel puts where it belongs
LONGEST = 100  # bytes of a socket's path that every system takes


@contextlib.contextmanager
def forkserver(modules: Sequence[str], env: Mapping[str, str]) -> Iterator[str]:
    """The address of a server whose kernels know `modules`, while the block runs; empty where there is none.

    `env` is what must stand in the environment before Python starts, such as the seed of its hashes.
    """
    with tempfile.TemporaryDirectory(prefix="voc-") as folder:
        address = str(Path(folder) / "kernels")
        if sys.platform != "linux" or len(os.fsencode(address)) > LONGEST:
            yield ""
            return
        with socket.socket(socket.AF_UNIX) as door:
            door.bind(address)
            door.listen(64)
            call = f"{START}; from voclib.running.forkserver import serve; serve({door.fileno()}, {list(modules)!r})"
            with subprocess.Popen([sys.executable, "-c", call], stdin=subprocess.PIPE, env={**os.environ, **env}, pass_fds=[door.fileno()],
                                  start_new_session=True):
                door.close()  # only the server holds it now: should that end, whoever calls is turned away at once
                yield address  # then its standard input closes, which ends it


@contextlib.contextmanager
def light() -> Iterator[None]:
    """Imports without the grammar of web addresses: beside JupyterLab, jsonschema builds it at a cost of one second, and nobody here asks it."""
    sys.modules.setdefault(GRAMMAR, None)  # an import of None fails, and jsonschema does without
    try:
        yield
    finally:
        if sys.modules.get(GRAMMAR, sys) is None:
            del sys.modules[GRAMMAR]


def serve(door: int, modules: Sequence[str]) -> None:
    """Import, then fork a kernel for everyone who calls, until standard input closes. What fails to import, the notebook will tell."""
    os.environ["JPY_PARENT_PID"] = str(os.getpid())  # ipykernel reads it as it is imported: a kernel ends when this process does
    gc.disable()
    with light():
        for name in (KERNEL, *modules):
            with contextlib.suppress(Exception):
                resolve_name(name)
    gc.freeze()  # what was imported stays: a kernel that searched it for garbage would lose time, and copy its memory
    gc.enable()
    with socket.socket(fileno=door) as listener:
        while sys.stdin not in select.select([listener, sys.stdin], [], [])[0]:
            line, _ = listener.accept()
            if os.fork() == 0:
                listener.close()
                _become(line)
            line.close()
            _reap()
    _reap()
    os._exit(0)  # nothing here needs tidying up


def _reap() -> None:
    """Take note of kernels that ended, so that their processor time counts; nobody waits here, since each closes its line as it goes."""
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            continue


def _become(line: socket.socket) -> NoReturn:
    """Be the kernel that was asked for; the line stays open until the process ends."""
    with line.makefile("rb") as stream:
        asked = json.loads(stream.readline())
    os.setsid()
    os.chdir(asked["cwd"])
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.environ.clear()
    os.environ.update({**asked["env"], "JPY_PARENT_PID": str(os.getppid())})
    if numpy := sys.modules.get("numpy"):
        numpy.random.seed()  # or what a notebook draws without a seed would be the same in every kernel
    line.sendall(f"{os.getpid()}\n".encode())
    sys.argv = asked["argv"]
    import_module(KERNEL).launch_new_instance(argv=asked["argv"][1:])
    os._exit(0)  # the line closes with the process and not before it: an interpreter that tidies up still writes to its folder


class ForkedKernel:
    """A kernel forked by the server, with the part of `subprocess.Popen` that jupyter_client uses.

    Raises
    ------
    OSError
        if the server is not to be reached, or hangs up.
    """

    stdin = stdout = stderr = None

    def __init__(self, address: str, argv: Sequence[str], *, cwd: str, env: Mapping[str, str]) -> None:
        self.returncode: int | None = None
        self._line = socket.socket(socket.AF_UNIX)
        try:
            self._line.connect(address)
            self._line.sendall(json.dumps({"argv": list(argv), "cwd": cwd, "env": dict(env)}).encode() + b"\n")
            with self._line.makefile("rb") as stream:
                answer = stream.readline()
            if not answer:
                raise ConnectionAbortedError(f"the fork server at {address} hung up")
        except OSError:
            self._line.close()
            raise
        self.pid = int(answer)

    def poll(self) -> int | None:
        """None while the kernel lives; its end closes the line, which does not say how it ended."""
        return self.wait(0)

    def wait(self, timeout: float | None = None) -> int | None:
        """Wait for the end, at most `timeout` seconds."""
        if self.returncode is None and select.select([self._line], [], [], timeout)[0]:
            self._line.close()
            self.returncode = 1
        return self.returncode

    def send_signal(self, signum: int) -> None:
        """Send a signal while there is somebody to receive it."""
        if self.poll() is None:
            os.kill(self.pid, signum)

    def kill(self) -> None:
        """End it at once."""
        self.send_signal(signal.SIGKILL)

    def terminate(self) -> None:
        """Ask it to end."""
        self.send_signal(signal.SIGTERM)


def provisioner(address: str) -> type[LocalProvisioner]:
    """A kernel provisioner that has the server fork, and starts a process of its own where that fails."""
    from jupyter_client.provisioning import LocalProvisioner

    class Forking(LocalProvisioner):
        async def launch_kernel(self, cmd: list[str], **named: Any) -> Any:
            try:
                self.process = ForkedKernel(address, cmd[2:], cwd=str(named["cwd"]), env=named["env"])
            except OSError:
                return await super().launch_kernel(cmd, **named)
            self.pid = self.pgid = self.process.pid
            self.cwd = named["cwd"]
            return self.connection_info

    return Forking
