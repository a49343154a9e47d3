// SPDX-License-Identifier: BSD-2-Clause
// The first serial port (COM1), a 16550A, polled. Register names and bits: National Semiconductor
// PC16550D data sheet (June 1995), table II.
#include "kernel/serial.h"

#include <stdint.h>

#include "kernel/port_io.h"

enum {
    COM1 = 0x3f8,
    THR = COM1 + 0, // transmit holding; with DLAB: divisor, low byte
    RBR = COM1 + 0, // receive buffer
    IER = COM1 + 1, // interrupt enable; with DLAB: divisor, high byte
    IIR = COM1 + 2, // interrupt identification (read)
    FCR = COM1 + 2, // FIFO control (write)
    LCR = COM1 + 3,
    MCR = COM1 + 4,
    LSR = COM1 + 5,
    SCR = COM1 + 7, // scratch: holds what is written, does nothing

    // Trigger level 14: no interrupt is used, but an emulated UART is fed that many bytes at a
    // time.
    FCR_ENABLE_AND_CLEAR = 0xc7,
    IIR_FIFO = 0xc0, // both bits: the FIFOs work
    LCR_8N1 = 0x03,
    LCR_DLAB = 0x80,
    MCR_DTR_RTS = 0x03,
    LSR_DR = 0x01,
    LSR_PE_FE_BI = 0x1c, // parity error, framing error, break
    LSR_THRE = 0x20,
    LSR_TEMT = 0x40,
    LSR_NOTHING_THERE = 0xff, // what an empty bus reads; a UART never shows it: DR with all errors

    DIVISOR_115200 = 1,
    FIFO_BYTES = 16,
    DRAIN_READS = 20000, // a read takes about 1 us; a full FIFO leaves in 1.4 ms
};

static bool present;
static size_t fifo_bytes;

static bool answers(void)
{
    static const uint8_t patterns[] = {0x5a, 0xa5};
    for (size_t i = 0; i < sizeof patterns; i++) {
        outb(SCR, patterns[i]);
        if (inb(SCR) != patterns[i])
            return false;
    }
    return inb(LSR) != LSR_NOTHING_THERE;
}

bool serial_init(void)
{
    present = answers();
    if (!present)
        return false;
    outb(IER, 0);
    outb(LCR, LCR_DLAB);
    outb(THR, DIVISOR_115200);
    outb(IER, 0);
    outb(LCR, LCR_8N1);
    outb(FCR, FCR_ENABLE_AND_CLEAR);
    outb(MCR, MCR_DTR_RTS);
    fifo_bytes = (inb(IIR) & IIR_FIFO) == IIR_FIFO ? FIFO_BYTES : 1;
    return true;
}

// A port that is taken away (a management controller may do that) reads all ones, which would look
// like an endless stream of bytes.
static uint8_t line_status(void)
{
    if (!present)
        return 0;
    uint8_t status = inb(LSR);
    if (status == LSR_NOTHING_THERE) {
        present = false;
        return 0;
    }
    return status;
}

size_t serial_write(const char *data, size_t length)
{
    if (length == 0 || !(line_status() & LSR_THRE))
        return 0;
    size_t taken = length < fifo_bytes ? length : fifo_bytes;
    for (size_t i = 0; i < taken; i++)
        outb(THR, (uint8_t)data[i]);
    return taken;
}

int serial_getc(void)
{
    uint8_t status = line_status();
    if (!(status & LSR_DR))
        return -1;
    uint8_t byte = inb(RBR);
    return status & LSR_PE_FE_BI ? -1 : byte;
}

void serial_drain(void)
{
    for (unsigned i = 0; present && i < DRAIN_READS; i++) {
        if (line_status() & LSR_TEMT)
            return;
    }
}
