# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which package brings which shared library, and the symbol versions it defines: tables only, as in catalog.py."""

from __future__ import annotations

from .catalog import NEWER, OLDER, RUNTIME


def numbered(prefix: str, last: int) -> tuple[str, ...]:
    return (prefix, *(f"{prefix}.{n}" for n in range(1, last + 1)))


_GLIBC_X86 = "2.2.5 2.2.6 2.3 2.3.2 2.3.3 2.3.4 2.4 2.5 2.6 2.7 2.8 2.9 2.10 2.11 2.12 2.13 2.14 2.15 2.16 "
_GLIBC = "2.17 2.18 2.22 2.23 2.24 2.25 2.26 2.27 2.28 2.29 2.30 2.31 2.32 2.33 2.34"
_CXXABI, _CXXABI_14 = numbered("CXXABI_1.3", 13), numbered("CXXABI_1.3", 15)
_GCC = ("GCC_3.0", "GCC_3.3", "GCC_3.3.1", "GCC_3.4", "GCC_3.4.2", "GCC_4.0.0", "GCC_4.2.0", "GCC_7.0.0")

# By the name that the table below uses; a name of its own for each machine where they differ.
VERSIONS: dict[str, tuple[str, ...]] = {
    "glibc/x86_64": (*(f"GLIBC_{v}" for v in (_GLIBC_X86 + _GLIBC).split()), "GLIBC_PRIVATE"),
    "glibc/aarch64": (*(f"GLIBC_{v}" for v in _GLIBC.split()), "GLIBC_PRIVATE"),
    "gcc-11/x86_64": (*numbered("GLIBCXX_3.4", 29), *_CXXABI, "CXXABI_FLOAT128", "CXXABI_TM_1"),
    "gcc-11/aarch64": (*numbered("GLIBCXX_3.4", 29), *_CXXABI, "CXXABI_TM_1"),
    "gcc-14/x86_64": (*numbered("GLIBCXX_3.4", 33), *_CXXABI_14, "CXXABI_FLOAT128", "CXXABI_TM_1"),
    "gcc-14/aarch64": (*numbered("GLIBCXX_3.4", 33), *_CXXABI_14, "CXXABI_TM_1"),
    "libgcc": _GCC,
    "libgcc-14": (*_GCC, "GCC_14.0.0"),
    "gomp": ("OMP_1.0", "OMP_2.0", "OMP_3.0", "OMP_4.0", "OMP_4.5", "GOMP_1.0", "GOMP_2.0", "GOMP_4.0", "GOMP_5.0"),
    "openssl": ("OPENSSL_3.0.0", "OPENSSL_3.0.1", "OPENSSL_3.0.3", "OPENSSL_3.0.8"),
    "zlib": ("ZLIB_1.2.0", "ZLIB_1.2.2", "ZLIB_1.2.3.4", "ZLIB_1.2.3.5", "ZLIB_1.2.5.1", "ZLIB_1.2.9"),
    "krb5": ("krb5_3_MIT", "HIDDEN"),
    "gssapi": ("gssapi_krb5_2_MIT",),
    "xml2": ("LIBXML2_2.4.30", "LIBXML2_2.6.0", "LIBXML2_2.9.0", "LIBXML2_2.9.8"),
    "curl": ("CURL_OPENSSL_4",),
    "ffi": ("LIBFFI_BASE_8.0", "LIBFFI_CLOSURE_8.0", "LIBFFI_GO_CLOSURE_8.0"),
    "crypt": ("XCRYPT_2.0", "XCRYPT_4.3", "XCRYPT_4.4"),
    "mount": ("MOUNT_2.19", "MOUNT_2.34", "MOUNT_2.37"),
    "xz": ("XZ_5.0", "XZ_5.2"),
    "systemd": ("LIBSYSTEMD_209", "LIBSYSTEMD_251", "LIBSYSTEMD_252"),
    "-": (),
}

# package, file below /usr/lib64 (a symbolic link from the soname where they differ), soname, versions, needed
LIBRARIES = """
audit-libs libaudit.so.1.0.0 libaudit.so.1 - libcap-ng.so.0
bzip2-libs libbz2.so.1.0.8 libbz2.so.1 -
dbus-libs libdbus-1.so.3.19.16 libdbus-1.so.3 - libsystemd.so.0
elfutils-libelf libelf-0.188.so libelf.so.1 - libz.so.1
elfutils-libs libdw-0.188.so libdw.so.1 - libelf.so.1
expat libexpat.so.1.8.10 libexpat.so.1 -
file-libs libmagic.so.1.0.0 libmagic.so.1 - libz.so.1
gdbm-libs libgdbm.so.6.0.0 libgdbm.so.6 -
glib2 libglib-2.0.so.0.7400.7 libglib-2.0.so.0 - libpcre2-8.so.0
glib2 libgobject-2.0.so.0.7400.7 libgobject-2.0.so.0 - libglib-2.0.so.0 libffi.so.8
glib2 libgmodule-2.0.so.0.7400.7 libgmodule-2.0.so.0 - libglib-2.0.so.0
glib2 libgio-2.0.so.0.7400.7 libgio-2.0.so.0 - libgobject-2.0.so.0 libglib-2.0.so.0 libmount.so.1 libz.so.1
glibc ld-linux-x86-64.so.2 ld-linux-x86-64.so.2 glibc
glibc libc.so.6 libc.so.6 glibc
glibc libdl.so.2 libdl.so.2 glibc
glibc libm.so.6 libm.so.6 glibc
glibc libpthread.so.0 libpthread.so.0 glibc
glibc libresolv.so.2 libresolv.so.2 glibc
glibc librt.so.1 librt.so.1 glibc
gmp libgmp.so.10.4.1 libgmp.so.10 -
gnutls libgnutls.so.30.37.0 libgnutls.so.30 - libnettle.so.8 libp11-kit.so.0
gpgme libgpgme.so.11.24.1 libgpgme.so.11 - libassuan.so.0 libgpg-error.so.0
json-c libjson-c.so.5.1.0 libjson-c.so.5 -
keyutils-libs libkeyutils.so.1.10 libkeyutils.so.1 -
krb5-libs libkrb5.so.3.3 libkrb5.so.3 krb5 libk5crypto.so.3 libcom_err.so.2
krb5-libs libgssapi_krb5.so.2.2 libgssapi_krb5.so.2 gssapi libkrb5.so.3
krb5-libs libk5crypto.so.3.1 libk5crypto.so.3 - libcrypto.so.3
libacl libacl.so.1.1.2301 libacl.so.1 - libattr.so.1
libarchive libarchive.so.13.7.4 libarchive.so.13 - libz.so.1 liblzma.so.5 libxml2.so.2
libassuan libassuan.so.0.8.5 libassuan.so.0 - libgpg-error.so.0
libattr libattr.so.1.1.2501 libattr.so.1 -
libblkid libblkid.so.1.1.0 libblkid.so.1 -
libcap libcap.so.2.48 libcap.so.2 -
libcap-ng libcap-ng.so.0.0.0 libcap-ng.so.0 -
libcom_err libcom_err.so.2.1 libcom_err.so.2 -
libcurl-minimal libcurl.so.4.8.0 libcurl.so.4 curl libnghttp2.so.14 libssl.so.3 libcrypto.so.3 libgssapi_krb5.so.2
libdnf libdnf.so.2 libdnf.so.2 - libglib-2.0.so.0 libsolv.so.1 librepo.so.0 libstdc++.so.6
libffi libffi.so.8.1.2 libffi.so.8 ffi
libgcc libgcc_s-11-20230605.so.1 libgcc_s.so.1 libgcc
libgcrypt libgcrypt.so.20.4.2 libgcrypt.so.20 - libgpg-error.so.0
libgomp libgomp.so.1.0.0 libgomp.so.1 gomp
libgpg-error libgpg-error.so.0.32.0 libgpg-error.so.0 -
libidn2 libidn2.so.0.3.7 libidn2.so.0 - libunistring.so.2
libmodulemd libmodulemd.so.2.13.0 libmodulemd.so.2 - libglib-2.0.so.0 libyaml-0.so.2
libmount libmount.so.1.1.0 libmount.so.1 mount libblkid.so.1
libnghttp2 libnghttp2.so.14.26.0 libnghttp2.so.14 -
librepo librepo.so.0 librepo.so.0 - libglib-2.0.so.0 libcurl.so.4
libselinux libselinux.so.1 libselinux.so.1 - libpcre2-8.so.0
libsolv libsolv.so.1 libsolv.so.1 -
libstdc++ libstdc++.so.6.0.29 libstdc++.so.6 gcc-11 libm.so.6 libgcc_s.so.1
libtasn1 libtasn1.so.6.6.3 libtasn1.so.6 -
libunistring libunistring.so.2.1.0 libunistring.so.2 -
libuuid libuuid.so.1.3.0 libuuid.so.1 -
libxcrypt libcrypt.so.2.0.0 libcrypt.so.2 crypt
libxml2 libxml2.so.2.10.4 libxml2.so.2 xml2 libz.so.1 liblzma.so.5
libyaml libyaml-0.so.2.0.9 libyaml-0.so.2 -
libzstd libzstd.so.1.5.5 libzstd.so.1 -
lua-libs liblua-5.4.so liblua-5.4.so -
lz4-libs liblz4.so.1.9.4 liblz4.so.1 -
ncurses-libs libtinfo.so.6.2 libtinfo.so.6 -
ncurses-libs libncursesw.so.6.2 libncursesw.so.6 - libtinfo.so.6
nettle libnettle.so.8.6 libnettle.so.8 - libgmp.so.10
openssl-libs libcrypto.so.3.0.8 libcrypto.so.3 openssl libz.so.1
openssl-libs libssl.so.3.0.8 libssl.so.3 openssl libcrypto.so.3
p11-kit libp11-kit.so.0.3.0 libp11-kit.so.0 - libffi.so.8
pcre2 libpcre2-8.so.0.11.0 libpcre2-8.so.0 -
popt libpopt.so.0.0.1 libpopt.so.0 -
python3-libs libpython3.9.so.1.0 libpython3.9.so.1.0 - libm.so.6
readline libreadline.so.8.1 libreadline.so.8 - libtinfo.so.6
rpm-libs librpm.so.9.1.3 librpm.so.9 - libsqlite3.so.0 libpopt.so.0 librpmio.so.9
rpm-libs librpmio.so.9.1.3 librpmio.so.9 - libcrypto.so.3 libzstd.so.1
sqlite-libs libsqlite3.so.0.8.6 libsqlite3.so.0 - libz.so.1
systemd-libs libsystemd.so.0.35.0 libsystemd.so.0 systemd libcap.so.2
xz-libs liblzma.so.5.2.5 liblzma.so.5 xz
zlib libz.so.1.2.11 libz.so.1 zlib
"""

# Instead of the line with the same soname above.
LIBRARY_DRIFT = {
    OLDER: "",
    RUNTIME: "",
    NEWER: """
expat libexpat.so.1.9.3 libexpat.so.1 -
glib2 libglib-2.0.so.0.8200.2 libglib-2.0.so.0 - libpcre2-8.so.0
glib2 libgobject-2.0.so.0.8200.2 libgobject-2.0.so.0 - libglib-2.0.so.0 libffi.so.8
glib2 libgmodule-2.0.so.0.8200.2 libgmodule-2.0.so.0 - libglib-2.0.so.0
glib2 libgio-2.0.so.0.8200.2 libgio-2.0.so.0 - libgobject-2.0.so.0 libglib-2.0.so.0 libmount.so.1 libz.so.1
glib2 libgirepository-2.0.so.0.8200.2 libgirepository-2.0.so.0 - libgobject-2.0.so.0 libglib-2.0.so.0
libgcc libgcc_s-14-20240912.so.1 libgcc_s.so.1 libgcc-14
libstdc++ libstdc++.so.6.0.33 libstdc++.so.6 gcc-14 libm.so.6 libgcc_s.so.1
""",
}

DEVELOPMENT_LIBRARIES = """
elfutils-debuginfod-client libdebuginfod-0.188.so libdebuginfod.so.1 - libcurl.so.4
gc libgc.so.1.4.2 libgc.so.1 -
gettext-libs libgettextlib-0.21.so libgettextlib-0.21.so - libxml2.so.2
guile22 libguile-2.2.so.1.4.2 libguile-2.2.so.1 - libgc.so.1 libgmp.so.10
jansson libjansson.so.4.14.0 libjansson.so.4 -
libmpc libmpc.so.3.2.1 libmpc.so.3 - libgmp.so.10
libtool-ltdl libltdl.so.7.3.2 libltdl.so.7 -
perl-libs libperl.so.5.32.1 libperl.so.5.32 - libcrypt.so.2
subversion-libs libsvn_subr-1.so.0.0.0 libsvn_subr-1.so.0 - libz.so.1 libexpat.so.1
"""

# package, program below /usr/bin, needed: what keeps glib2, gpgme and file-libs in a runtime image at all
PROGRAMS = """
bash bash libtinfo.so.6
coreutils-single coreutils libselinux.so.1 libcap.so.2 libcrypto.so.3
curl-minimal curl libcurl.so.4 libz.so.1
gnupg2-minimal gpg libgcrypt.so.20 libassuan.so.0 libreadline.so.8 libsqlite3.so.0
grep grep libpcre2-8.so.0
microdnf microdnf libdnf.so.2 libglib-2.0.so.0 libgobject-2.0.so.0 libgio-2.0.so.0
python3 python3.9 libpython3.9.so.1.0
rpm rpm librpm.so.9 librpmio.so.9 libpopt.so.0
sed sed libacl.so.1 libselinux.so.1
"""

DEVELOPMENT_PROGRAMS = """
binutils ld libz.so.1
gcc gcc libmpc.so.3 libgmp.so.10 libzstd.so.1
gcc-c++ g++ libmpc.so.3 libgmp.so.10 libzstd.so.1
make make libguile-2.2.so.1 libgc.so.1
"""

# package, packages that it requires by name
REQUIRES = """
dnf python3-dnf dnf-data
file file-libs
gobject-introspection glib2 libffi
libcomps libxml2
libdnf libmodulemd json-c rpm-libs
libpeas glib2 gobject-introspection
librepo gpgme libxml2
microdnf libpeas
python3 python3-libs
python3-dnf python3-gpg python3-hawkey python3-libcomps python3-libdnf python3-rpm
python3-gpg gpgme
python3-hawkey libdnf
python3-libcomps libcomps
python3-libdnf libdnf
python3-rpm rpm-libs rpm-build-libs rpm-sign-libs
rpm libarchive lua-libs
rpm-build-libs rpm-libs file-libs
rpm-sign-libs rpm-libs ima-evm-utils
ima-evm-utils tpm2-tss
yum dnf
"""
