// SPDX-License-Identifier: BSD-2-Clause
// The first and the last instructions of ring 3: calls a driver's data verb, and leaves.
//
// Everything in this folder and every driver's data path is linked into one piece of text that
// refers to nothing outside it (tools/check-ring3), so that it runs wherever it is mapped.
#include "drivers/domain.h"

uint64_t domain_receive(const struct domain_call *call)
{
    struct domain_answer *answer = call->answer;
    if (call->given > 0)
        call->refill(call->queue, call->buffers, call->given);
    const unsigned count = call->receive(call->queue, answer->frames, call->count);
    answer->generation = call->generation;
    return count;
}

uint64_t domain_room(const struct domain_call *call)
{
    const unsigned room = call->room(call->queue, call->count);
    call->answer->generation = call->generation;
    return room;
}

uint64_t domain_transmit(const struct domain_call *call)
{
    struct domain_answer *answer = call->answer;
    const unsigned sent = call->transmit(call->queue, answer->frames, call->count);
    answer->generation = call->generation;
    return sent;
}

uint64_t domain_nothing(const struct domain_call *call)
{
    (void)call;
    return 0;
}

__attribute__((naked)) void domain_exit(void)
{
    __asm__("syscall\n\t"
            "ud2"); // nobody comes back here
}
