# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is installed in the images: tables of releases, packages and libraries. No logic: that is release.py.

Modelled on Amazon Linux 2023's container packages; versions are plausible, and the step of libstdc++ to GCC 14
(GLIBCXX_3.4.30 and above) is put between these two releases so that one drift is one that native modules feel.
"""

from __future__ import annotations

OLDER, RUNTIME, NEWER = "2023.5.20240916", "2023.6.20241031", "2023.6.20250107"
INSTALLED_AT = {OLDER: 1726444800, RUNTIME: 1730332800, NEWER: 1736208000}  # seconds since 1970
OLDEST_GLIBC = {"x86_64": "GLIBC_2.2.5", "aarch64": "GLIBC_2.17"}

# name, [epoch:]version-release; a trailing "noarch" where it is; ".A" stands for ".amzn2023.0"
PACKAGES = """
alternatives 1.15-2.A.2
amazon-linux-repo-cdn 2023.6.20241031-0.amzn2023 noarch
audit-libs 3.0.6-1.A.2
basesystem 11-11.A.2 noarch
bash 5.2.15-1.A.2
bzip2-libs 1.0.8-6.A.2
ca-certificates 2023.2.68-1.A.1 noarch
coreutils-single 8.32-30.A.3
cracklib 2.9.6-27.A.2
crypto-policies 20220428-1.gitdfb10ea.A.2 noarch
curl-minimal 8.5.0-1.A.4
dbus-libs 1:1.12.28-1.A.1
dnf 4.14.0-1.A.5 noarch
dnf-data 4.14.0-1.A.5 noarch
elfutils-default-yama-scope 0.188-3.A.2 noarch
elfutils-libelf 0.188-3.A.2
elfutils-libs 0.188-3.A.2
expat 2.5.0-1.A.4
file-libs 5.39-7.A.4
filesystem 3.14-5.A.3
findutils 1:4.8.0-2.A.2
gawk 5.1.0-3.A.3
gdbm-libs 1:1.19-2.A.2
glib2 2.74.7-689.A.2
glibc 2.34-52.A.11
glibc-common 2.34-52.A.11
glibc-minimal-langpack 2.34-52.A.11
gmp 1:6.2.1-2.A.2
gnupg2-minimal 2.3.7-1.A.4
gnutls 3.8.0-376.A.4
gobject-introspection 1.73.0-2.A.3
gpgme 1.15.1-6.A.3
grep 3.8-1.A.4
gzip 1.12-1.A.1
ima-evm-utils 1.4-2.A.2
json-c 0.14-8.A.2
keyutils-libs 1.6.3-1.amzn2023
krb5-libs 1.21-3.A.4
less 608-2.A.2
libacl 2.3.1-2.A.2
libarchive 3.7.4-2.A.1
libassuan 2.5.5-1.A.2
libattr 2.5.1-3.A.2
libblkid 2.37.4-1.A.4
libcap 2.48-2.A.3
libcap-ng 0.8.2-4.A.2
libcom_err 1.46.5-2.A.2
libcomps 0.1.20-1.amzn2023
libcurl-minimal 8.5.0-1.A.4
libdb 5.3.28-49.A.2
libdnf 0.69.0-8.A.4
libeconf 0.4.0-1.A.3
libffi 3.4.4-1.A.1
libgcc 11.4.1-2.A.2
libgcrypt 1.10.2-1.A.2
libgomp 11.4.1-2.A.2
libgpg-error 1.42-1.A.2
libidn2 2.3.2-1.A.5
libksba 1.5.1-1.A.2
libmodulemd 2.13.0-2.A.2
libmount 2.37.4-1.A.4
libnghttp2 1.59.0-3.A.1
libpeas 1.32.0-1.A.3
libpsl 0.21.1-3.A.2
libpwquality 1.4.4-6.A.2
librepo 1.14.5-2.A.1
libreport-filesystem 2.15.2-2.A.2 noarch
libselinux 3.4-5.A.2
libsemanage 3.4-5.A.2
libsepol 3.4-3.A.3
libsigsegv 2.13-2.A.2
libsmartcols 2.37.4-1.A.4
libsolv 0.7.22-1.A.2
libstdc++ 11.4.1-2.A.2
libtasn1 4.19.0-1.A.4
libunistring 0.9.10-10.A.2
libutempter 1.2.1-4.A.2
libuuid 2.37.4-1.A.4
libverto 0.3.2-1.A.2
libxcrypt 4.4.33-7.amzn2023
libxml2 2.10.4-1.A.6
libyaml 0.2.5-5.A.2
libzstd 1.5.5-1.A.1
lua-libs 5.4.4-3.A.2
lz4-libs 1.9.4-1.A.2
microdnf 3.10.0-2.A.1
mpfr 4.1.0-7.A.2
ncurses-base 6.2-4.20200222.A.6 noarch
ncurses-libs 6.2-4.20200222.A.6
nettle 3.8-1.A.3
npth 1.6-6.A.2
openssl-libs 1:3.0.8-1.A.16
p11-kit 0.24.1-2.A.3
p11-kit-trust 0.24.1-2.A.3
pam 1.5.1-8.A.4
pam-libs 1.5.1-8.A.4
passwd 0.80-10.A.2
pcre2 10.40-1.A.3
pcre2-syntax 10.40-1.A.3 noarch
popt 1.18-6.A.2
procps-ng 3.3.17-1.A.2
publicsuffix-list-dafsa 20240212-61.amzn2023 noarch
python3 3.9.16-1.A.9
python3-dnf 4.14.0-1.A.5 noarch
python3-gpg 1.15.1-6.A.3
python3-hawkey 0.69.0-8.A.4
python3-libcomps 0.1.20-1.amzn2023
python3-libdnf 0.69.0-8.A.4
python3-libs 3.9.16-1.A.9
python3-pip-wheel 21.3.1-2.A.9 noarch
python3-rpm 4.16.1.3-29.A.6
python3-setuptools-wheel 59.6.0-2.A.5 noarch
readline 8.1-2.A.2
rpm 4.16.1.3-29.A.6
rpm-build-libs 4.16.1.3-29.A.6
rpm-libs 4.16.1.3-29.A.6
rpm-sign-libs 4.16.1.3-29.A.6
sed 4.8-7.A.2
setup 2.13.7-3.A.2 noarch
shadow-utils 2:4.9-12.A.4
sqlite-libs 3.40.0-1.A.4
system-release 2023.6.20241031-0.amzn2023 noarch
systemd-libs 252.23-2.amzn2023
tar 2:1.34-1.A.4
tpm2-tss 3.1.0-1.A.2
tzdata 2024a-1.A.1 noarch
util-linux-core 2.37.4-1.A.4
xz-libs 5.2.5-9.A.2
yum 4.14.0-1.A.5 noarch
zlib 1.2.11-33.A.5
"""

# What a release has instead of, or beside, the packages above.
DRIFT = {
    OLDER: """
amazon-linux-repo-cdn 2023.5.20240916-0.amzn2023 noarch
curl-minimal 8.5.0-1.A.2
expat 2.5.0-1.A.3
krb5-libs 1.21-3.A.3
libcurl-minimal 8.5.0-1.A.2
openssl-libs 1:3.0.8-1.A.14
python3 3.9.16-1.A.8
python3-libs 3.9.16-1.A.8
system-release 2023.5.20240916-0.amzn2023 noarch
""",
    RUNTIME: "",
    NEWER: """
amazon-linux-repo-cdn 2023.6.20250107-0.amzn2023 noarch
expat 2.6.3-1.A.1
glib2 2.82.2-764.amzn2023
krb5-libs 1.21.3-1.A.1
libcap 2.48-2.A.4
libgcc 14.2.1-7.A.1
libgomp 14.2.1-7.A.1
libstdc++ 14.2.1-7.A.1
libxml2 2.10.4-1.A.7
openssl-fips-provider-latest 1:3.0.8-1.A.18
openssl-libs 1:3.0.8-1.A.18
python3 3.9.20-1.A.2
python3-libs 3.9.20-1.A.2
python3-setuptools-wheel 59.6.0-2.A.6 noarch
sqlite-libs 3.40.0-1.A.5
system-release 2023.6.20250107-0.amzn2023 noarch
tzdata 2024b-1.A.1 noarch
""",
}

# Only in build images.
DEVELOPMENT = """
annobin-plugin-gcc 10.93-1.A.1
autoconf 2.69-36.A.3 noarch
automake 1.16.5-9.A.3 noarch
binutils 2.39-6.A.11
binutils-gold 2.39-6.A.11
bison 3.7.4-2.A.3
byacc 2.0.20210109-1.A.2
cmake-filesystem 3.22.2-1.A.4
cpp 11.4.1-2.A.2
ctags 5.9-1.20210725.A.2
debugedit 5.0-3.A.2
diffstat 1.64-4.A.2
diffutils 3.8-1.A.2
dwz 0.14-6.A.2
ed 1.14.2-10.A.2
elfutils 0.188-3.A.2
elfutils-debuginfod-client 0.188-3.A.2
expat-devel 2.5.0-1.A.4
file 5.39-7.A.4
flex 2.6.4-7.A.2
gc 8.0.4-5.A.2
gcc 11.4.1-2.A.2
gcc-c++ 11.4.1-2.A.2
gdb-headless 12.1-5.A.1
gettext 0.21-4.A.2
gettext-libs 0.21-4.A.2
git 2.40.1-1.A.3
git-core 2.40.1-1.A.3
glibc-devel 2.34-52.A.11
guile22 2.2.7-2.A.3
intltool 0.51.0-18.A.2 noarch
jansson 2.14-0.A.1
kernel-headers 6.1.112-124.190.amzn2023
kernel-srpm-macros 1.0-14.A.2 noarch
libffi-devel 3.4.4-1.A.1
libmpc 1.2.1-2.A.2
libstdc++-devel 11.4.1-2.A.2
libtool 2.4.7-1.A.3
libtool-ltdl 2.4.7-1.A.3
libxcrypt-devel 4.4.33-7.amzn2023
m4 1.4.19-2.A.2
make 1:4.3-5.A.2
openssl-devel 1:3.0.8-1.A.16
patch 2.7.6-14.A.2
patchutils 0.4.2-4.A.2
perl-interpreter 4:5.32.1-477.A.6
perl-libs 4:5.32.1-477.A.6
pkgconf 1.8.0-4.A.2
pkgconf-m4 1.8.0-4.A.2 noarch
pkgconf-pkg-config 1.8.0-4.A.2
python3-devel 3.9.16-1.A.9
rpm-build 4.16.1.3-29.A.6
rpmdevtools 9.6-1.A.2 noarch
strace 6.8-1.A.2
subversion-libs 1.14.2-8.A.2
swig 4.0.2-14.A.2
systemtap-sdt-devel 4.8-3.A.6
unzip 6.0-57.A.2
valgrind 1:3.19.0-3.A.2
xz 5.2.5-9.A.2
zip 3.0-28.A.2
zlib-devel 1.2.11-33.A.5
"""

DEVELOPMENT_DRIFT = {
    OLDER: """
binutils 2.39-6.A.10
expat-devel 2.5.0-1.A.3
kernel-headers 6.1.109-118.189.amzn2023
openssl-devel 1:3.0.8-1.A.14
python3-devel 3.9.16-1.A.8
""",
    RUNTIME: "",
    NEWER: """
expat-devel 2.6.3-1.A.1
kernel-headers 6.1.119-129.201.amzn2023
libstdc++-devel 11.5.0-5.A.1
openssl-devel 1:3.0.8-1.A.18
python3-devel 3.9.20-1.A.2
""",
}
