# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is installed in images of Amazon Linux 2: tables only, in the form of catalog.py and libraries.py.

glibc 2.26, GCC 7, OpenSSL 1.0, yum on Python 2; the newer release upgrades packages and no symbol version.
"""

from __future__ import annotations

from . import libraries

RUNTIME, NEWER = "2.0.20241014.0", "2.0.20250108.0"  # tags of amazonlinux; os-release says only 2
INSTALLED_AT = {RUNTIME: 1728864000, NEWER: 1736294400}  # seconds since 1970

PACKAGES = """
amazon-linux-extras 2.0.3-1.amzn2 noarch
basesystem 10.0-7.amzn2.0.1 noarch
bash 4.2.46-34.amzn2
bzip2-libs 1.0.6-13.amzn2.0.3
ca-certificates 2023.2.64-1.amzn2.0.1 noarch
chkconfig 1.7.4-1.amzn2.0.2
coreutils 8.22-24.amzn2
curl 8.3.0-1.amzn2.0.7
elfutils-libelf 0.176-2.amzn2.0.2
expat 2.1.0-15.amzn2.0.3
file-libs 5.11-36.amzn2.0.1
filesystem 3.2-25.amzn2.0.4
glib2 2.56.1-9.amzn2.0.8
glibc 2.26-64.amzn2.0.2
glibc-common 2.26-64.amzn2.0.2
glibc-minimal-langpack 2.26-64.amzn2.0.2
gmp 1:6.0.0-15.amzn2.0.2
gnupg2 2.0.22-5.amzn2.0.5
gpgme 1.3.2-5.amzn2.0.3
grep 2.20-3.amzn2.0.2
krb5-libs 1.15.1-55.amzn2.2.8
libassuan 2.1.0-3.amzn2.0.2
libcap 2.54-1.amzn2.0.2
libcom_err 1.42.9-19.amzn2.0.1
libcurl 8.3.0-1.amzn2.0.7
libffi 3.0.13-18.amzn2.0.2
libgcc 7.3.1-17.amzn2
libgcrypt 1.5.3-14.amzn2.0.3
libgpg-error 1.12-3.amzn2.0.3
libnghttp2 1.41.0-1.amzn2.0.5
libselinux 2.5-12.amzn2.0.2
libstdc++ 7.3.1-17.amzn2
libxml2 2.9.1-6.amzn2.5.14
lua 5.1.4-15.amzn2.0.2
ncurses-libs 6.0-8.20170212.amzn2.1.7
openssl-libs 1:1.0.2k-24.amzn2.0.13
pcre 8.32-17.amzn2.0.3
popt 1.13-16.amzn2.0.2
pth 2.0.7-23.amzn2.0.2
pygpgme 0.3-9.amzn2.0.3
python 2.7.18-1.amzn2.0.9
python-libs 2.7.18-1.amzn2.0.9
readline 6.2-10.amzn2.0.2
rpm 4.11.3-48.amzn2.0.4
rpm-build-libs 4.11.3-48.amzn2.0.4
rpm-libs 4.11.3-48.amzn2.0.4
rpm-python 4.11.3-48.amzn2.0.4
sed 4.2.2-5.amzn2.0.2
setup 2.8.71-10.amzn2.0.1 noarch
sqlite 3.7.17-8.amzn2.1.2
system-release 1:2-16.amzn2
tzdata 2024a-1.amzn2.0.1 noarch
xz-libs 5.2.2-1.amzn2.0.3
yum 3.4.3-158.amzn2.0.7 noarch
zlib 1.2.7-19.amzn2.0.3
"""

DRIFT = {
    RUNTIME: "",
    NEWER: """
curl 8.3.0-1.amzn2.0.8
expat 2.1.0-15.amzn2.0.4
glibc 2.26-64.amzn2.0.3
glibc-common 2.26-64.amzn2.0.3
glibc-minimal-langpack 2.26-64.amzn2.0.3
krb5-libs 1.15.1-55.amzn2.2.9
libcurl 8.3.0-1.amzn2.0.8
openssl-libs 1:1.0.2k-24.amzn2.0.14
python 2.7.18-1.amzn2.0.10
python-libs 2.7.18-1.amzn2.0.10
tzdata 2024b-1.amzn2.0.1 noarch
""",
}

DEVELOPMENT = """
autoconf 2.69-11.amzn2 noarch
binutils 2.29.1-31.amzn2.0.1
gcc 7.3.1-17.amzn2
gcc-c++ 7.3.1-17.amzn2
git 2.40.1-1.amzn2.0.3
glibc-devel 2.26-64.amzn2.0.2
kernel-headers 4.14.355-271.569.amzn2
libmpc 1.0.1-3.amzn2.0.2
libstdc++-devel 7.3.1-17.amzn2
make 1:3.82-24.amzn2
mpfr 3.1.1-4.amzn2.0.2
openssl-devel 1:1.0.2k-24.amzn2.0.13
zlib-devel 1.2.7-19.amzn2.0.3
"""

DEVELOPMENT_DRIFT = {
    RUNTIME: "",
    NEWER: """
glibc-devel 2.26-64.amzn2.0.3
kernel-headers 4.14.355-275.572.amzn2
openssl-devel 1:1.0.2k-24.amzn2.0.14
""",
}


def _up_to(versions: tuple[str, ...], last: str) -> tuple[str, ...]:
    return (*versions[: versions.index(last) + 1], "GLIBC_PRIVATE")


_CXX = (*libraries.numbered("GLIBCXX_3.4", 24), *libraries.numbered("CXXABI_1.3", 11), "CXXABI_TM_1")

VERSIONS: dict[str, tuple[str, ...]] = {
    **{key: libraries.VERSIONS[key] for key in ("gssapi", "krb5", "libgcc", "xml2", "-")},
    "glibc/x86_64": _up_to(libraries.VERSIONS["glibc/x86_64"], "GLIBC_2.26"),
    "glibc/aarch64": _up_to(libraries.VERSIONS["glibc/aarch64"], "GLIBC_2.26"),
    "gcc-7": _CXX,
    "openssl-1.0/crypto": ("libcrypto.so.10", "OPENSSL_1.0.1", "OPENSSL_1.0.1_EC", "OPENSSL_1.0.2"),
    "openssl-1.0/ssl": ("libssl.so.10", "OPENSSL_1.0.1", "OPENSSL_1.0.1_EC", "OPENSSL_1.0.2"),
    "xz": ("XZ_5.0", "XZ_5.1.2alpha", "XZ_5.2"),
    "zlib": ("ZLIB_1.2.0", "ZLIB_1.2.2", "ZLIB_1.2.3.4", "ZLIB_1.2.3.5", "ZLIB_1.2.5.1", "ZLIB_1.2.5.2"),
}

LIBRARIES = """
bzip2-libs libbz2.so.1.0.6 libbz2.so.1 -
elfutils-libelf libelf-0.176.so libelf.so.1 - libz.so.1
expat libexpat.so.1.6.0 libexpat.so.1 -
file-libs libmagic.so.1.0.0 libmagic.so.1 - libz.so.1
glib2 libglib-2.0.so.0.5600.1 libglib-2.0.so.0 - libpcre.so.1
glibc ld-linux-x86-64.so.2 ld-linux-x86-64.so.2 glibc
glibc libc.so.6 libc.so.6 glibc
glibc libdl.so.2 libdl.so.2 glibc
glibc libm.so.6 libm.so.6 glibc
glibc libpthread.so.0 libpthread.so.0 glibc
glibc librt.so.1 librt.so.1 glibc
gmp libgmp.so.10.2.0 libgmp.so.10 -
gpgme libgpgme.so.11.8.1 libgpgme.so.11 - libassuan.so.0 libgpg-error.so.0
krb5-libs libkrb5.so.3.3 libkrb5.so.3 krb5 libk5crypto.so.3 libcom_err.so.2
krb5-libs libgssapi_krb5.so.2.2 libgssapi_krb5.so.2 gssapi libkrb5.so.3
krb5-libs libk5crypto.so.3.1 libk5crypto.so.3 - libcrypto.so.10
libassuan libassuan.so.0.4.0 libassuan.so.0 - libgpg-error.so.0
libcap libcap.so.2.54 libcap.so.2 -
libcom_err libcom_err.so.2.1 libcom_err.so.2 -
libcurl libcurl.so.4.8.0 libcurl.so.4 - libnghttp2.so.14 libssl.so.10 libcrypto.so.10 libgssapi_krb5.so.2
libffi libffi.so.6.0.1 libffi.so.6 -
libgcc libgcc_s-7-20180712.so.1 libgcc_s.so.1 libgcc
libgcrypt libgcrypt.so.11.8.2 libgcrypt.so.11 - libgpg-error.so.0
libgpg-error libgpg-error.so.0.10.0 libgpg-error.so.0 -
libnghttp2 libnghttp2.so.14.20.0 libnghttp2.so.14 -
libselinux libselinux.so.1 libselinux.so.1 - libpcre.so.1
libstdc++ libstdc++.so.6.0.24 libstdc++.so.6 gcc-7 libm.so.6 libgcc_s.so.1
libxml2 libxml2.so.2.9.1 libxml2.so.2 xml2 libz.so.1 liblzma.so.5
lua liblua-5.1.so liblua-5.1.so -
ncurses-libs libtinfo.so.6.0 libtinfo.so.6 -
openssl-libs libcrypto.so.1.0.2k libcrypto.so.10 openssl-1.0/crypto libz.so.1
openssl-libs libssl.so.1.0.2k libssl.so.10 openssl-1.0/ssl libcrypto.so.10
pcre libpcre.so.1.2.0 libpcre.so.1 -
popt libpopt.so.0.0.0 libpopt.so.0 -
python-libs libpython2.7.so.1.0 libpython2.7.so.1.0 - libm.so.6
readline libreadline.so.6.2 libreadline.so.6 - libtinfo.so.6
rpm-libs librpm.so.3.2.2 librpm.so.3 - libpopt.so.0 librpmio.so.3
rpm-libs librpmio.so.3.2.2 librpmio.so.3 - libcrypto.so.10 liblzma.so.5
sqlite libsqlite3.so.0.8.6 libsqlite3.so.0 -
xz-libs liblzma.so.5.2.2 liblzma.so.5 xz
zlib libz.so.1.2.7 libz.so.1 zlib
"""

LIBRARY_DRIFT = {RUNTIME: "", NEWER: ""}

DEVELOPMENT_LIBRARIES = """
libmpc libmpc.so.3.0.0 libmpc.so.3 - libgmp.so.10
mpfr libmpfr.so.4.1.1 libmpfr.so.4 - libgmp.so.10
"""

PROGRAMS = """
bash bash libtinfo.so.6
coreutils coreutils libselinux.so.1 libcap.so.2 libcrypto.so.10
curl curl libcurl.so.4 libz.so.1
gnupg2 gpg2 libgcrypt.so.11 libassuan.so.0 libreadline.so.6
grep grep libpcre.so.1
python python2.7 libpython2.7.so.1.0
rpm rpm librpm.so.3 librpmio.so.3 libpopt.so.0
sed sed libselinux.so.1
"""

DEVELOPMENT_PROGRAMS = """
binutils ld libz.so.1
gcc gcc libmpc.so.3 libmpfr.so.4 libgmp.so.10
gcc-c++ g++ libmpc.so.3 libmpfr.so.4 libgmp.so.10
"""

REQUIRES = """
gnupg2 pth
pygpgme gpgme python
python python-libs
rpm curl rpm-libs
rpm-build-libs file-libs rpm-libs
rpm-libs lua
rpm-python rpm-libs python
yum python rpm-python pygpgme sqlite glib2
"""
