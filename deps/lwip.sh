# SPDX-License-Identifier: BSD-2-Clause
# lwIP: the management stack (IPv4, IPv6, TCP, UDP, DHCP). Never on the packet path.
# Debian's one security patch to this release (CVE-2026-8836) is in the SNMP agent, which is not
# compiled here; the upstream release is used as it is.
# shellcheck shell=bash disable=SC2034,SC2154
version=2.2.1
licence="BSD-3-Clause, see docs/licences/COPYING.LWIP"
source_package=lwip
member=lwip_$version+dfsg1.orig.tar.xz
sha256=83729c274c499d3348e9fbbe043a3113f3fa8953e7efddc7c21c7fcbb1f2b7b1
needs=(newlib)
inputs=(net/stack/lwipopts.h net/stack/arch/cc.h)
products=(liblwip.a include/lwip/init.h core/tcp.c fuzz/tcp/tcp_syn.bin)

build()
{
    mkdir objects product
    cat >objects/Makefile <<'END'
LWIPDIR := ../source/src
include $(LWIPDIR)/Filelists.mk
objects := $(notdir $(patsubst %.c,%.o,$(COREFILES) $(CORE4FILES) $(CORE6FILES) $(NETIFFILES)))
VPATH   := $(LWIPDIR)/core $(LWIPDIR)/core/ipv4 $(LWIPDIR)/core/ipv6 $(LWIPDIR)/netif
liblwip.a: $(objects)
	ar rcs $@ $^
END
    make -C objects -j"$jobs" CC=gcc CFLAGS="-std=gnu17 -O2 -g -Wall -Werror $abi_flags \
        $hardening_flags -D__DYNAMIC_REENT__ -I../source/src/include -I$root/net/stack \
        -isystem $newlib/include"
    mv objects/liblwip.a product
    # The sources and lwIP's own fuzz inputs are for tests/fuzz/.
    cp -r source/src/include source/src/core source/src/netif product
    cp -r source/test/fuzz/inputs product/fuzz
    cp source/COPYING product/COPYING.LWIP
}
