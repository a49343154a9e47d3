// SPDX-License-Identifier: BSD-2-Clause
// The control queue. VIRTIO 1.2, section 5.1.6.5.
#include "drivers/virtio/control.h"
#include "drivers/virtio/regs.h"
#include <errno.h>

enum { NO_ANSWER = 0xff }; // 5.1.6.5: a device answers 0, or 1 for an error

int control_allocate(struct control *control, struct port *port, const struct ring_format *format,
                     const struct ring_plan *plan)
{
    control->format = format;
    if (!env_dma_alloc(port->env, sizeof(struct control_command) * CONTROL_COMMANDS_MAX,
                       &control->memory))
        return -ENOMEM;
    control->queue = format->allocate(port, plan);
    return control->queue != NULL ? 0 : -ENOMEM;
}

void control_reset(struct control *control)
{
    control->count = control->answered = 0;
    if (control->queue != NULL)
        control->format->reset(control->queue);
}

void control_add(struct control *control, const char *name, bool required, uint8_t class,
                 uint8_t command, const void *data, unsigned bytes)
{
    unsigned number = control->count++;
    control->name[number] = name;
    control->required[number] = required;
    struct control_command *entry = (struct control_command *)control->memory.memory + number;
    *entry = (struct control_command){.class = class, .command = command, .answer = NO_ANSWER};
    __builtin_memcpy(entry->data, data, bytes);
    // 5.1.6.6: a legacy device may insist on a descriptor for each of the three.
    uint64_t at = control->memory.address + sizeof *entry * number;
    control->format->post(control->queue,
                          (const struct ring_part[CONTROL_PARTS]){
                              {at, offsetof(struct control_command, data), false},
                              {at + offsetof(struct control_command, data), bytes, false},
                              {at + offsetof(struct control_command, answer), 1, true},
                          },
                          CONTROL_PARTS);
}

void control_send(struct control *control)
{
    control->sent_at = env_time_us();
    if (control->count != 0)
        control->format->notify(control->queue);
}

bool control_settle(struct control *control)
{
    const struct port *port = control->queue->port;
    bool fine = true;
    for (; !control_settled(control); control->answered++) {
        const struct control_command *entry =
            (const struct control_command *)control->memory.memory + control->answered;
        uint8_t answer = __atomic_load_n(&entry->answer, __ATOMIC_ACQUIRE);
        if (answer == NO_ANSWER && env_time_us() - control->sent_at < CONTROL_LIMIT_US)
            return fine;
        if (answer == VIRTIO_NET_CTRL_OK)
            continue;
        env_log(port->env, "virtio: the device %s: %s (VIRTIO 1.2, 5.1.6.5)",
                answer == NO_ANSWER ? "does not answer in 1 s" : "refuses a command",
                control->name[control->answered]);
        fine &= !control->required[control->answered];
    }
    return fine;
}
