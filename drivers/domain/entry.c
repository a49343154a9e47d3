// SPDX-License-Identifier: BSD-2-Clause
// The first and the last instructions of ring 3: calls a driver's data verb, and leaves.
//
// Everything in this folder and every driver's data path is linked into one piece of text that
// refers to nothing outside it (tools/check-ring3), so that it runs wherever it is mapped.
#include "drivers/domain.h"
#include "drivers/hints.h"

// The answer to a call, after the fault that was asked for.
static inline uint64_t answer(const struct domain_call *call, uint64_t value)
{
    call->answer->generation = call->generation;
    if (UNLIKELY(call->fault != FAULT_NONE))
        return domain_fault(call, value);
    return value;
}

static inline uint64_t refill_and_receive(const struct domain_call *call)
{
    if (call->given > 0)
        call->refill(call->queue, call->buffers, call->given);
    return call->receive(call->queue, call->frames, call->count);
}

uint64_t domain_receive(const struct domain_call *call)
{
    return answer(call, refill_and_receive(call));
}

uint64_t domain_room(const struct domain_call *call)
{
    return answer(call, call->room(call->queue, call->count));
}

uint64_t domain_transmit(const struct domain_call *call)
{
    return answer(call, call->transmit(call->queue, call->frames, call->count));
}

uint64_t domain_next_empty(const struct domain_call *call)
{
    return answer(call, call->next_empty(call->queue));
}

uint64_t domain_exchange(const struct domain_call *call)
{
    uint64_t value = call->transmit(call->queue, call->frames, call->count);
    if (call->wanted != 0)
        value |= (uint64_t)call->room(call->queue, call->wanted) << 32;
    if (call->then != NULL) {
        // A driver that ends from here on ends in another queue.
        *(volatile uint64_t *)&call->answer->receiving = call->generation;
        value |= refill_and_receive(call->then) << 16;
    }
    return answer(call, value);
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
