# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=dash
# What Linux's ixgbe must be able to do with the model. Two ports face each other through a hub; the
# second one lives in a network namespace. Each check prints "CHECK name ok" or "CHECK name FAILED".

b() { ip netns exec b "$@"; }

# "check NAME COMMAND..." shows what the command said when it failed.
check() {
    name=$1
    shift
    if "$@" >/run/said 2>&1; then
        echo "CHECK $name ok"
    else
        echo "CHECK $name FAILED"
        cat /run/said
    fi
}

answers() {
    for _ in 1 2 3 4 5 6 7 8 9 10; do
        ping -c 1 -W 1 "$1" >/dev/null 2>&1 && return 0
    done
    return 1
}

counter() { b ethtool -S "$1" | sed -n "s/^ *$2: //p"; }

moves() { # the line with what arrived; "$@" goes to iperf3
    timeout 60 iperf3 -c 10.0.0.2 -t 2 -f k "$@" | grep receiver
}

jumbo() {
    before=$(counter eth1 non_eop_descs)
    moves -t 2 || return 1
    after=$(counter eth1 non_eop_descs)
    echo "non_eop_descs $before $after"
    [ "$after" -gt $((before + 100)) ]
}

both_queues() {
    for n in 1 2 3 4 5 6 7 8; do
        timeout 20 iperf3 -c 10.0.0.2 -n 64K --cport $((40000 + n)) >/dev/null || return 1
    done
    b ethtool -S eth1 | grep rx_queue
    for queue in 0 1; do
        [ "$(counter eth1 rx_queue_${queue}_packets)" -gt 20 ] || return 1
    done
}

# Frames that eth1 had no room for, in its packet buffer or in its rings
lost() { echo $(($(counter eth1 rx_missed_errors) + $(counter eth1 rx_no_dma_resources))); }

# Processor 1 is kept from eth1's receiver for a second or two while 4 MB are sent to it: its packet buffer
# fills up, and it says so. Without flow control the same loses frames.
starve() { # "starve on" or "starve off"
    ethtool -A eth0 autoneg off rx "$1" tx "$1" 2>&1
    b ethtool -A eth1 autoneg off rx "$1" tx "$1" 2>&1
    answers 10.0.0.2
    missed=$(lost)
    told=$(counter eth1 tx_flow_control_xoff)
    heard=$(ethtool -S eth0 | sed -n 's/^ *rx_flow_control_xoff: //p')
    chrt -f 50 taskset 2 sh /run/hog &
    taskset 1 /usr/bin/ping -q -l 500 -c 500 -s 8000 -w 6 10.0.0.2
    wait $!
    missed=$(($(lost) - missed))
    told=$(($(counter eth1 tx_flow_control_xoff) - told))
    heard=$(($(ethtool -S eth0 | sed -n 's/^ *rx_flow_control_xoff: //p') - heard))
    echo "$1: missed $missed, XOFF sent $told, heard $heard"
}

flow_control() {
    cat >/run/hog <<'END'
read -r now _ </proc/uptime
end=$((${now%.*} + 2))
while read -r now _ </proc/uptime && [ "${now%.*}" -lt "$end" ]; do :; done
END
    echo -1 >/proc/sys/kernel/sched_rt_runtime_us
    b sh -c 'echo 1 >/sys/class/net/eth1/threaded'
    b ethtool -G eth1 rx 64
    answers 10.0.0.2 || return 1
    for thread in $(grep -l "^napi/eth1" /proc/[0-9]*/comm); do
        thread=${thread#/proc/}
        taskset -p 2 "${thread%/comm}"
    done
    starve off
    [ "$missed" -gt 0 ] && [ "$told" = 0 ] && [ "$heard" = 0 ] || return 1
    starve on
    [ "$missed" = 0 ] && [ "$told" -gt 0 ] && [ "$heard" -gt 0 ] || return 1
    b ethtool -G eth1 rx 512
    b sh -c 'echo 0 >/sys/class/net/eth1/threaded'
}

vlan() {
    ip link add link eth0 name v5 type vlan id 5
    ip addr add 10.5.0.1/24 dev v5
    ip link set v5 up
    b ip link add link eth1 name v5 type vlan id 5
    b ip addr add 10.5.0.2/24 dev v5
    b ip link set v5 up
    answers 10.5.0.2 && ping -c 3 -i 0.2 -s 8000 10.5.0.2
}

up_and_down() {
    for _ in $(seq 50); do
        ip link set eth0 down || return 1
        ip link set eth0 up || return 1
    done
    answers 10.0.0.2
}

self_test() {
    ethtool -t eth0 offline
}

module() {
    ethtool -m eth0 | grep "Vendor name" | grep Intel && ethtool -m eth0 | grep "Module temperature"
}

registers() { ethtool -d eth0 | grep -q "STATUS"; }

clean_log() {
    bad="Tx Unit Hang|not cleared|Adapter removed|EEPROM checksum|hw csum|DMAR:.*fault|Call Trace"
    ! dmesg | grep -iE "$bad"
}

ip link set lo up
ip netns add b
ip link set eth1 netns b
b ip link set lo up
check probe sh -c 'dmesg | grep -c "Intel(R) 10 Gigabit Network Connection" | grep -x 2'
ip addr add 10.0.0.1/24 dev eth0
ip link set eth0 up
b ip addr add 10.0.0.2/24 dev eth1
b ip link set eth1 up
b iperf3 -s -D >/dev/null
check link answers 10.0.0.2
check speed sh -c '/usr/bin/ethtool eth0 | grep "Speed: 10000Mb/s"'
check module module
check registers registers
check ping ping -c 20 -i 0.05 -w 20 10.0.0.2
check iperf3 moves
check iperf3-reverse moves -R
[ "$QUEUES" = 1 ] || check two-queues both_queues
ip link set eth0 mtu 9000
b ip link set eth1 mtu 9000
check jumbo-link answers 10.0.0.2
check jumbo-ping ping -c 3 -i 0.2 -s 8900 -M "do" 10.0.0.2
check jumbo-descriptors jumbo
[ "$CONFIGURATION" != msi-x ] || check flow-control flow_control
check vlan vlan
check self-test self_test
check up-and-down up_and_down
check log clean_log
