// SPDX-License-Identifier: BSD-2-Clause
// GET /healthz: whether everything that is configured to forward can forward.
#include "net/stack/pages.h"

// What is wrong with a port, or NULL.
static const char *complaint(const struct supervised *s)
{
    if (s->state != SUPERVISED_RUNNING || s->port->state != PORT_RUNNING)
        return supervise_state_name(s);
    return s->port->link_up ? NULL : "no link";
}

static const struct supervised *forward_port(unsigned index)
{
    const struct view *view = page_view();
    return &view->supervisor->ports[view->config->forward_ports[index]];
}

uint16_t health_status(void)
{
    for (unsigned i = 0; i < page_view()->config->forward_count; i++)
        if (complaint(forward_port(i)) != NULL)
            return 503;
    return 200;
}

bool health_write(struct page_cursor *cursor, const char *query, struct text *out)
{
    (void)cursor, (void)query;
    bool good = true;
    for (unsigned i = 0; i < page_view()->config->forward_count; i++) {
        const char *text = complaint(forward_port(i));
        if (text != NULL)
            text_printf(out, "%s: %s\n", forward_port(i)->port->name, text);
        good &= text == NULL;
    }
    if (good)
        text_append(out, "ok\n", 3);
    return false;
}
