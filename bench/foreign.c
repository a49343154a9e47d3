// SPDX-License-Identifier: BSD-2-Clause
// Loads a foreign driver and gives it two simulated 82599s.
#include "bench/foreign.h"
#include "bench/rig.h"
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>

static void (*forward)(void);
static struct foreign_cards cards;

static void tick(void)
{
    (void)env_time_us(); // every open card ticks
}

static void *find(void *library, const char *name)
{
    void *symbol = dlsym(library, name);
    if (symbol == NULL) {
        fprintf(stderr, "bench: %s\n", dlerror());
        exit(1);
    }
    return symbol;
}

void foreign_open(unsigned batch)
{
    const char *name = getenv("FOREIGN");
    const bool named = name != NULL && *name != '\0';
    void *library = named ? dlopen(name, RTLD_NOW | RTLD_LOCAL) : NULL;
    if (library == NULL) {
        fprintf(stderr, "bench: %s\n", named ? dlerror() : "FOREIGN=LIBRARY is not set");
        exit(1);
    }
    int (*start)(const struct foreign_cards *) = NULL;
    *(void **)&start = find(library, "foreign_start");
    *(void **)&forward = find(library, "foreign_forward");
    cards = (struct foreign_cards){.batch = batch, .tick = tick};
    for (unsigned i = 0; i < 2; i++) {
        rig.path->cards->open(i, &rig.envs[i], &rig.ports[i]);
        cards.bar[i] = rig.envs[i].registers;
    }
    if (start(&cards) != 0) {
        fprintf(stderr, "bench: %s does not start\n", name);
        exit(1);
    }
}

unsigned foreign_poll(void)
{
    forward();
    return 2 * cards.batch;
}
