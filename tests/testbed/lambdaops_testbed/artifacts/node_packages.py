# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""npm packages of the list, each with what npm installs beside it."""

from __future__ import annotations

from .artifact import Artifact
from .spoiled import Cut, Moved, Pointer, Without

_SHARP = ("sharp", "@img/colour", "detect-libc", "semver")
_LEVEL = (
    "classic-level abstract-level buffer base64-js ieee754 is-buffer level-supports level-transcoder "
    "maybe-combine-errors module-error napi-macros node-gyp-build@4.8.4"
)
_LMDB = (
    "lmdb @lmdb/lmdb-linux-x64 msgpackr ordered-binary weak-lru-cache node-gyp-build-optional-packages "
    "@harperfast/extended-iterable detect-libc"
)
_PARCEL = ("@parcel/watcher", "detect-libc", "is-glob", "is-extglob", "picomatch")
_MODULES = "node_modules"

_GOOD = (
    Artifact(
        "@datadog/native-metrics",
        "require('@datadog/native-metrics')",
        npm=("@datadog/native-metrics", "node-gyp-build@3.9.0"),
    ),
    Artifact(
        "@datadog/pprof",
        "require('@datadog/pprof').time.start({})",
        npm=("@datadog/pprof", "pprof-format", "source-map", "node-gyp-build@4.8.4"),
    ),
    Artifact(
        "@napi-rs/canvas",
        "require('@napi-rs/canvas').createCanvas(2, 2).toBuffer('image/png')",
        npm=("@napi-rs/canvas", "@napi-rs/canvas-linux-x64-gnu"),
    ),
    Artifact("@node-rs/bcrypt", "require('@node-rs/bcrypt')", npm=("@node-rs/bcrypt", "@node-rs/bcrypt-linux-x64-gnu")),
    Artifact(
        "@node-rs/xxhash",
        "require('@node-rs/xxhash').xxh32('a')",
        npm=("@node-rs/xxhash", "@node-rs/xxhash-linux-x64-gnu"),
    ),
    Artifact("@parcel/watcher", "require('@parcel/watcher')", npm=(*_PARCEL, "@parcel/watcher-linux-x64-glibc")),
    Artifact(
        "@sentry-internal/node-cpu-profiler",
        "require('@sentry-internal/node-cpu-profiler')",
        npm=("@sentry-internal/node-cpu-profiler", "detect-libc", "node-abi", "semver"),
    ),
    Artifact(
        "@swc/core",
        "require('@swc/core').transformSync('1')",
        npm=("@swc/core", "@swc/core-linux-x64-gnu", "@swc/counter"),
    ),
    Artifact("argon2", "require('argon2')", npm=("argon2", "@phc/format", "node-gyp-build@4.8.4")),
    Artifact("bcrypt from npm", "require('bcrypt').hashSync('a', 4)", npm=("bcrypt", "node-gyp-build@4.8.4")),
    Artifact("bufferutil", "require('bufferutil')", npm=("bufferutil", "node-gyp-build@4.8.4")),
    Artifact("classic-level", "require('classic-level')", npm=tuple(_LEVEL.split())),
    Artifact("deasync", "require('deasync')", npm=("deasync", "bindings", "file-uri-to-path")),
    Artifact("esbuild", "require('esbuild').transformSync('1')", npm=("esbuild", "@esbuild/linux-x64")),
    Artifact(
        "lightningcss",
        "require('lightningcss').transform({filename: '', code: Buffer.from('')})",
        npm=("lightningcss", "lightningcss-linux-x64-gnu", "detect-libc"),
    ),
    Artifact("lmdb", "require('lmdb')", npm=tuple(_LMDB.split())),
    Artifact(
        "msgpackr-extract",
        "require('msgpackr-extract').extractStrings.name",
        npm=(
            "msgpackr-extract",
            "@msgpackr-extract/msgpackr-extract-linux-x64",
            "node-gyp-build-optional-packages",
            "detect-libc",
        ),
    ),
    Artifact(
        "rollup", "require('rollup/dist/native.js')", npm=("rollup", "@rollup/rollup-linux-x64-gnu", "@types/estree")
    ),
    Artifact("sharp", "require('sharp')", npm=(*_SHARP, "@img/sharp-linux-x64", "@img/sharp-libvips-linux-x64")),
    Artifact(
        "sharp for glibc and musl",
        "require('sharp')",
        npm=(
            *_SHARP,
            "@img/sharp-linux-x64",
            "@img/sharp-libvips-linux-x64",
            "@img/sharp-linuxmusl-x64",
            "@img/sharp-libvips-linuxmusl-x64",
        ),
    ),
    Artifact("snappy", "require('snappy').compressSync('a')", npm=("snappy", "@napi-rs/snappy-linux-x64-gnu")),
    Artifact("sodium-native", "require('sodium-native')", npm=("sodium-native", "node-gyp-build@4.8.4")),
    Artifact("utf-8-validate", "require('utf-8-validate')", npm=("utf-8-validate", "node-gyp-build@4.8.4")),
)

_ELSEWHERE = (
    Artifact(
        "sharp for arm64", "require('sharp')", npm=(*_SHARP, "@img/sharp-linux-arm64", "@img/sharp-libvips-linux-arm64")
    ),
    Artifact(
        "sharp for Alpine",
        "require('sharp')",
        npm=(*_SHARP, "@img/sharp-linuxmusl-x64", "@img/sharp-libvips-linuxmusl-x64"),
    ),
    Artifact("sharp for a Mac", "require('sharp')", npm=(*_SHARP, "@img/sharp-darwin-arm64")),
    Artifact(
        "esbuild for a Mac",
        "require('esbuild').transformSync('1')",
        npm=("esbuild", "@esbuild/darwin-arm64"),
        unsure="It is a program, and nothing but the code that starts it knows whether it is needed.",
    ),
    Artifact(
        "lightningcss for Windows",
        "require('lightningcss')",
        npm=("lightningcss", "lightningcss-win32-x64-msvc", "detect-libc"),
    ),
    Artifact(
        "@node-rs/xxhash for arm64",
        "require('@node-rs/xxhash')",
        npm=("@node-rs/xxhash", "@node-rs/xxhash-linux-arm64-gnu"),
    ),
    Artifact(
        "@node-rs/xxhash for Alpine",
        "require('@node-rs/xxhash')",
        npm=("@node-rs/xxhash", "@node-rs/xxhash-linux-x64-musl"),
    ),
    Artifact("node-pty, built for Mac and Windows only", "require('node-pty')", npm=("node-pty",)),
    Artifact(
        "bcrypt without its Linux builds",
        "require('bcrypt')",
        npm=("bcrypt", "node-gyp-build@4.8.4"),
        spoil=Without(f"{_MODULES}/bcrypt/prebuilds/linux-*"),
    ),
    Artifact(
        "argon2 without its glibc build",
        "require('argon2')",
        npm=("argon2", "@phc/format", "node-gyp-build@4.8.4"),
        spoil=Without(f"{_MODULES}/argon2/prebuilds/linux-x64/argon2.glibc.node"),
    ),
)

_OTHER_NODES = (
    Artifact(
        "fibers, built for Node.js 12 and 14",
        "require('./node_modules/fibers/bin/linux-x64-83-glibc/fibers.node')",
        npm=("fibers", "detect-libc"),
        unsure="Addons of this kind tell their version only when they run.",
    ),
    Artifact(
        "@datadog/pprof without its build for Node.js 18",
        "require('@datadog/pprof').time.start({})",
        npm=("@datadog/pprof", "pprof-format", "source-map", "node-gyp-build@4.8.4"),
        spoil=Without(f"{_MODULES}/@datadog/pprof/prebuilds/linux-x64/dd_pprof.node.abi108.node"),
    ),
)

_TOO_NEW = (
    Artifact(
        "@llamaindex/liteparse, built for glibc 2.39",
        "require('./node_modules/@llamaindex/liteparse/liteparse.linux-x64-gnu.node')",
        npm=("@llamaindex/liteparse",),
    ),
)

_SPOILED = (
    Artifact("sharp without libvips", "require('sharp')", npm=(*_SHARP, "@img/sharp-linux-x64")),
    Artifact(
        "sharp with libvips for Alpine",
        "require('sharp')",
        npm=(*_SHARP, "@img/sharp-linux-x64", "@img/sharp-libvips-linuxmusl-x64"),
    ),
    Artifact(
        "sharp, libvips moved to lib/",
        "require('sharp')",
        npm=(*_SHARP, "@img/sharp-linux-x64", "@img/sharp-libvips-linux-x64"),
        spoil=Moved(f"{_MODULES}/@img/sharp-libvips-linux-x64/lib/libvips-cpp.so.*", "lib"),
    ),
    Artifact(
        "snappy, cut at 30 %",
        "require('snappy')",
        npm=("snappy", "@napi-rs/snappy-linux-x64-gnu"),
        spoil=Cut(f"{_MODULES}/@napi-rs/snappy-linux-x64-gnu/*.node", 0.3),
    ),
    Artifact(
        "@node-rs/bcrypt, a Git LFS pointer",
        "require('@node-rs/bcrypt')",
        npm=("@node-rs/bcrypt", "@node-rs/bcrypt-linux-x64-gnu"),
        spoil=Pointer(f"{_MODULES}/@node-rs/bcrypt-linux-x64-gnu/*.node"),
    ),
)

_UNSEEN = (
    Artifact(
        "snappy without its binary package",
        "require('snappy')",
        npm=("snappy",),
        unseen="What npm left out (`--omit=optional`) is not in the package to be read.",
    ),
)

NODE = (*_GOOD, *_ELSEWHERE, *_OTHER_NODES, *_TOO_NEW, *_SPOILED, *_UNSEEN)
