# SPDX-License-Identifier: BSD-2-Clause
# newlib: the C library (libc.a, libm.a). kernel/libc.c supplies what it asks of a kernel.
# shellcheck shell=bash disable=SC2034,SC2154
version=4.5.0.20241231
licence="BSD and others, see docs/licences/COPYING.NEWLIB"
package=newlib-source # a binary package of Debian's that carries the upstream release
member=usr/src/newlib/newlib-$version.tar.xz
sha256=8505a1c0ce94d9bdcdc62cc6ae6b91ce1554a840a1185f048a1a1dc65f90e49f
products=(lib/libc.a lib/libm.a include/stdio.h)

# Locks are retargetable, and each reentrancy structure is asked for by a call (__getreent), so
# that nothing in it depends on thread-local storage.
build()
{
    mkdir objects
    cd objects
    ../source/configure --target=x86_64-elf --prefix="$PWD/../installed" \
        --disable-multilib --disable-libgloss --disable-nls --disable-newlib-supplied-syscalls \
        --disable-newlib-wide-orient --enable-newlib-io-c99-formats \
        --enable-newlib-io-long-long --enable-newlib-retargetable-locking \
        CC_FOR_TARGET=gcc AR_FOR_TARGET=ar AS_FOR_TARGET=as LD_FOR_TARGET=ld \
        NM_FOR_TARGET=nm RANLIB_FOR_TARGET=ranlib OBJCOPY_FOR_TARGET=objcopy \
        READELF_FOR_TARGET=readelf STRIP_FOR_TARGET=strip MAKEINFO=true \
        CFLAGS_FOR_TARGET="-O2 $abi_flags -fno-stack-protector -U_FORTIFY_SOURCE \
            -ffunction-sections -fdata-sections -D__DYNAMIC_REENT__"
    make -j"$jobs" all-target-newlib
    make install-target-newlib
    cd ..
    mkdir product
    mv installed/x86_64-elf/lib installed/x86_64-elf/include product
    cp source/COPYING.NEWLIB product
}
