// SPDX-License-Identifier: BSD-2-Clause
// The shell's commands about cards: finding a port in the rack, and everything that is needed to
// find a fault from far away. They also work when nothing is forwarded, which is when one needs
// them.
#pragma once
#include "kernel/ports.h"
#include "kernel/shell.h"

// The configured ports; kept by pointer. Until this was called there are none.
void commands_card_init(const struct ports *ports);

void command_led(int argc, char **argv);
void command_diag(int argc, char **argv);

// Their entries in the table that shell_init() takes.
#define COMMANDS_CARD                                                               \
    {"led", "PORT blink|off", "let a port's light blink, to find it", command_led}, \
        {"diag", "[PORT]", "all about a card, to send to whoever helps", command_diag},
