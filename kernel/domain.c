// SPDX-License-Identifier: BSD-2-Clause
// What a domain sees: page by page. SDM volume 3, 4.6 (access rights), 4.6.2 (protection keys).
#include "kernel/domain.h"

#include <string.h>

#include "kernel/cpu.h"
#include "kernel/domain_scan.h"
#include "kernel/image.h"
#include "kernel/log.h"
#include "kernel/page.h"
#include "kernel/task.h"

#define ROOM_PER_DOMAIN (64ull << 30) // of addresses
#define NO_KEY_OPEN     0x55555555u   // PKRU: access disabled for each of the 16 keys

static struct domain domains[DOMAINS_MAX];
static unsigned count;

bool domain_by_keys(void)
{
    return cpu_has_user_keys();
}

const char *domain_mechanism(void)
{
    if (domain_by_keys())
        return "protection keys";
    return cpu_has_pcid() ? "page tables with PCIDs" : "page tables";
}

static uint64_t pages(uint64_t bytes)
{
    return (bytes + PAGE_SIZE - 1) & ~(uint64_t)(PAGE_SIZE - 1);
}

// Takes addresses, with an unmapped page behind them.
static uint64_t take_addresses(struct domain *domain, uint64_t bytes)
{
    const uint64_t address = domain->next;
    domain->next += pages(bytes) + PAGE_SIZE;
    return address;
}

void *domain_memory(struct domain *domain, size_t bytes, enum vm_user kind, uint64_t *user)
{
    const uint64_t physical = page_alloc(pages(bytes), PAGE_SIZE, 0);
    if (physical == 0)
        return NULL;
    *user = take_addresses(domain, bytes);
    void *memory = vm_direct(physical);
    memset(memory, 0, pages(bytes));
    return vm_user_map(domain->root, *user, physical, pages(bytes), kind, domain->key) ? memory
                                                                                       : NULL;
}

uint64_t domain_share(struct domain *domain, const volatile void *memory, size_t bytes,
                      enum vm_user kind)
{
    const uint64_t offset = (uint64_t)memory % PAGE_SIZE;
    const volatile char *first = (const volatile char *)memory - offset;
    const uint64_t address = take_addresses(domain, offset + bytes);
    for (uint64_t at = 0; at < pages(offset + bytes); at += PAGE_SIZE) {
        const uint64_t physical = vm_translate(first + at);
        if (physical == 0 ||
            !vm_user_map(domain->root, address + at, physical, PAGE_SIZE, kind, domain->key))
            return 0;
    }
    return address + offset;
}

uint64_t domain_mirror(struct domain *domain, uint64_t bytes)
{
    const uint64_t physical = page_alloc(PAGE_SIZE, PAGE_SIZE, 0);
    if (physical == 0)
        return 0;
    memset(vm_direct(physical), 0, PAGE_SIZE);
    const uint64_t address = take_addresses(domain, bytes);
    for (uint64_t at = 0; at < pages(bytes); at += PAGE_SIZE)
        if (!vm_user_map(domain->root, address + at, physical, PAGE_SIZE, VM_USER_WRITE,
                         domain->key))
            return 0;
    return address;
}

static size_t text_bytes(void)
{
    return (size_t)(domain_text_end - domain_text_start);
}

static bool map_all(struct domain *domain)
{
    uint64_t stack = 0;
    domain->text_copy = domain_memory(domain, text_bytes(), VM_USER_EXECUTE, &domain->text);
    domain->stack = domain_memory(domain, DOMAIN_STACK_BYTES, VM_USER_WRITE, &stack);
    domain->answer =
        domain_memory(domain, sizeof *domain->answer, VM_USER_WRITE, &domain->answer_address);
    if (domain->text_copy == NULL || domain->stack == NULL || domain->answer == NULL)
        return false;
    domain->moved = domain->text - (uint64_t)domain_text_start;
    domain->exit = domain_function(domain, (const void *)domain_exit);
    domain->return_address = (uint64_t *)(domain->stack + DOMAIN_STACK_BYTES) - 1;
    domain->entry = (struct gate_entry){
        .rsp = stack + DOMAIN_STACK_BYTES - sizeof(uint64_t),
        .root = domain_by_keys() ? 0 : domain->root | domain->pcid,
        .pkru = domain_by_keys() ? NO_KEY_OPEN & ~(3u << 2 * domain->key) : 0,
    };
    return true;
}

void domain_restore(struct domain *domain)
{
    memcpy(domain->text_copy, domain_text_start, text_bytes());
    memset(domain->stack, 0, DOMAIN_STACK_BYTES);
}

// Looks through the text once, which nothing can change afterwards, in pieces that overlap by what
// the end of a forbidden instruction may take. Returns what domain_scan() does.
static const char *scan_text(size_t *at)
{
    enum { PIECE = 256, OVERLAP = 2 };
    static size_t seen;
    const size_t way_out = (size_t)((const char *)domain_exit - domain_text_start);
    for (; seen < text_bytes(); seen += PIECE, task_breathe()) {
        const size_t left = text_bytes() - seen;
        const char *found =
            domain_scan((const uint8_t *)domain_text_start + seen,
                        left < PIECE + OVERLAP ? left : PIECE + OVERLAP, way_out - seen, at);
        if (found != NULL) {
            *at += seen;
            return found;
        }
    }
    return NULL;
}

struct domain *domain_create(const char *name)
{
    size_t at;
    const char *forbidden = scan_text(&at);
    if (forbidden != NULL) {
        log_line("%s: no domain: %s in ring 3's text, offset %#llx", name, forbidden,
                 (unsigned long long)at);
        return NULL;
    }
    if (!gate_watch()) {
        log_line("%s: no domain: no timer that could end it", name);
        return NULL;
    }
    if (count == DOMAINS_MAX) {
        log_line("%s: no domain: there are %d already", name, DOMAINS_MAX);
        return NULL;
    }
    struct domain *domain = &domains[count];
    *domain = (struct domain){
        .name = name,
        .next = VM_DOMAINS + count * ROOM_PER_DOMAIN + PAGE_SIZE,
        .root = domain_by_keys() ? vm_kernel_root() : vm_user_root(),
        .key = domain_by_keys() ? count + 1 : 0,
        .pcid = cpu_has_pcid() ? count + 1 : 0, // 0 is the kernel's root's
    };
    if (domain->root == 0 || !map_all(domain)) {
        log_line("%s: no domain: no memory", name);
        return NULL;
    }
    domain_restore(domain);
    count++;
    return domain;
}
