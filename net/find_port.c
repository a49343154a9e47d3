// SPDX-License-Identifier: BSD-2-Clause
// What commands of the shell have in common that are about ports.
#include "net/find_port.h"
#include "kernel/console.h"
#include <string.h>

bool box_runs(const void *what)
{
    if (what == NULL)
        console_printf("nothing is forwarded: see the log\n");
    return what != NULL;
}

int find_port(struct port *const ports[], unsigned count, const char *name)
{
    for (unsigned i = 0; i < count; i++)
        if (strcmp(ports[i]->name, name) == 0)
            return (int)i;
    console_printf("no port is called \"%s\"; there are:", name);
    for (unsigned i = 0; i < count; i++)
        console_printf(" %s", ports[i]->name);
    console_printf("%s\n", count == 0 ? " none" : "");
    return -1;
}
