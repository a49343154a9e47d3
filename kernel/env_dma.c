// SPDX-License-Identifier: BSD-2-Clause
// What a driver may call, for the image: memory that its card reaches.
#include <string.h>

#include "kernel/acs.h"
#include "kernel/env.h"
#include "kernel/page.h"
#include "kernel/vm.h"

enum {
    // A confined card's memory comes in whole 2 MiB pages, which the IOMMU looks up once, where one
    // takes no more than so small a part of what is free.
    LARGE_SHARE = 32,
};

bool env_isolate(struct env *env, bool confine, bool must)
{
    env->must_confine = confine && must;
    const char *wrong = NULL;
    if (confine && (wrong = iommu_confine(&env->iommu, env->pci)) == NULL) {
        const struct pci_device *open = acs_enable(env->pci);
        if (open != NULL)
            env_log(
                env,
                "bridge %04x:%02x:%02x.%u has no ACS: other cards behind it may reach this one's "
                "registers",
                open->segment, open->bus, open->slot, open->function);
        return true;
    }
    if (env->must_confine) {
        env_log(env, "isolation = iommu is not possible: %s; expected none", wrong);
        return false;
    }
    if (confine)
        env_log(env, "no IOMMU confines its card: %s", wrong);
    wrong = iommu_release(&env->iommu, env->pci);
    if (wrong != NULL)
        env_log(env, "isolation = none is not possible: %s", wrong);
    return wrong == NULL;
}

bool env_confined(const struct env *env)
{
    return env->iommu.confined;
}

bool env_unconfined(struct env *env)
{
    if (!env->iommu.confined)
        return true;
    if (env->must_confine || env->dma != NULL) {
        env_log(env,
                "isolation = iommu is not possible: this card's DMA goes past the IOMMU (QEMU: "
                "iommu_platform=on); expected none");
        return false;
    }
    env_log(env, "no IOMMU confines its card: DMA goes past it (QEMU: iommu_platform=on)");
    return env_isolate(env, false, false);
}

int env_grant(struct env *env, uint64_t address, uint64_t bytes, bool write)
{
    return env->iommu.confined ? iommu_map(&env->iommu, address, bytes, write) : 0;
}

void env_cut_off(struct env *env)
{
    if (iommu_detach(&env->iommu) != 0)
        pci_bus_master(env->pci, false);
}

// Takes memory of at least so many bytes for the card alone.
static bool take(struct env *env, size_t bytes)
{
    const bool large = env->iommu.confined && page_free_bytes() / LARGE_SHARE >= PAGE_LARGE;
    const uint64_t page = large ? PAGE_LARGE : PAGE_SIZE;
    if (bytes > SIZE_MAX - page)
        return false;
    const size_t size = (bytes + page - 1) & ~(page - 1);
    const uint64_t physical = page_alloc(size, page, 0);
    if (physical == 0)
        return false;
    memset(vm_direct(physical), 0, size);
    if (env_grant(env, physical, size, true) != 0)
        return false;
    env->dma = vm_direct(physical);
    env->dma_bytes = size;
    return true;
}

bool env_dma_alloc(struct env *env, size_t bytes, struct env_dma *dma)
{
    if (bytes == 0 || bytes > SIZE_MAX - PAGE_SIZE)
        return false;
    const size_t size = (bytes + PAGE_SIZE - 1) & ~(size_t)(PAGE_SIZE - 1);
    if (size > env->dma_bytes && !take(env, size))
        return false;
    *dma = (struct env_dma){env->dma, vm_physical(env->dma)};
    env->dma += size;
    env->dma_bytes -= size;
    return true;
}

void env_bus_master(struct env *env, bool on)
{
    if (on && iommu_attach(&env->iommu) != 0) {
        env_log(env, "VT-d does not let the card reach its memory");
        return;
    }
    pci_bus_master(env->pci, on);
    if (!on)
        iommu_detach(&env->iommu);
}
