# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Python packages of the list. Each load statement names the compiled modules, since many packages do without them."""

from __future__ import annotations

from ..images.runtime_images import BULLSEYE
from .artifact import Artifact
from .spoiled import Cut, Moved, Pointer, Without, WithoutSections

_ARM = "aarch64-manylinux_2_28"
_MUSL = "x86_64-unknown-linux-musl"
_MAC = "aarch64-apple-darwin"
_WINDOWS = "x86_64-pc-windows-msvc"
_NEW = "x86_64-manylinux_2_34"
_AIOHTTP = "aiohttp multidict yarl frozenlist aiosignal propcache attrs aiohappyeyeballs idna typing-extensions"

_GOOD = (
    Artifact("aiohttp", "import aiohttp._http_parser, multidict._multidict, yarl._quoting_c", tuple(_AIOHTTP.split())),
    Artifact("asyncpg", "import asyncpg.protocol.protocol", ("asyncpg",)),
    Artifact("bcrypt", "import bcrypt; bcrypt.gensalt(4)", ("bcrypt==5.0.0",)),
    Artifact("brotli", "import _brotli", ("brotli",)),
    Artifact("cffi", "import _cffi_backend", ("cffi==2.1.1",)),
    Artifact("charset-normalizer", "import charset_normalizer.md", ("charset-normalizer",)),
    Artifact("confluent-kafka", "import confluent_kafka.cimpl", ("confluent-kafka",)),
    Artifact("cryptography", "from cryptography.fernet import Fernet", ("cryptography==50.0.2", "cffi==2.1.1")),
    Artifact("frozenlist", "import frozenlist._frozenlist", ("frozenlist",)),
    Artifact(
        "gevent",
        "import gevent.libev.corecext, gevent._gevent_cgreenlet",
        ("gevent", "greenlet", "zope-interface", "zope-event"),
    ),
    Artifact("greenlet", "import greenlet._greenlet", ("greenlet",)),
    Artifact("grpcio", "import grpc._cython.cygrpc", ("grpcio", "typing-extensions")),
    Artifact("httptools", "import httptools.parser.parser", ("httptools",)),
    Artifact("lxml", "import lxml.etree, lxml.objectify", ("lxml",)),
    Artifact("lz4", "import lz4.frame", ("lz4",)),
    Artifact("markupsafe", "import markupsafe._speedups", ("markupsafe",)),
    Artifact("msgpack", "import msgpack._cmsgpack", ("msgpack",)),
    Artifact("numpy", "import numpy; numpy.linalg.inv(numpy.eye(2))", ("numpy",)),
    Artifact("orjson", "import orjson", ("orjson",)),
    Artifact("pillow", "import PIL._imaging, PIL._imagingft, PIL._webp", ("pillow",)),
    Artifact("protobuf", "import google._upb._message", ("protobuf",)),
    Artifact("psutil", "import psutil", ("psutil",)),
    Artifact(
        "psycopg-binary",
        "import psycopg; assert psycopg.pq.__impl__ == 'binary'",
        ("psycopg-binary", "psycopg", "typing-extensions"),
    ),
    Artifact("psycopg2-binary", "import psycopg2", ("psycopg2-binary",)),
    Artifact("pydantic-core", "import pydantic_core", ("pydantic-core", "typing-extensions")),
    Artifact("pymongo", "import bson._cbson, pymongo._cmessage", ("pymongo", "dnspython")),
    Artifact("pynacl", "import nacl._sodium", ("pynacl", "cffi==2.1.1")),
    Artifact("pyodbc", "import pyodbc", ("pyodbc",)),
    Artifact("pyyaml", "import yaml._yaml", ("pyyaml",)),
    Artifact("pyzmq", "import zmq.backend.cython._zmq", ("pyzmq",)),
    Artifact("regex", "import regex._regex", ("regex",)),
    Artifact("rpds-py", "import rpds", ("rpds-py==2026.9.1",)),
    Artifact("shapely", "import shapely.lib", ("shapely", "numpy")),
    Artifact("tokenizers", "import tokenizers.tokenizers", ("tokenizers",)),
    Artifact("ujson", "import ujson", ("ujson",)),
    Artifact("uvloop", "import uvloop.loop", ("uvloop",)),
    Artifact("websockets", "import websockets.speedups", ("websockets",)),
    Artifact("wrapt", "import wrapt._wrappers", ("wrapt",)),
    Artifact("zstandard", "import zstandard.backend_c", ("zstandard",)),
    Artifact(
        "pynacl on an older system", "import nacl._sodium", ("pynacl", "cffi==2.0.0"), python="3.9.2", system=BULLSEYE
    ),
    Artifact(
        "cryptography on an older system",
        "from cryptography.hazmat.bindings import _rust",
        ("cryptography==50.0.1", "cffi==2.0.0"),
        python="3.9.2",
        system=BULLSEYE,
    ),
)

_ELSEWHERE = (
    Artifact(
        "cryptography for arm64",
        "from cryptography.hazmat.bindings import _rust",
        ("cryptography==50.0.2",),
        platform=_ARM,
    ),
    Artifact("psycopg2-binary for arm64", "import psycopg2", ("psycopg2-binary",), platform=_ARM),
    Artifact("rpds-py for Alpine", "import rpds", ("rpds-py==2026.9.1",), platform=_MUSL),
    Artifact("psycopg2-binary for Alpine", "import psycopg2", ("psycopg2-binary",), platform=_MUSL),
    Artifact(
        "pydantic-core for Alpine", "import pydantic_core", ("pydantic-core", "typing-extensions"), platform=_MUSL
    ),
    Artifact("orjson for a Mac", "import orjson", ("orjson",), platform=_MAC),
    Artifact("psycopg2-binary for a Mac", "import psycopg2", ("psycopg2-binary",), platform=_MAC),
    Artifact("lxml for Windows", "import lxml.etree", ("lxml",), platform=_WINDOWS),
    Artifact("bcrypt for Windows", "import bcrypt", ("bcrypt==5.0.0",), platform=_WINDOWS),
)

_OTHER_PYTHONS = (
    Artifact("orjson for Python 3.12", "import orjson", ("orjson",), python="3.12"),
    Artifact(
        "pydantic-core for Python 3.13", "import pydantic_core", ("pydantic-core", "typing-extensions"), python="3.13"
    ),
    Artifact(
        "rpds-py for free-threaded Python 3.13", "import rpds", ("rpds-py==2026.5.1",), python="3.13", abi="cp313t"
    ),
    Artifact("uvloop for Python 3.10", "import uvloop", ("uvloop",), python="3.10"),
    Artifact("zxing-cpp for Python 3.12 and later", "import zxingcpp", ("zxing-cpp",), python="3.12"),
    Artifact(
        "frozenlist for Python 3.12", "import frozenlist; frozenlist.FrozenList([1])", ("frozenlist",), python="3.12"
    ),
    Artifact("markupsafe for Python 3.13", "import markupsafe; markupsafe.escape('<')", ("markupsafe",), python="3.13"),
)

_TOO_NEW = (
    Artifact(
        "cryptography for glibc 2.34",
        "from cryptography.hazmat.bindings import _rust",
        ("cryptography==50.0.1",),
        platform=_NEW,
        python="3.9.2",
        system=BULLSEYE,
    ),
    Artifact(
        "bcrypt for glibc 2.34", "import bcrypt", ("bcrypt==5.0.0",), platform=_NEW, python="3.9.2", system=BULLSEYE
    ),
)

_SPOILED = (
    Artifact("pillow without pillow.libs", "import PIL._imaging", ("pillow",), spoil=Without("pillow.libs")),
    Artifact(
        "psycopg2-binary without its libraries",
        "import psycopg2",
        ("psycopg2-binary",),
        spoil=Without("psycopg2_binary.libs"),
    ),
    Artifact("shapely without libgeos", "import shapely.lib", ("shapely",), spoil=Without("shapely.libs/libgeos-*")),
    Artifact("numpy.libs moved to lib/", "import numpy", ("numpy",), spoil=Moved("numpy.libs/*", "lib")),
    Artifact("lxml, cut at 60 %", "import lxml.etree", ("lxml",), spoil=Cut("lxml/*.so", 0.6)),
    Artifact("ujson, empty", "import ujson", ("ujson",), spoil=Cut("ujson*.so", 0)),
    Artifact("regex, a Git LFS pointer", "import regex._regex", ("regex",), spoil=Pointer("regex/*.so")),
    Artifact(
        "wrapt without section headers", "import wrapt._wrappers", ("wrapt",), spoil=WithoutSections("wrapt/*.so")
    ),
)

_UNSEEN = (
    Artifact(
        "python-magic", "import magic", ("python-magic",), unseen="It asks for libmagic by name when it runs (ctypes)."
    ),
)

PYTHON = (*_GOOD, *_ELSEWHERE, *_OTHER_PYTHONS, *_TOO_NEW, *_SPOILED, *_UNSEEN)
