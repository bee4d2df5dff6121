# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The files by which an image says its release: those of the package system-release, and what names it for dnf."""

from __future__ import annotations

from .amazon_linux_2 import INSTALLED_AT as _AL2
from .oci import Entry, file, symlink

_AL2_OS_RELEASE = (
    b'NAME="Amazon Linux"\nVERSION="2"\nID="amzn"\nID_LIKE="centos rhel fedora"\nVERSION_ID="2"\n'
    b'PRETTY_NAME="Amazon Linux 2"\nANSI_COLOR="0;33"\nCPE_NAME="cpe:2.3:o:amazon:amazon_linux:2"\n'
    b'HOME_URL="https://amazonlinux.com/"\nSUPPORT_END="2026-06-30"\n'
)


def release_files(release: str) -> tuple[Entry, ...]:
    """Amazon Linux 2 says nothing but 2 in all of its releases, and has one file less."""
    if release in _AL2:
        return (
            file("usr/lib/os-release", _AL2_OS_RELEASE),
            symlink("etc/os-release", "../usr/lib/os-release"),
            file("etc/system-release", b"Amazon Linux release 2 (Karoo)\n"),
        )
    return (
        file("usr/lib/os-release", _os_release(release)),
        symlink("etc/os-release", "../usr/lib/os-release"),
        file("etc/amazon-linux-release", f"Amazon Linux release {release} (Amazon Linux)\n".encode()),
        symlink("etc/system-release", "amazon-linux-release"),
        file("etc/dnf/vars/releasever", f"{release}\n".encode()),
    )


def _os_release(release: str) -> bytes:
    return (
        'NAME="Amazon Linux"\nVERSION="2023"\nID="amzn"\nID_LIKE="fedora"\nVERSION_ID="2023"\n'
        f'PLATFORM_ID="platform:al2023"\nPRETTY_NAME="Amazon Linux {release}"\nANSI_COLOR="0;33"\n'
        'CPE_NAME="cpe:2.3:o:amazon:amazon_linux:2023"\n'
        'HOME_URL="https://aws.amazon.com/linux/amazon-linux-2023/"\n'
        'DOCUMENTATION_URL="https://docs.aws.amazon.com/linux/"\n'
        'SUPPORT_URL="https://aws.amazon.com/premiumsupport/"\n'
        'BUG_REPORT_URL="https://github.com/amazonlinux/amazon-linux-2023"\n'
        'VENDOR_NAME="AWS"\nVENDOR_URL="https://aws.amazon.com/"\nSUPPORT_END="2028-03-15"\n'
    ).encode()
