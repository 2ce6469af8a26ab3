"""What a figure was measured on, so that it can be compared with another."""

import os
import pathlib
import platform

import jax
import numpy as np
import scipy

import trfkit


def machine():
    """Processor, cores, system and versions, as {label: text}."""
    return {
        "processor": _processor(),
        "cores": str(len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()),
        "system": platform.platform(terse=True),
        "python": platform.python_version(),
        "device": str(jax.devices()[0]),
        **{package.__name__: package.__version__ for package in (trfkit, jax, np, scipy)},
    }


def _processor():
    cpuinfo = pathlib.Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def print_machine():
    """One line of it."""
    print(", ".join(f"{label} {text}" for label, text in machine().items()))
