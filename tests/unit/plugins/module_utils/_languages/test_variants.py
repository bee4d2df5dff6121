# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which of a package's natives fit a target, told by the names that real packages give to their files."""

from __future__ import annotations

import pytest
from ansible_collections.lambdaops.deploy.plugins.module_utils._languages.platforms import misfit, without_platform
from ansible_collections.lambdaops.deploy.plugins.module_utils._languages.variants import SortedOut, sort_out
from ansible_collections.lambdaops.deploy.plugins.module_utils._native.contents import LAYER_ROOT, Format, Native
from ansible_collections.lambdaops.deploy.plugins.module_utils._native.findings import Problem, Verdict
from hypothesis import example, given
from hypothesis import strategies as st
from native_packages import contents, elf, mac, musl, target, windows

NODE = target("nodejs20.x")


def native_for(name: str) -> Native:
    """A file as its name says it is."""
    low = name.lower()
    machine = "aarch64" if any(word in low for word in ("arm64", "aarch64", "aarch_64", "armv8")) else "x86_64"
    if any(word in low for word in ("ia32", "i686", "linux32", "linux_x86.", "linux/x86/")):
        machine = "i386"
    for word in ("s390x", "riscv64", "ppc64le"):
        if word in low:
            machine = word
    if any(word in low for word in ("darwin", "macos", "osx", "/mac/", ".dylib", "jnilib")):
        return mac(name, machine)
    if any(word in low for word in ("win32", "win-", "windows", "win64", "cygwin")) or low.endswith((".dll", ".exe")):
        return windows(name, machine)
    if "freebsd" in low:
        return elf(name, machine, needed=("libc.so.7",))
    if "android" in low:
        return elf(name, machine, needed=("libc.so", "libm.so", "libdl.so"))
    return musl(name, machine) if "musl" in low or "alpine" in low else elf(name, machine)


# As the packages have them: what fits comes first.
REAL = {
    "sharp": """
        node_modules/@img/sharp-linux-x64/lib/sharp-linux-x64.node
        node_modules/@img/sharp-linuxmusl-x64/lib/sharp-linuxmusl-x64.node
        node_modules/@img/sharp-linux-arm64/lib/sharp-linux-arm64.node
        node_modules/@img/sharp-darwin-arm64/lib/sharp-darwin-arm64.node
        node_modules/@img/sharp-win32-x64/lib/sharp-win32-x64.node""",
    "sharp with its version in the file's name": """
        node_modules/@img/sharp-linux-x64/lib/sharp-linux-x64-0.35.5.node
        node_modules/@img/sharp-linuxmusl-x64/lib/sharp-linuxmusl-x64-0.35.5.node
        node_modules/@img/sharp-darwin-arm64/lib/sharp-darwin-arm64-0.35.5.node""",
    "libvips": """
        node_modules/@img/sharp-libvips-linux-x64/lib/libvips-cpp.so.42
        node_modules/@img/sharp-libvips-linuxmusl-x64/lib/libvips-cpp.so.42
        node_modules/@img/sharp-libvips-linux-arm64/lib/libvips-cpp.so.42
        node_modules/@img/sharp-libvips-darwin-arm64/lib/libvips-cpp.42.dylib""",
    "bcrypt": """
        node_modules/bcrypt/prebuilds/linux-x64/bcrypt.glibc.node
        node_modules/bcrypt/prebuilds/linux-x64/bcrypt.musl.node
        node_modules/bcrypt/prebuilds/linux-arm64/bcrypt.glibc.node
        node_modules/bcrypt/prebuilds/darwin-arm64/bcrypt.node
        node_modules/bcrypt/prebuilds/win32-x64/bcrypt.node""",
    "argon2": """
        node_modules/argon2/prebuilds/linux-x64/argon2.glibc.node
        node_modules/argon2/prebuilds/linux-x64/argon2.musl.node
        node_modules/argon2/prebuilds/linux-arm64/argon2.armv8.glibc.node
        node_modules/argon2/prebuilds/darwin-arm64/argon2.armv8.glibc.node
        node_modules/argon2/prebuilds/freebsd-x64/argon2.glibc.node
        node_modules/argon2/prebuilds/win32-x64/argon2.glibc.node""",
    "classic-level": """
        node_modules/classic-level/prebuilds/linux-x64/classic-level.node
        node_modules/classic-level/prebuilds/linux-x64/classic-level.musl.node
        node_modules/classic-level/prebuilds/android-arm64/classic-level.armv8.node
        node_modules/classic-level/prebuilds/darwin-x64+arm64/classic-level.node
        node_modules/classic-level/prebuilds/win32-ia32/classic-level.node""",
    "napi-rs": """
        node_modules/@napi-rs/canvas-linux-x64-gnu/skia.linux-x64-gnu.node
        node_modules/@napi-rs/canvas-linux-x64-musl/skia.linux-x64-musl.node
        node_modules/@napi-rs/canvas-darwin-arm64/skia.darwin-arm64.node
        node_modules/@napi-rs/canvas-win32-x64-msvc/skia.win32-x64-msvc.node
        node_modules/@napi-rs/canvas-android-arm64/skia.android-arm64.node""",
    "esbuild": """
        node_modules/@esbuild/linux-x64/bin/esbuild
        node_modules/@esbuild/darwin-arm64/bin/esbuild
        node_modules/@esbuild/linux-arm64/bin/esbuild""",
    "rollup": """
        node_modules/@rollup/rollup-linux-x64-gnu/rollup.linux-x64-gnu.node
        node_modules/@rollup/rollup-linux-x64-musl/rollup.linux-x64-musl.node
        node_modules/@rollup/rollup-darwin-arm64/rollup.darwin-arm64.node""",
    "next": """
        node_modules/@next/swc-linux-x64-gnu/next-swc.linux-x64-gnu.node
        node_modules/@next/swc-linux-x64-musl/next-swc.linux-x64-musl.node
        node_modules/@next/swc-darwin-arm64/next-swc.darwin-arm64.node""",
    "swc": """
        node_modules/@swc/core-linux-x64-gnu/swc.linux-x64-gnu.node
        node_modules/@swc/core-linux-arm64-gnu/swc.linux-arm64-gnu.node
        node_modules/@swc/core-darwin-arm64/swc.darwin-arm64.node""",
    "lightningcss": """
        node_modules/lightningcss-linux-x64-gnu/lightningcss.linux-x64-gnu.node
        node_modules/lightningcss-darwin-arm64/lightningcss.darwin-arm64.node
        node_modules/lightningcss-linux-x64-musl/lightningcss.linux-x64-musl.node""",
    "prisma": """
        node_modules/.prisma/client/libquery_engine-rhel-openssl-3.0.x.so.node
        node_modules/.prisma/client/libquery_engine-linux-musl-openssl-3.0.x.so.node
        node_modules/.prisma/client/libquery_engine-darwin-arm64.dylib.node
        node_modules/.prisma/client/query_engine-windows.dll.node
        node_modules/.prisma/client/libquery_engine-linux-arm64-openssl-3.0.x.so.node""",
    "pnpm's folders": """
        node_modules/.pnpm/@img+sharp-linux-x64@0.33.5/node_modules/@img/sharp-linux-x64/lib/sharp-linux-x64.node
        node_modules/.pnpm/@img+sharp-darwin-x64@0.33.5/node_modules/@img/sharp-darwin-x64/lib/sharp-darwin-x64.node""",
    "debugpy": """
        debugpy/_vendored/pydevd/pydevd_attach_to_process/attach_linux_amd64.so
        debugpy/_vendored/pydevd/pydevd_attach_to_process/attach_linux_x86.so
        debugpy/_vendored/pydevd/pydevd_attach_to_process/attach.dylib
        debugpy/_vendored/pydevd/pydevd_attach_to_process/attach_amd64.dll""",
    "snappy-java": """
        lib/snappy-java-1.1.10.5.jar!/org/xerial/snappy/native/Linux/x86_64/libsnappyjava.so
        lib/snappy-java-1.1.10.5.jar!/org/xerial/snappy/native/Linux/aarch64/libsnappyjava.so
        lib/snappy-java-1.1.10.5.jar!/org/xerial/snappy/native/Linux/x86/libsnappyjava.so
        lib/snappy-java-1.1.10.5.jar!/org/xerial/snappy/native/Linux/s390x/libsnappyjava.so
        lib/snappy-java-1.1.10.5.jar!/org/xerial/snappy/native/Mac/aarch64/libsnappyjava.dylib
        lib/snappy-java-1.1.10.5.jar!/org/xerial/snappy/native/Windows/x86_64/snappyjava.dll""",
    "sqlite-jdbc": """
        lib/sqlite-jdbc-3.45.1.0.jar!/org/sqlite/native/Linux/x86_64/libsqlitejdbc.so
        lib/sqlite-jdbc-3.45.1.0.jar!/org/sqlite/native/Linux-Musl/x86_64/libsqlitejdbc.so
        lib/sqlite-jdbc-3.45.1.0.jar!/org/sqlite/native/Linux-Android/aarch64/libsqlitejdbc.so
        lib/sqlite-jdbc-3.45.1.0.jar!/org/sqlite/native/Linux/riscv64/libsqlitejdbc.so
        lib/sqlite-jdbc-3.45.1.0.jar!/org/sqlite/native/FreeBSD/x86_64/libsqlitejdbc.so
        lib/sqlite-jdbc-3.45.1.0.jar!/org/sqlite/native/Mac/x86_64/libsqlitejdbc.dylib""",
    "netty-tcnative": """
        lib/tc.jar!/META-INF/native/libnetty_tcnative_linux_x86_64.so
        lib/tc.jar!/META-INF/native/libnetty_tcnative_linux_aarch_64.so
        lib/tc.jar!/META-INF/native/libnetty_tcnative_osx_aarch_64.jnilib
        lib/tc.jar!/META-INF/native/netty_tcnative_windows_x86_64.dll""",
    "jna": """
        lib/jna-5.14.0.jar!/com/sun/jna/linux-x86-64/libjnidispatch.so
        lib/jna-5.14.0.jar!/com/sun/jna/linux-aarch64/libjnidispatch.so
        lib/jna-5.14.0.jar!/com/sun/jna/linux-ppc64le/libjnidispatch.so
        lib/jna-5.14.0.jar!/com/sun/jna/darwin-aarch64/libjnidispatch.jnilib
        lib/jna-5.14.0.jar!/com/sun/jna/win32-x86-64/jnidispatch.dll""",
    "lz4-java": """
        lib/lz4-java-1.8.0.jar!/net/jpountz/util/linux/amd64/liblz4-java.so
        lib/lz4-java-1.8.0.jar!/net/jpountz/util/linux/aarch64/liblz4-java.so
        lib/lz4-java-1.8.0.jar!/net/jpountz/util/darwin/x86_64/liblz4-java.dylib""",
    "jffi": """
        lib/jffi-1.3.13-native.jar!/jni/x86_64-Linux/libjffi-1.2.so
        lib/jffi-1.3.13-native.jar!/jni/aarch64-Linux/libjffi-1.2.so
        lib/jffi-1.3.13-native.jar!/jni/Darwin/libjffi-1.2.jnilib
        lib/jffi-1.3.13-native.jar!/jni/x86_64-Windows/jffi-1.2.dll""",
    "rocksdbjni": """
        lib/rocksdbjni-8.10.0.jar!/librocksdbjni-linux64.so
        lib/rocksdbjni-8.10.0.jar!/librocksdbjni-linux64-musl.so
        lib/rocksdbjni-8.10.0.jar!/librocksdbjni-linux32.so
        lib/rocksdbjni-8.10.0.jar!/librocksdbjni-linux-aarch64.so
        lib/rocksdbjni-8.10.0.jar!/librocksdbjni-osx-arm64.jnilib
        lib/rocksdbjni-8.10.0.jar!/librocksdbjni-win64.dll""",
    "conscrypt": """
        lib/conscrypt-openjdk-uber-2.5.2.jar!/META-INF/native/libconscrypt_openjdk_jni-linux-x86_64.so
        lib/conscrypt-openjdk-uber-2.5.2.jar!/META-INF/native/libconscrypt_openjdk_jni-osx-x86_64.dylib
        lib/conscrypt-openjdk-uber-2.5.2.jar!/META-INF/native/conscrypt_openjdk_jni-windows-x86_64.dll""",
    "aws-crt": """
        lib/aws-crt-0.29.11.jar!/linux/x86_64/glibc/libaws-crt-jni.so
        lib/aws-crt-0.29.11.jar!/linux/x86_64/musl/libaws-crt-jni.so
        lib/aws-crt-0.29.11.jar!/linux/armv8/glibc/libaws-crt-jni.so
        lib/aws-crt-0.29.11.jar!/osx/armv8/cruntime/libaws-crt-jni.dylib""",
    ".NET": """
        runtimes/linux-x64/native/libe_sqlite3.so
        runtimes/linux-musl-x64/native/libe_sqlite3.so
        runtimes/alpine-x64/native/libe_sqlite3.so
        runtimes/linux-arm64/native/libe_sqlite3.so
        runtimes/osx-arm64/native/libe_sqlite3.dylib
        runtimes/win-x64/native/e_sqlite3.dll""",
}
LANGUAGES = {"debugpy": "python3.12", ".NET": "dotnet8"}


@pytest.mark.parametrize("package", REAL)
def test_variants_of_real_packages_are_no_obstacle(package: str) -> None:
    fitting, *others = REAL[package].split()
    runtime = LANGUAGES.get(package) or ("java21" if ".jar!" in fitting else "nodejs20.x")

    found = sort_out([contents(*map(native_for, [fitting, *others]))], target(runtime))

    assert [native.name for native in found.fitting] == [fitting]
    assert found.findings == ()
    [note] = found.notes
    assert note.startswith(f"{len(others)} file")


@pytest.mark.parametrize("package", set(REAL) - {"debugpy"})
def test_without_the_variant_that_fits_it_is_told_once(package: str) -> None:
    others = REAL[package].split()[1:]
    runtime = LANGUAGES.get(package) or ("java21" if ".jar!" in others[0] else "nodejs20.x")

    found = sort_out([contents(*map(native_for, others))], target(runtime))

    assert found.fitting == ()
    linux = [name for name in others if native_for(name).format is Format.ELF]
    if linux or ".jar!" not in others[0]:
        [finding] = found.findings
        inside_jar_or_program = ".jar!" in others[0] or package == "esbuild"
        assert finding.verdict is (Verdict.UNKNOWN if inside_jar_or_program else Verdict.BROKEN)
        assert finding.file in others
    else:  # frameworks bring jars for macOS and Windows along and do without them
        assert found.findings == ()
        assert found.notes


WRONG = {
    "a Mac's addon": (mac("node_modules/a/build/Release/a.node"), Problem.FORMAT, "macOS aarch64"),
    "a Windows addon": (windows("node_modules/a/build/Release/a.node"), Problem.FORMAT, "Windows x86_64"),
    "another machine": (elf("node_modules/a/a.node", "aarch64"), Problem.ARCHITECTURE, "Linux aarch64"),
    "32 bits": (elf("a.so", "i386", bits=32), Problem.ARCHITECTURE, "Linux i386"),
    "x32": (elf("a.so", bits=32), Problem.ARCHITECTURE, "Linux x86_64 (32-bit)"),
    "Alpine's": (musl("a.so"), Problem.LIBC, "Linux with musl x86_64"),
    "Zig's": (elf("a.so", needed=("libc.so",)), Problem.LIBC, "Linux with musl x86_64"),
    "Android's": (elf("a.so", needed=("libc.so", "liblog.so")), Problem.LIBC, "Android x86_64"),
    "FreeBSD's": (elf("a.so", needed=("libc.so.7",)), Problem.LIBC, "FreeBSD x86_64"),
    "a library with a letter": (elf("p.libs/libcrypto-1.so.1.1.1k", "aarch64"), Problem.ARCHITECTURE, "Linux aarch64"),
}


@pytest.mark.parametrize(("native", "problem", "platform"), WRONG.values(), ids=WRONG)
def test_what_fits_nowhere_names_its_platform(native: Native, problem: Problem, platform: str) -> None:
    [finding] = sort_out([contents(native)], NODE).findings

    assert (finding.file, finding.problem, finding.verdict) == (native.name, problem, Verdict.BROKEN)
    assert finding.message.startswith(f"{native.name} is built for {platform}, ")


LOADED_BY_LAMBDA = {
    "a custom runtime's bootstrap": (elf("bootstrap", "aarch64", kind="executable"), "provided.al2023", Verdict.BROKEN),
    "a bootstrap built on a Mac": (mac("bootstrap"), "provided.al2023", Verdict.BROKEN),
    "a bootstrap that nothing starts": (mac("bootstrap"), "python3.12", Verdict.UNKNOWN),
    "a program": (mac("bin/ffmpeg"), "python3.12", Verdict.UNKNOWN),
    "Ruby's extension on a Mac": (mac("vendor/gems/nokogiri/nokogiri.bundle"), "ruby3.3", Verdict.BROKEN),
}


@pytest.mark.parametrize(("native", "runtime", "verdict"), LOADED_BY_LAMBDA.values(), ids=LOADED_BY_LAMBDA)
def test_the_verdict_depends_on_who_would_load_it(native: Native, runtime: str, verdict: Verdict) -> None:
    [finding] = sort_out([contents(native)], target(runtime)).findings

    assert finding.verdict is verdict


def test_an_extension_of_lambda_for_another_machine_is_broken() -> None:
    extension = Native("extensions/agent", "/opt/extensions/agent", 9, Format.ELF, elf("x", "aarch64").elf)

    [finding] = sort_out([contents(extension, root=LAYER_ROOT)], target("python3.12")).findings

    assert finding.verdict is Verdict.BROKEN


HARMLESS = {
    "launchers of Python's packaging tools": [windows("pip/_vendor/distlib/t64.exe"), windows("setuptools/cli-32.exe")],
    "a Mac's libraries": [mac("numpy/.dylibs/libopenblas.dylib")],
    "a Windows library": [windows("pywin32_system32/pywintypes312.dll")],
    "a Ruby bundle elsewhere": [mac("x/nokogiri.bundle")],
    "netty's parts for macOS": [mac("lib/n.jar!/META-INF/native/libnetty_transport_native_kqueue_x86_64.jnilib")],
}


@pytest.mark.parametrize("natives", HARMLESS.values(), ids=HARMLESS)
def test_what_nothing_on_linux_loads_is_a_note(natives: list[Native]) -> None:
    found = sort_out([contents(*natives)], target("python3.12"))

    assert found.findings == ()
    [note] = found.notes
    assert natives[0].name in note


def test_a_whole_npm_package_for_another_system_is_a_note() -> None:
    manifest = {"node_modules/fsevents/package.json": b'{"name": "fsevents", "version": "2.3.3", "os": ["darwin"]}'}

    found = sort_out([contents(mac("node_modules/fsevents/fsevents.node"), texts=manifest)], NODE)

    assert found.findings == ()


@pytest.mark.parametrize("systems", ['["darwin", "linux"]', '["!win32"]', '"any"', "7", "[]"])
def test_an_npm_package_for_linux_as_well_is_not(systems: str) -> None:
    manifest = {"node_modules/a/package.json": f'{{"version": "1.0.0", "os": {systems}}}'.encode()}

    found = sort_out([contents(mac("node_modules/a/a.node"), texts=manifest)], NODE)

    assert [finding.component for finding in found.findings] == (["a 1.0.0"] if systems != '"any"' else [])


def test_parts_of_a_package_for_windows_alone_are_no_obstacle_beside_one_that_fits() -> None:
    pty = "node_modules/node-pty"
    package = contents(
        elf(f"{pty}/build/Release/pty.node"),
        mac(f"{pty}/prebuilds/darwin-arm64/pty.node"),
        mac(f"{pty}/prebuilds/darwin-arm64/spawn-helper"),
        windows(f"{pty}/prebuilds/win32-x64/conpty.node"),
        windows(f"{pty}/prebuilds/win32-x64/conpty/OpenConsole.exe"),
    )

    assert sort_out([package], NODE).findings == ()


def test_a_simulator_s_build_for_another_program_is_no_obstacle() -> None:
    sodium = "node_modules/sodium-native/prebuilds"
    package = contents(
        elf(f"{sodium}/linux-x64/sodium-native.node"), mac(f"{sodium}/ios-arm64-simulator/sodium-native.bare")
    )

    assert sort_out([package], NODE).findings == ()


def test_a_build_on_a_mac_is_broken_although_prebuilt_files_would_fit() -> None:
    """node-gyp-build looks into build/Release first."""
    package = contents(mac("node_modules/a/build/Release/a.node"), elf("node_modules/a/prebuilds/linux-x64/a.node"))

    [finding] = sort_out([package], NODE).findings

    assert (finding.file, finding.verdict) == ("node_modules/a/build/Release/a.node", Verdict.BROKEN)


def test_a_foreign_file_that_does_not_say_so_is_not_excused_by_another_one() -> None:
    addon, better = mac("node_modules/a/lib/a.node"), elf("node_modules/a/lib/linux-x64/a.node")

    [finding] = sort_out([contents(addon, better)], NODE).findings

    assert (finding.file, finding.verdict) == (addon.name, Verdict.UNKNOWN)
    assert finding.message.endswith("linux-x64/a.node is for Linux x86_64: which of them is loaded can't be seen.")


def test_what_lambda_starts_is_not_excused_by_one_in_a_folder() -> None:
    package = contents(elf("bootstrap", "aarch64", kind="executable"), elf("x86_64/bootstrap", kind="executable"))

    [finding] = sort_out([package], target("provided.al2023")).findings

    assert (finding.file, finding.verdict) == ("bootstrap", Verdict.BROKEN)


def test_a_musl_build_that_names_no_c_library_yields_to_its_twin() -> None:
    plain, alpine = elf("a/linux-x64/a.node"), elf("a/linuxmusl-x64/a.node", needed=("libgcc_s.so.1",))

    assert sort_out([contents(plain, alpine)], NODE).fitting == (plain, alpine)  # nothing else is to be said of them
    found = sort_out([contents(plain, alpine, mac("a/darwin-x64/a.node"))], NODE)
    assert found.fitting == (plain,)


def test_a_variant_may_be_in_a_layer() -> None:
    function = contents(mac("node_modules/@img/sharp-darwin-arm64/lib/sharp-darwin-arm64.node"))
    layer = contents(
        elf("nodejs/node_modules/@img/sharp-linux-x64/lib/sharp-linux-x64.node"), root=LAYER_ROOT, source="layer.zip"
    )

    found = sort_out([function, layer], NODE)

    assert len(found.fitting) == 1
    assert found.findings == ()


def test_of_two_layers_the_later_one_counts() -> None:
    first = Native("lib/a.so", "/opt/lib/a.so", 9, Format.MACH_O)
    second = Native("lib/a.so", "/opt/lib/a.so", 9, Format.ELF, elf("a").elf)

    found = sort_out([contents(first, root=LAYER_ROOT), contents(second, root=LAYER_ROOT)], NODE)

    assert found == SortedOut((second,), (), ())


def test_assemblies_and_unreadable_files_are_left_to_others() -> None:
    cut = Native("a.so", "/var/task/a.so", 0, Format.OTHER, unread="is empty")

    assert sort_out([contents(windows("Orders.dll", managed=True), cut)], target("dotnet8")) == SortedOut((), (), ())


def test_big_endian_does_not_fit() -> None:
    assert misfit(elf("a.so", "aarch64", little_endian=False), target(machine="aarch64"))


DIFFERENT = [
    ("node_modules/re2/build/Release/re2.node", "node_modules/re/build/Release/re.node"),
    ("a/libfoo.so", "a/libbar.so"),
    ("a/win.so", "a/mac.so.txt"),
    ("armature/a.so", "a.so"),
    ("utf-8-validate/a.node", "utf-validate/a.node"),
    ("a/x64tool.so", "a/tool.so"),
]


@pytest.mark.parametrize(("one", "other"), DIFFERENT)
def test_only_whole_words_are_platforms(one: str, other: str) -> None:
    assert without_platform(one) != without_platform(other)


@given(st.text(alphabet="abx64-_./@+linuxarmso", max_size=40))
@example("linux-linux-x64/libx64.so.so.1")
def test_taking_the_platform_out_ends_and_never_leaves_slashes_outside(name: str) -> None:
    bare = without_platform(name)

    assert bare == bare.strip("/")
    assert "//" not in bare


LEFT = "m.libs/libgcc_s-0cd532bd.so.1"
FITS = elf("m/_m.abi3.so", entries=["PyInit__m"])
NEEDS = elf("m/_m.abi3.so", needed=(LEFT.rpartition("/")[2],), entries=["PyInit__m"])
ANOTHER_PYTHON = elf("m/_n.cpython-310-x86_64-linux-gnu.so", needed=NEEDS.elf.needed if NEEDS.elf else ())
TWO = elf("m.libs/liba-89abcdef.2.so", needed=NEEDS.elf.needed if NEEDS.elf else ())
UNNEEDED = {
    "what pip left behind": ([FITS, musl(LEFT)], [LEFT]),
    "of another machine": ([FITS, elf(LEFT, "aarch64")], [LEFT]),
    "of extensions for another Python": ([ANOTHER_PYTHON, elf(LEFT)], [LEFT]),
    "needed by another one": ([FITS, TWO, elf(LEFT)], [LEFT, TWO.name]),
    "needed": ([NEEDS, elf(LEFT)], []),
    "needed by its soname": ([NEEDS, elf(f"{LEFT}.0.0", soname=LEFT.rpartition("/")[2])], []),
    "needed by what another one needs": (
        [elf("m/_m.abi3.so", needed=("liba-89abcdef.2.so",), entries=["PyInit__m"]), TWO, elf(LEFT)],
        [],
    ),
    "of nobody knows whom": ([FITS, elf("lib/libgcc_s-0cd532bd.so.1"), elf("m.libs/libfoo.so.1")], []),
    "of libtool": ([FITS, elf("m/.libs/libgcc_s-0cd532bd.so.1")], []),
}


@pytest.mark.parametrize(("natives", "unneeded"), UNNEEDED.values(), ids=UNNEEDED)
def test_libraries_of_wheels_that_nothing_would_load_are_a_note(natives: list[Native], unneeded: list[str]) -> None:
    found = sort_out([contents(*natives)], target("python3.12"))

    said = "Libraries of wheels that nothing would load were left out of the check"
    notes = [note for note in found.notes if note.startswith(said)]
    assert notes == ([f"{said}: {', '.join(sorted(unneeded))}."] if unneeded else [])
    named = {*(native.name for native in found.fitting), *(finding.file for finding in found.findings)}
    assert named.isdisjoint(unneeded)


def test_libraries_that_a_foreign_extension_needs_are_told_with_it() -> None:
    needs = elf("m/_m.abi3.so", "aarch64", needed=NEEDS.elf.needed if NEEDS.elf else ())

    found = sort_out([contents(needs, elf(LEFT, "aarch64"))], target("python3.12"))

    assert {finding.file for finding in found.findings} == {needs.name, LEFT}
    assert found.notes == ()


def test_the_count_of_one_is_in_the_singular() -> None:
    found = sort_out([contents(elf("a/linux-x64/a.node"), mac("a/darwin-arm64/a.node"))], NODE)

    assert found.notes == ("1 file is for other platforms (macOS aarch64), beside variants for Linux x86_64.",)
