"""Compiled programs in the user's cache folder, one file for each.

A file's name is a digest of all that its program depends on: what was compiled, JAX and this library to the letter of
their sources, device and processor, JAX's settings. Files are written whole under another name and then moved, so that
several processes share a folder; each begins with the digest of the rest, and one that does not fit is compiled anew.
They hold machine code and are unpickled: a folder that others may write to is as trustworthy as they are.
"""

import contextlib
import functools
import hashlib
import os
import pathlib
import pickle
import platform
import sys
import tempfile

import jax
import jaxlib
import numpy as np
from jax.experimental.serialize_executable import deserialize_and_load, serialize

from .stable import Unstable, stable_digest

VARIABLE = "TRFKIT_CACHE"
MOST_FILES = 400  # of a few hundred kB each
DIGEST_BYTES = hashlib.sha256().digest_size


def folder() -> pathlib.Path | None:
    """Where programs are kept; None if they are not."""
    chosen = os.environ.get(VARIABLE, "")
    if chosen.lower() in ("off", "0", "no", "false"):
        return None
    if chosen:
        return pathlib.Path(chosen)
    if sys.platform == "darwin":
        base = pathlib.Path.home() / "Library" / "Caches"
    elif sys.platform == "win32":
        base = pathlib.Path(os.environ.get("LOCALAPPDATA") or pathlib.Path.home() / "AppData" / "Local")
    else:
        base = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache")
    return base / "trfkit"


@functools.cache
def _surroundings() -> str:
    """What is the same for all programs of a process, as a digest."""
    digest = hashlib.sha256()
    for source in sorted(pathlib.Path(__file__).parent.glob("*.py")):
        digest.update(source.read_bytes())
    device = jax.devices()[0]
    facts = jax.__version__, jaxlib.__version__, np.__version__, sys.version, platform.platform(), _processor()
    digest.update(repr((facts, device.platform, device.device_kind, os.environ.get("XLA_FLAGS"))).encode())
    return digest.hexdigest()


def _processor() -> str:
    """The processor with what it can do: code made for one may not run on another."""
    with contextlib.suppress(OSError), open("/proc/cpuinfo", encoding="utf-8") as file:
        return next((line for line in file if line.startswith(("flags", "Features"))), "")
    return platform.processor()


def _path(what) -> pathlib.Path | None:
    """The file of a program; None if programs are not kept, or this one cannot be named."""
    where = folder()
    if where is None:
        return None
    try:
        settings = sorted((name, repr(value)) for name, value in jax.config.values.items())
        return where / stable_digest((what, _surroundings(), settings))
    except Unstable:
        return None


def load(what):
    """(compiled, structure of what it returns) of a program that was saved; None if there is none, or it is damaged."""
    path = _path(what)
    try:
        content = None if path is None else path.read_bytes()
    except OSError:
        return None
    if content is None or hashlib.sha256(content[DIGEST_BYTES:]).digest() != content[:DIGEST_BYTES]:
        return None
    payload, count, out = pickle.loads(content[DIGEST_BYTES:])
    structure = jax.tree.structure(((0,) * count, {}))
    leaves = jax.tree.structure([0] * jax.tree.structure(out).num_leaves)
    try:
        compiled = deserialize_and_load(payload, structure, leaves)
    except (jax.errors.JaxRuntimeError, ValueError):  # saved by another build of the same version
        return None
    with contextlib.suppress(OSError):
        os.utime(path)  # the files last used are those that stay
    return compiled, jax.tree.structure(out)


def save(what, compiled, out) -> None:
    """Keep a compiled program that returns leaves of the structure `out`; without a word if that can't be."""
    path = _path(what)
    if path is None:
        return
    try:
        payload, structure, _ = serialize(compiled)
        content = pickle.dumps((payload, structure.num_leaves, jax.tree.unflatten(out, range(out.num_leaves))))
    except (jax.errors.JaxRuntimeError, ValueError, TypeError, pickle.PicklingError):  # it calls back, say
        return
    with contextlib.suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as file:
            file.write(hashlib.sha256(content).digest() + content)
        os.replace(file.name, path)
        _make_room(path.parent)


def _make_room(where: pathlib.Path) -> None:
    """Remove the files that were not used for longest, if there are too many."""
    files = list(where.iterdir())
    if len(files) > MOST_FILES:
        for file in sorted(files, key=lambda f: f.stat().st_mtime)[: len(files) - MOST_FILES * 3 // 4]:
            file.unlink(missing_ok=True)
