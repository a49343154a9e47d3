// SPDX-License-Identifier: BSD-2-Clause
// Passes over telnet's commands and negotiations: nothing of it is answered, so that two sides
// cannot negotiate without end.
#include "net/stack/telnet.h"

enum { DATA, COMMAND, OPTION, PARAMETERS, PARAMETERS_COMMAND };
enum { SE = 240, SB = 250, WILL = 251, DONT = 254, IAC = 255 };

int telnet_take(struct telnet *telnet, uint8_t byte)
{
    switch (telnet->state) {
    case DATA:
        if (byte != IAC)
            return byte;
        telnet->state = COMMAND;
        return -1;
    case COMMAND:
        telnet->state = byte == SB ? PARAMETERS : byte >= WILL && byte <= DONT ? OPTION : DATA;
        return byte == IAC ? IAC : -1;
    case OPTION:
        telnet->state = DATA;
        return -1;
    case PARAMETERS:
        if (byte == IAC)
            telnet->state = PARAMETERS_COMMAND;
        return -1;
    default: // only SE ends them
        telnet->state = byte == SE ? DATA : PARAMETERS;
        return -1;
    }
}
