# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=dash
# DPDK's testpmd on both ports, driven by what $COMMANDS prints into it.

mkdir -p /mnt/huge
mount -t hugetlbfs huge /mnt/huge
echo 8086 10fb >/sys/bus/pci/drivers/uio_pci_generic/new_id
export LD_LIBRARY_PATH=/usr/bin
# shellcheck disable=SC2086 # ARGUMENTS is a list of words
commands | timeout 120 dpdk-testpmd -l 0,1 -n 1 -m 128 --no-telemetry \
    -d "$(ls /usr/bin/librte_mempool_ring*)" -d "$(ls /usr/bin/librte_net_ixgbe*)" -- \
    -i --auto-start --rxq=2 --txq=2 --nb-cores=1 --total-num-mbufs=8192 --rss-udp $ARGUMENTS
