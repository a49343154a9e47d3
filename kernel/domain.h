// SPDX-License-Identifier: BSD-2-Clause
// A protection domain: what one driver's data path may see while it runs in ring 3, and running it.
//
// A domain has a copy of ring 3's text, a stack between two unmapped pages, the memory that
// domain_memory() and domain_share() give it, and nothing else. Domains are kept apart by
// protection keys where the processor has them (SDM volume 3, 4.6.2), else each has page tables of
// its own. Everything is mapped before the first crossing and stays mapped; ring 0 reaches the same
// memory by addresses of its own half, so SMAP and SMEP stay on.
#pragma once
#include <stddef.h>

#include "drivers/domain.h"
#include "kernel/gate.h"
#include "kernel/vm.h"

enum {
    DOMAINS_MAX = 10, // one for each port, and two for `bench`
    DOMAIN_STACK_BYTES = 8 * 1024,
};

struct domain {
    const char *name;             // kept
    struct domain_answer *answer; // as ring 0 sees it; nothing in it is true
    uint64_t answer_address;      // as the domain does

    // What domain_run() touches.
    uint64_t crossings;
    uint64_t moved; // from ring 3's text in the image to the domain's copy, as ring 3 sees it
    uint64_t exit;  // domain_exit(), as ring 3 sees it
    uint64_t *return_address; // at the top of the stack
    struct gate_entry entry;

    // Private to domain.c.
    uint64_t root, next;
    unsigned key, pcid;
    uint64_t text; // where ring 3's text begins, as ring 3 sees it
    uint8_t *text_copy;
    uint8_t *stack;
};

// How domains are kept apart: "protection keys", "page tables with PCIDs" or "page
// tables".
const char *domain_mechanism(void);
bool domain_by_keys(void);

// Makes a domain. Returns NULL after a line in the log: no memory, one too many, or text that a
// domain must not have.
struct domain *domain_create(const char *name);

// Zeroed memory of the domain's own, of kind VM_USER_READ or VM_USER_WRITE. Returns it as ring 0
// sees it, and in *user as ring 3 does; NULL when there is none.
void *domain_memory(struct domain *domain, size_t bytes, enum vm_user kind, uint64_t *user);

// Lets the domain see whole pages around something that ring 0 has: rings, or registers. Returns
// the address as ring 3 sees it, 0 when that cannot be. The caller knows what else is in those
// pages.
uint64_t domain_share(struct domain *domain, const volatile void *memory, size_t bytes,
                      enum vm_user kind);

// A range of addresses, of so many bytes, behind all of which lies one and the same page: what the
// domain writes there is lost. 0: no memory.
uint64_t domain_mirror(struct domain *domain, uint64_t bytes);

// The address of a function of ring 3's text in this domain.
static inline uint64_t domain_function(const struct domain *domain, const void *function)
{
    return domain->moved + (uint64_t)function;
}

// Calls one of those of drivers/domain.h in ring 3, with a call that lies at this address there.
// Returns what it returned, and how it ended.
static inline struct gate_result domain_run(struct domain *domain,
                                            uint64_t (*function)(const struct domain_call *call),
                                            uint64_t call)
{
    domain->crossings++;
    domain->entry.argument = call;
    domain->entry.rip = domain_function(domain, (const void *)function);
    *domain->return_address = domain->exit; // ring 3 can write there
    return gate_enter(&domain->entry);
}

// Makes text and stack what they were at first.
void domain_restore(struct domain *domain);
