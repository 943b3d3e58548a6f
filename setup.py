"""Compiles the relay from its own source (mypyc) where a C compiler is; without one it is installed as it is, and slower."""

import os
import sys

from mypyc.build import mypycify
from setuptools import Extension, setup

COMPILED = (
    "allowance",
    "batch",
    "cache",
    "extensions",
    "path",
    "port",
    "relay",
    "rtcp",
    "rtp",
    "seam",
    "translation",
    "transport_wide",
)


def compiled() -> list[Extension]:
    """The modules that one C library is made of. They are left as they are where that fails."""
    if sys.argv[1:2] in (["egg_info"], ["dist_info"]):
        return []
    # What is checked of types is `make check`'s to say, and what it is checked with need not be here.
    options = [f"--config-file={os.devnull}", "--ignore-missing-imports"]
    sources = [f"media/{name}.py" for name in COMPILED]
    extensions = mypycify([*options, *sources], opt_level="2", debug_level="0", group_name="media.compiled")
    for extension in extensions:
        extension.optional = True
    return extensions


setup(ext_modules=compiled())
