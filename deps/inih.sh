# SPDX-License-Identifier: BSD-2-Clause
# inih: the INI reader under kernel/config.c, for the image (libinih.a) and for the tests on the
# host (libinih-host.a), both with the same options.
# shellcheck shell=bash disable=SC2034,SC2154
version=r59
licence="BSD-3-Clause, see docs/licences/LICENSE.INIH"
source_package=libinih
member=libinih_59.orig.tar.gz
sha256=062279922805f5e9a369551a08d5ddb506140fe50774183ffdbb7c22bb97e3f4
needs=(newlib)
products=(libinih.a libinih-host.a include/ini.h)

# Reading goes on after any error; the handler hears of every section and of lines without "=", and is
# told the line number.
options="-DINI_ALLOW_MULTILINE=0 -DINI_ALLOW_INLINE_COMMENTS=1 -DINI_STOP_ON_FIRST_ERROR=0
    -DINI_MAX_LINE=200 -DINI_USE_STACK=1 -DINI_ALLOW_REALLOC=0 -DINI_HANDLER_LINENO=1
    -DINI_CALL_HANDLER_ON_NEW_SECTION=1 -DINI_ALLOW_NO_VALUE=1"

build()
{
    mkdir -p product/include
    # Whoever includes ini.h gets the same options, or the handler's type would differ.
    {
        for option in $options; do
            option=${option#-D}
            echo "#define ${option%=*} ${option#*=}"
        done
        cat source/ini.h
    } >product/include/ini.h
    # shellcheck disable=SC2086
    gcc -std=gnu17 -O2 -g $abi_flags $hardening_flags -D__DYNAMIC_REENT__ \
        -isystem "$newlib/include" -iquote product/include -Iproduct/include \
        -c -o inih.o -x c - <source/ini.c
    gcc -std=gnu17 -O1 -g -Iproduct/include -c -o inih-host.o -x c - <source/ini.c
    ar rcs product/libinih.a inih.o
    ar rcs product/libinih-host.a inih-host.o
    cp source/LICENSE.txt product/LICENSE.INIH
}
