# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The pure middle: history, os-release, verdicts, and the words that people read. Facts in, words out."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from ansible_collections.lambdaops.deploy.plugins.module_utils._image.errors import BadReference
from ansible_collections.lambdaops.deploy.plugins.module_utils._image.facts import ImageFacts
from ansible_collections.lambdaops.deploy.plugins.module_utils._image.manifests import HistoryEntry
from ansible_collections.lambdaops.deploy.plugins.module_utils._image.os_facts import (
    OsFacts,
    OsRelease,
    parse_os_release,
    release_number,
)
from ansible_collections.lambdaops.deploy.plugins.module_utils._image.references import (
    ArchiveReference,
    DaemonReference,
    ImageReference,
    LayoutReference,
    Platform,
    RegistryReference,
)
from ansible_collections.lambdaops.deploy.plugins.module_utils._image.runtimes import images_of
from ansible_collections.lambdaops.deploy.plugins.module_utils._image.source import Transfer
from ansible_collections.lambdaops.deploy.plugins.module_utils._parity.advice import advise
from ansible_collections.lambdaops.deploy.plugins.module_utils._parity.compare import Comparison
from ansible_collections.lambdaops.deploy.plugins.module_utils._parity.history import commands_above, may_change_base
from ansible_collections.lambdaops.deploy.plugins.module_utils._parity.ignore import parse_patterns, without_ignored
from ansible_collections.lambdaops.deploy.plugins.module_utils._parity.judge import (
    judge_base,
    judge_identity,
    judge_system,
    judge_undecided,
)
from ansible_collections.lambdaops.deploy.plugins.module_utils._parity.parity import (
    Difference,
    Parity,
    Verdict,
    sum_up,
)
from ansible_collections.lambdaops.deploy.plugins.module_utils._parity.report import as_results, sentence, table
from ansible_collections.lambdaops.deploy.plugins.module_utils._parity.suggest import Suggestion
from ansible_collections.lambdaops.deploy.plugins.module_utils._rpm.packages import Evr, Package

HARMLESS = [
    # What SAM's build images really run (aws-sam-build-images).
    "RUN /bin/sh -c dnf remove -y microdnf-dnf &&   microdnf install -y dnf # buildkit",
    "RUN /bin/sh -c dnf groupinstall -y development &&   dnf install -y   tar   gzip   && dnf clean all # buildkit",
    "RUN ./sam-installation/install # SAM_CLI_VERSION=1.127.0",
    "COPY ATTRIBUTION.txt / # buildkit",
    # Others.
    "COPY dir:0123 in /opt/tools ",
    "/bin/sh -c #(nop) COPY file:0123 in /opt ",
    "/bin/sh -c dnf -y group install development",
    "dnf -q -y --setopt=install_weak_deps=0 install gcc-c++ && rm -rf /var/cache/dnf/*",
    "COPY --chown=1:1 usr/bin /opt/usr/bin # buildkit",
    "ENV A=b",
    "WORKDIR /var/task",
    '/bin/sh -c #(nop)  CMD ["x"]',
]
DOUBTFUL = [
    "",
    "RUN",
    "COPY",
    # What a shell, a script or a here-document did is not told.
    "/bin/bash",
    "bash",
    "/bin/sh",
    "RUN /dev/pipes/EOF # buildkit",
    "RUN ./upgrade.sh",
    "RUN curl -fsSL https://x/y | bash",
    "RUN make install",
    "RUN pip3 install --upgrade wheel",
    "RUN |1 A=b /bin/sh -c true",
    'SHELL ["/bin/upgrade"]',
    "RUN true # a comment\ndnf upgrade",
    "RUN true\ndnf upgrade",
    # Package managers that are told another release, repository or file, or that have no lock.
    "RUN dnf upgrade -y --releasever=latest && dnf clean all # buildkit",
    "RUN /bin/sh -c dnf -y update",
    "RUN dnf-3 upgrade",
    'RUN "dnf" upgrade',
    "RUN dnf install -y gcc & dnf upgrade",
    "RUN dnf install -y gcc; dnf upgrade",
    "RUN dnf install -y https://x/glibc.rpm",
    "RUN dnf install -y /tmp/x.rpm",
    "RUN dnf install -y system-release-2023.7.20250512",
    "RUN dnf install -y --repofrompath=a,https://x gcc",
    "RUN dnf install -y gcc --releasever=2023.6.20250107",
    "RUN echo latest > /etc/dnf/vars/releasever && dnf install -y gcc",
    "RUN dnf install -y --allowerasing curl",
    "ENV DNF_VAR_releasever=latest",
    "RUN dnf -y distro-sync",
    "RUN dnf -y swap a b",
    "RUN dnf",
    "RUN microdnf upgrade",
    "RUN yum groupinstall -y development && yum install -d1 -y tar",
    "RUN rpm -Uvh https://x/glibc.rpm",
    "RUN $(which true); (yum update)",
    "RUN apt-get install -y x",
    # Copies to where packages have their files.
    "RUN cp x /usr/lib64/",
    "COPY / / # buildkit",
    "COPY rootfs.x86_64 / # buildkit",
    "COPY --from=b /opt/python3.12 /",
    "COPY latest /etc/dnf/vars/releasever",
    "COPY corp.repo /etc/yum.repos.d/",
    "COPY rpmdb.sqlite /var/lib/rpm/rpmdb.sqlite",
    "COPY lib.so /usr/lib64/ # buildkit",
    "COPY x /opt/../usr/lib64",
    "COPY /opt # /usr/lib64 # buildkit",
    "COPY x y",
    'COPY ["a", "/etc"]',
    "ADD rootfs.tar.gz / # buildkit",
    "/bin/sh -c #(nop) ADD file:0123 in / ",
    "/bin/sh -c #(nop) COPY dir:0123 in / ",
]


@pytest.mark.parametrize("command", HARMLESS)
def test_commands_that_leave_the_base_alone(command: str) -> None:
    assert not may_change_base(command)


@pytest.mark.parametrize("command", DOUBTFUL)
def test_commands_after_which_the_layers_have_to_be_read(command: str) -> None:
    assert may_change_base(command)


def history(*commands: str) -> tuple[HistoryEntry, ...]:
    return tuple(HistoryEntry(command, command.startswith("ENV")) for command in commands)


def test_history_above_a_base_holds_the_entries_without_a_layer_too() -> None:
    commands = history("ENV Z=z", "COPY a", "ENV A=b", "RUN b", "ENV C=d", "RUN c", "ENV E=f")
    assert commands_above(commands, 3, 1) == ("ENV A=b", "RUN b", "ENV C=d", "RUN c", "ENV E=f")
    assert commands_above(commands, 3, 3) == ("ENV E=f",)
    assert commands_above(commands, 4, 1) is None
    assert commands_above(commands, 3, 4) is None
    assert commands_above((), 1, 1) is None


AL2023 = b"""# a comment
NAME="Amazon Linux"
VERSION_ID="2023"
ID='amzn'
PRETTY_NAME="Amazon Linux 2023.6.20241031"
broken "line
BROKEN="quote
"""


def test_os_release() -> None:
    parsed = parse_os_release(AL2023)
    assert parsed == OsRelease("amzn", "2023", "Amazon Linux 2023.6.20241031")
    assert release_number(parsed, "") == "2023.6.20241031"
    assert parse_os_release(b"\xff\0") == OsRelease("", "", "Linux")


def test_what_an_image_says_moves_no_cursor() -> None:
    parsed = parse_os_release(b'ID=amzn\nVERSION_ID=2023\nPRETTY_NAME="Amazon\x1b[2J\xc2\x9b Linux"\n')
    assert parsed == OsRelease("amzn", "2023", "Amazon[2J Linux")


@pytest.mark.parametrize(
    ("pretty", "system", "expected"),
    [
        ("Amazon Linux 2", "Amazon Linux release 2 (Karoo)", "2"),
        ("Amazon Linux", "Amazon Linux release 2023.6.20250107 (Amazon Linux)", "2023.6.20250107"),
    ],
)
def test_the_release_number(pretty: str, system: str, expected: str) -> None:
    assert release_number(OsRelease("amzn", "2", pretty), system) == expected


def package(name: str, version: str, arch: str = "x86_64", epoch: int = 0, library: str | None = None) -> Package:
    """With a library of its name, if it holds native code and nothing else is said; version: perhaps with release."""
    upstream, _dash, release = version.partition("-")
    if library is None:
        library = "" if arch == "noarch" else f"lib{name}.so.1()(64bit)"
    return Package(name, Evr(epoch, upstream, release or "1"), arch, frozenset(library.split()))


PACKAGES = (package("glibc", "2.34"), package("openssl-libs", "3.0.8", epoch=1), package("tzdata", "2024a", "noarch"))


def os(
    release: str = "2023.6.20241031", *packages: Package, unread: tuple[str, ...] = (), major: str = "2023"
) -> OsFacts:
    return OsFacts(OsRelease("amzn", major, f"Amazon Linux {release}"), release, "", packages or PACKAGES, unread)


RUNTIME = ImageFacts(
    reference=RegistryReference("public.ecr.aws", "lambda/nodejs", "20"),
    index_digest="",
    digest="sha256:" + "1" * 64,
    config_digest="sha256:" + "2" * 64,
    platform=Platform("linux", "amd64"),
    diff_ids=("d1", "d2"),
    history=history("COPY base", "COPY runtime"),
    library_path="/var/lang/lib",
)
BUILD = replace(
    RUNTIME,
    reference=RegistryReference("public.ecr.aws", "sam/build-nodejs20.x", "latest"),
    digest="sha256:" + "3" * 64,
    config_digest="sha256:" + "4" * 64,
    diff_ids=("d1", "d2", "d3"),
    history=history("COPY base", "COPY runtime", "RUN dnf groupinstall -y development"),
)
UPGRADED = replace(BUILD, history=history("COPY base", "COPY runtime", "RUN dnf upgrade -y --releasever=latest"))
OTHER = replace(BUILD, diff_ids=("e1", "e2"))


@pytest.mark.parametrize("same", [{"digest": RUNTIME.digest}, {"config_digest": RUNTIME.config_digest}])
def test_the_same_manifest_or_config_is_identical(same: dict[str, str]) -> None:
    parity = judge_identity(replace(BUILD, **same), RUNTIME)
    assert parity is not None
    assert parity.verdict is Verdict.IDENTICAL


def test_another_platform_is_incompatible() -> None:
    parity = judge_identity(replace(BUILD, platform=Platform("linux", "arm64")), RUNTIME)
    assert parity is not None
    assert parity.verdict is Verdict.INCOMPATIBLE
    assert (parity.differences[0].build, parity.differences[0].runtime) == ("linux/arm64", "linux/amd64")


def test_the_runtime_below_harmless_layers_is_the_same_base() -> None:
    assert judge_identity(BUILD, RUNTIME) is None
    parity = judge_base(BUILD, RUNTIME)
    assert parity is not None
    assert parity.verdict is Verdict.SAME_BASE
    assert "history" in parity.notes[0]  # what it rests on is said


@pytest.mark.parametrize(
    "build",
    [
        UPGRADED,
        OTHER,
        replace(BUILD, history=()),
        replace(BUILD, history=(*BUILD.history[:2], HistoryEntry("RUN dnf -y upgrade", True), *BUILD.history[2:])),
        replace(BUILD, diff_ids=("d1",)),
        replace(BUILD, diff_ids=("d2", "d1", "d3")),
    ],
    ids=[
        "upgraded above",
        "another base",
        "no history",
        "upgraded without a layer",
        "fewer layers",
        "another order",
    ],
)
def test_configs_alone_do_not_decide(build: ImageFacts) -> None:
    assert judge_base(build, RUNTIME) is None


def test_an_image_without_layers_is_nobodys_base() -> None:
    assert judge_base(BUILD, replace(RUNTIME, diff_ids=())) is None


@pytest.mark.parametrize(("build", "word"), [(UPGRADED, "history"), (OTHER, "Release, packages")])
def test_without_the_check_of_packages_it_stays_unknown(build: ImageFacts, word: str) -> None:
    parity = judge_undecided(build, RUNTIME)
    assert parity.verdict is Verdict.UNKNOWN
    assert word in parity.notes[0]
    assert "`checks`" in parity.notes[0]


def judge(build: ImageFacts, runtime: ImageFacts, build_os: OsFacts, runtime_os: OsFacts) -> Parity:
    """By release and packages alone."""
    return judge_system(replace(build, os=build_os), replace(runtime, os=runtime_os), {"packages"})


NEWER = (package("glibc", "2.34"), package("openssl-libs", "3.1.0", epoch=1), package("tzdata", "2024a", "noarch"))
OLDER = (package("glibc", "2.34"), package("openssl-libs", "3.0.7", epoch=1), package("tzdata", "2024a", "noarch"))
NEW_ZONES = (*PACKAGES[:2], package("tzdata", "2025a", "noarch"))
OLD, NEW, LATER = "2023.5.20240916", "2023.6.20241031", "2023.6.20250107"
OS_CASES = {
    "nothing changed above the base": (BUILD, os(), os(), Verdict.SAME_BASE, []),
    "development packages are no drift": (BUILD, os(NEW, *PACKAGES, package("gcc", "11")), os(), Verdict.SAME_BASE, []),
    "another base, the same system": (OTHER, os(), os(), Verdict.COMPATIBLE_DRIFT, ["layers"]),
    "a newer package": (BUILD, os(NEW, *NEWER), os(), Verdict.RISKY_DRIFT, ["openssl-libs"]),
    "a newer epoch": (
        BUILD,
        os(NEW, PACKAGES[0], package("openssl-libs", "1", epoch=2), PACKAGES[2]),
        os(),
        Verdict.RISKY_DRIFT,
        ["openssl-libs"],
    ),
    "an older package": (BUILD, os(NEW, *OLDER), os(), Verdict.COMPATIBLE_DRIFT, ["openssl-libs"]),
    "a newer package without native code": (BUILD, os(NEW, *NEW_ZONES), os(), Verdict.COMPATIBLE_DRIFT, ["tzdata"]),
    "a package that only the runtime has": (BUILD, os(NEW, *PACKAGES[1:]), os(), Verdict.COMPATIBLE_DRIFT, ["glibc"]),
    "a second version of a package": (
        BUILD,
        os(NEW, *PACKAGES, package("glibc", "2.40")),
        os(),
        Verdict.RISKY_DRIFT,
        ["glibc"],
    ),
    "an older and a newer package": (
        BUILD,
        os(NEW, package("glibc", "2.33"), *NEWER[1:]),
        os(),
        Verdict.RISKY_DRIFT,
        ["openssl-libs", "glibc"],
    ),
    "a newer release": (OTHER, os(LATER), os(), Verdict.RISKY_DRIFT, ["os-release"]),
    "an older release": (OTHER, os(OLD), os(), Verdict.COMPATIBLE_DRIFT, ["os-release"]),
    "ten is more than nine": (
        OTHER,
        os("2023.10.20260101"),
        os("2023.9.20251231"),
        Verdict.RISKY_DRIFT,
        ["os-release"],
    ),
    "another major version": (OTHER, os("2", major="2"), os(), Verdict.INCOMPATIBLE, ["os-release"]),
    "a newer package in the place of one, with the same library": (
        BUILD,
        os(NEW, *PACKAGES, package("openssl3", "3.2.2", library="libssl.so.3()(64bit)")),
        os(NEW, *PACKAGES, package("openssl-snapsafe", "3.0.8", library="libssl.so.3()(64bit)")),
        Verdict.RISKY_DRIFT,
        ["openssl-snapsafe"],
    ),
    "a package of the same version in the place of one, with the same library": (
        BUILD,
        os(NEW, *PACKAGES, package("libcurl", "8.5", library="libcurl.so.4()(64bit)")),
        os(NEW, *PACKAGES, package("libcurl-minimal", "8.5", library="libcurl.so.4()(64bit)")),
        Verdict.COMPATIBLE_DRIFT,
        ["libcurl-minimal"],
    ),
    "a newer package in the place of one, with another library": (
        BUILD,
        os(NEW, *PACKAGES, package("dnf", "5", library="libdnf5.so.1()(64bit)")),
        os(NEW, *PACKAGES, package("microdnf", "3", library="libdnf.so.2()(64bit)")),
        Verdict.COMPATIBLE_DRIFT,
        ["microdnf"],
    ),
    "another architecture is another package": (
        BUILD,
        os(NEW, *PACKAGES, package("zlib", "1")),
        os(NEW, *PACKAGES, package("zlib", "1", "i686")),
        Verdict.COMPATIBLE_DRIFT,
        ["zlib.i686"],
    ),
    "a package that gets native code": (
        BUILD,
        os(NEW, *PACKAGES, package("tool", "2")),
        os(NEW, *PACKAGES, package("tool", "1", "noarch")),
        Verdict.RISKY_DRIFT,
        ["tool"],
    ),
    "keys are no packages": (
        BUILD,
        os(NEW, *PACKAGES, package("gpg-pubkey", "1", "")),
        os(NEW, *PACKAGES, package("gpg-pubkey", "2", "")),
        Verdict.SAME_BASE,
        [],
    ),
}


@pytest.mark.parametrize(("build", "build_os", "runtime_os", "verdict", "names"), OS_CASES.values(), ids=OS_CASES)
def test_releases_and_packages(
    build: ImageFacts, build_os: OsFacts, runtime_os: OsFacts, verdict: Verdict, names: list[str]
) -> None:
    parity = judge(build, RUNTIME, build_os, runtime_os)
    assert parity.verdict is verdict
    assert [difference.name for difference in parity.differences] == names
    assert all(difference.why.endswith(".") for difference in parity.differences)


UNREAD = {
    "no os-release": replace(os(), os_release=None, release="", unread=("It has no os-release.",)),
    "no packages": replace(os(), packages=None, unread=("It has no rpm database.",)),
}


@pytest.mark.parametrize("facts", UNREAD.values(), ids=UNREAD)
@pytest.mark.parametrize("build", [BUILD, OTHER])
def test_what_cannot_be_read_is_never_compatible(build: ImageFacts, facts: OsFacts) -> None:
    for pair in ((facts, os()), (os(), facts), (facts, facts)):
        parity = judge(build, RUNTIME, *pair)
        assert parity.verdict is Verdict.UNKNOWN
        assert parity.notes[0] == facts.unread[0]


def test_what_cannot_be_read_does_not_hide_the_worst() -> None:
    facts = replace(os("2", major="2"), packages=None, unread=("It has a BerkeleyDB.",))
    assert judge(OTHER, RUNTIME, facts, os()).verdict is Verdict.INCOMPATIBLE
    risky = replace(os(LATER), packages=None, unread=("It has no rpm database.",))
    parity = judge(OTHER, RUNTIME, risky, os())
    assert parity.verdict is Verdict.UNKNOWN
    assert parity.differences[0].severity is Verdict.RISKY_DRIFT


def test_what_only_the_build_image_has_is_told() -> None:
    parity = judge(BUILD, RUNTIME, os(NEW, *PACKAGES, package("gcc", "11"), package("cpp", "11")), os())
    assert parity.build_only == ("cpp", "gcc")
    assert any(note.startswith("2 packages are only in the build image") for note in parity.notes)


@pytest.mark.parametrize(
    ("fail_on", "failing"),
    [
        ("compatible_drift", {"compatible_drift", "risky_drift", "unknown", "incompatible"}),
        ("risky_drift", {"risky_drift", "unknown", "incompatible"}),
        ("incompatible", {"unknown", "incompatible"}),
        ("never", set()),
    ],
)
def test_fail_on(fail_on: str, failing: set[str]) -> None:
    assert {verdict.value for verdict in Verdict if verdict.fails(fail_on)} == failing


def risky() -> tuple[Parity, ImageFacts, ImageFacts]:
    build_os, runtime_os = os(LATER, *NEWER, package("gcc", "11")), os()
    parity = judge(OTHER, RUNTIME, build_os, runtime_os)
    return parity, replace(OTHER, os=build_os), replace(RUNTIME, os=runtime_os)


def test_the_table_has_aligned_columns_worst_first() -> None:
    lines = table(risky()[0])
    assert lines[0].split() == ["what", "build", "runtime", "verdict"]
    assert lines[2].split() == ["os-release", LATER, NEW, "risky_drift"]
    assert lines[3].split() == ["openssl-libs", "1:3.1.0-1", "1:3.0.8-1", "risky_drift"]
    start = lines[0].index("verdict")
    assert all(line[start - 2 : start] == "  " and line[start] != " " for line in lines[:4])
    assert [line.split(":")[0] for line in lines[4:]] == ["risky_drift (os-release)", "risky_drift (openssl-libs)"]


def test_a_table_of_nothing_is_empty_and_a_long_one_is_cut() -> None:
    assert table(Parity(Verdict.SAME_BASE)) == []
    many = tuple(Difference("package", str(n), "", "1", Verdict.COMPATIBLE_DRIFT, "Why.") for n in range(100))
    lines = table(Parity(Verdict.COMPATIBLE_DRIFT, many))
    assert len(lines) == 2 + 40 + 1 + 1
    assert lines[-2:] == ["... and 60 more", "compatible_drift (0, 1, 2, 3, 4 and 35 more): Why."]


def test_what_is_ignored_is_marked_in_the_table_and_left_out_of_the_sentence() -> None:
    parity, build, runtime = risky()
    marked = without_ignored(parity, parse_patterns(["package:*"]))
    assert next(line for line in table(marked) if line.startswith("openssl-libs")).endswith("  ignored")
    assert not any(line.startswith("risky_drift (openssl-libs)") for line in table(marked))
    text = sentence(Comparison(marked, build, runtime))
    assert "package" not in text
    assert ", leaving out what is ignored, does not match the runtime image" in text
    assert text.endswith("; 1 difference is ignored (openssl-libs).")


def test_one_sentence_names_libraries_and_stale_copies() -> None:
    parity, build, runtime = risky()
    more = [
        Difference("library", "libstdc++.so.6", "2", "1", Verdict.RISKY_DRIFT, "Why."),
        Difference("library", "libz.so.1", "2", "1", Verdict.COMPATIBLE_DRIFT, "Why."),
        Difference("local_copy", "r.io/a:1", "2", "1", Verdict.RISKY_DRIFT, "Why."),
    ]
    text = sentence(Comparison(sum_up([*parity.differences, *more]), build, runtime))
    assert "1 library is a risk (libstdc++.so.6)" in text
    assert "1 local copy is stale (r.io/a:1)" in text


def test_advice_for_stale_copies_alone_is_to_pull() -> None:
    parity = sum_up([Difference("local_copy", "r.io/a:1", "2", "1", Verdict.RISKY_DRIFT, "Why.")])
    lines = advise(parity, BUILD, RUNTIME)
    assert "docker pull r.io/a:1" in lines
    assert not any("FROM" in line for line in lines)


@pytest.mark.parametrize(
    "verdict", [Verdict.RISKY_DRIFT, Verdict.COMPATIBLE_DRIFT, Verdict.UNKNOWN, Verdict.INCOMPATIBLE]
)
def test_a_suggestion_is_part_of_the_advice(verdict: Verdict) -> None:
    _parity, build, runtime = risky()
    suggestion = Suggestion("1.127.0", Comparison(Parity(Verdict.SAME_BASE), build, runtime), 3)
    difference = Difference("package", "a", "2", "1", Verdict.RISKY_DRIFT, "Why.")
    lines = advise(Parity(verdict, (difference,)), build, runtime, suggestion)
    assert f"docker pull public.ecr.aws/sam/build-nodejs20.x@{BUILD.digest}" in lines
    assert (
        f"sam build --use-container --skip-pull-image --build-image public.ecr.aws/sam/build-nodejs20.x@{BUILD.digest}"
        in lines
    )


def test_a_suggestion_in_a_layout_is_brought_to_the_engine() -> None:
    parity, build, runtime = risky()
    found = replace(build, reference=LayoutReference(Path("/x"), "1.127.0"))
    suggestion = Suggestion("1.127.0", Comparison(Parity(Verdict.SAME_BASE), found, runtime), 3)
    result = as_results(Comparison(parity, build, runtime), Transfer(), suggestion=suggestion)["suggestion"]
    assert result["commands"] == [
        "skopeo --override-arch amd64 copy oci:/x:1.127.0 docker-daemon:lambda-build-pinned:latest",
        "sam build --use-container --skip-pull-image --build-image lambda-build-pinned",
    ]
    assert result["samconfig"][-1] == 'build_image = ["lambda-build-pinned"]'


def test_packages_are_not_advised_where_only_a_file_of_no_package_differs() -> None:
    _parity, build, runtime = risky()
    parity = sum_up([Difference("library", "libstdc++.so.6", "2", "1", Verdict.RISKY_DRIFT, "Why.")])
    lines = advise(parity, build, runtime)
    assert not any("distro-sync" in line or "release:" in line for line in lines)
    assert f"FROM public.ecr.aws/lambda/nodejs@{RUNTIME.digest}" in lines


@pytest.mark.parametrize(
    ("reference", "name"),
    [
        (ArchiveReference(Path("/x.tar")), "<build image>"),
        (DaemonReference(RegistryReference("docker.io", "library/mine", "1")), "docker.io/library/mine:1"),
    ],
)
def test_advice_for_images_without_a_digest(reference: ImageReference, name: str) -> None:
    parity, build, runtime = risky()
    assert f"FROM {name}" in advise(parity, replace(build, reference=reference), runtime)
    result = as_results(Comparison(parity, replace(build, reference=reference), runtime), Transfer())
    assert (result["build"]["pinned"], result["build"]["digest"]) == (None, None)


def test_one_sentence_names_both_releases_and_the_packages() -> None:
    text = sentence(Comparison(*risky()))
    assert text.startswith("risky_drift: ")
    for word in (f"Amazon Linux {LATER}", f"Amazon Linux {NEW}", "1 package differs (openssl-libs)", "nodejs:20"):
        assert word in text


def test_advice_for_drift_pins_by_digest_and_release() -> None:
    lines = advise(*risky())
    assert f"FROM public.ecr.aws/sam/build-nodejs20.x@{BUILD.digest}" in lines
    assert f"RUN dnf -y --releasever={NEW} --allowerasing distro-sync" in lines
    assert "sam build --use-container --skip-pull-image --build-image lambda-build-pinned" in lines
    assert f"FROM public.ecr.aws/lambda/nodejs@{RUNTIME.digest}" in lines


def test_commands_of_advice_start_at_the_margin() -> None:
    """A here-document that is indented would never end."""
    lines = advise(*risky())
    assert "EOF" in lines
    assert all(line == line.strip() for line in lines)


def test_advice_for_layouts_leaves_the_name_to_people() -> None:
    parity, build, runtime = risky()
    lines = advise(parity, replace(build, reference=LayoutReference(Path("/x"))), runtime)
    assert f"FROM <build image>@{BUILD.digest}" in lines


def test_advice_without_versioned_repositories() -> None:
    parity, build, runtime = risky()
    lines = advise(parity, build, replace(runtime, os=os("2", major="2")))
    assert not any("--releasever" in line for line in lines)
    assert f"FROM public.ecr.aws/lambda/nodejs@{RUNTIME.digest}" in lines


@pytest.mark.parametrize("verdict", Verdict)
def test_every_verdict_that_can_fail_has_advice(verdict: Verdict) -> None:
    lines = advise(Parity(verdict), BUILD, replace(RUNTIME, os=os()))
    assert bool(lines) is (verdict not in (Verdict.IDENTICAL, Verdict.SAME_BASE))


@pytest.mark.parametrize(
    ("runtime", "expected"),
    [
        ("nodejs20.x", "nodejs:20"),
        ("python3.12", "python:3.12"),
        ("java21", "java:21"),
        ("java8.al2", "java:8.al2"),
        ("dotnet8", "dotnet:8"),
        ("ruby3.3", "ruby:3.3"),
        ("go1.x", "go:1"),
        ("provided", "provided:alami"),
        ("provided.al2023", "provided:al2023"),
    ],
)
def test_names_of_images(runtime: str, expected: str) -> None:
    found = images_of(runtime, "arm64")
    assert found.runtime_image == f"public.ecr.aws/lambda/{expected}-arm64"
    assert found.build_image == f"public.ecr.aws/sam/build-{runtime}:latest-arm64"


@pytest.mark.parametrize(
    "runtime", ["", "nodejs", "20.x", "Python3.12", "python3.12/..", "provided.", "a b", "nodejs20.x\n"]
)
def test_no_runtime(runtime: str) -> None:
    with pytest.raises(BadReference, match="not the name of a Lambda runtime"):
        images_of(runtime, "x86_64")
