// SPDX-License-Identifier: BSD-2-Clause
// Slots that cards leave: registers of the test's own, written by the letter of the specification.
// links: kernel/hotplug.c kernel/slot_ports.c
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "kernel/acpi_hotplug.h"
#include "kernel/clock.h"
#include "kernel/hotplug.h"
#include "kernel/log.h"

enum { EXPRESS = 0x40, STATUS_BUTTON = 1, STATUS_PRESENCE_CHANGED = 8, STATUS_PRESENT = 0x40 };
enum { ON = 0x100, BLINK = 0x200, OFF_AND_NO_POWER = 0x700, OTHER_CONTROL = 0x0021 };

static struct pci_device bridge, second, no_slot, unaware, card = {.bridge = &bridge};
static struct port one, two, inside;
static uint16_t status, control, second_status = STATUS_PRESENT;
static bool dead;
static unsigned writes;
static uint64_t now;
static char log_text[1000];

uint64_t clock_us(void)
{
    return now;
}

void log_line(const char *format, ...)
{
    va_list arguments;
    const size_t used = strlen(log_text);
    va_start(arguments, format);
    vsnprintf(log_text + used, sizeof log_text - used, format, arguments);
    va_end(arguments);
    strcat(log_text, "\n");
}

unsigned pci_capability(const struct pci_device *device, uint8_t id, unsigned n)
{
    assert_int_equal(id, 0x10);
    assert_int_equal(n, 0);
    assert_non_null(device);
    return EXPRESS;
}

uint32_t pci_read(const struct pci_device *device, unsigned offset, unsigned width)
{
    switch (offset) {
    case EXPRESS + 0x02:
        assert_int_equal(width, 2);
        return device != &no_slot ? 0x0142 : 0x0042; // a root port, with a slot or without
    case EXPRESS + 0x14:
        assert_int_equal(width, 4);
        return 0x5b;
    case EXPRESS + 0x18:
        assert_int_equal(width, 2);
        return control;
    case EXPRESS + 0x1a:
        assert_int_equal(width, 2);
        return device == &unaware  ? 0
               : device == &second ? second_status
               : dead              ? UINT16_MAX
                                   : status;
    }
    fail();
    return 0;
}

void pci_write(const struct pci_device *device, unsigned offset, unsigned width, uint32_t value)
{
    assert_int_equal(width, 2);
    if (offset == EXPRESS + 0x1a) {
        uint16_t *written = device == &second ? &second_status : &status;
        *written &= (uint16_t)~(value & 0x11f);
        return;
    }
    assert_ptr_equal(device, &bridge);
    assert_int_equal(offset, EXPRESS + 0x18);
    assert_int_equal(value & 0xff, OTHER_CONTROL);
    control = (uint16_t)value;
    writes++;
}

// --- what is not a slot of PCI Express goes there ---

static unsigned by_acpi;
static bool one_leaves_by_acpi;

void acpi_hotplug_add(struct port *port, const struct pci_device *device)
{
    assert_true(port == &two || port == &inside);
    assert_true(device->bridge == NULL || device->bridge == &no_slot || device->bridge == &unaware);
    by_acpi++;
}

bool acpi_hotplug_look(void)
{
    return one_leaves_by_acpi;
}

static void later(uint64_t us)
{
    now += us;
    hotplug_poll();
}

static int set_up(void **state)
{
    (void)state;
    static bool added;
    if (!added) {
        status = STATUS_BUTTON | STATUS_PRESENT; // long ago
        hotplug_add(&one, &card);
        hotplug_add(&two, &card);
        hotplug_add(&two, &(struct pci_device){.bridge = &no_slot});
        hotplug_add(&two, &(struct pci_device){.bridge = NULL});
        hotplug_add(&inside,
                    &(struct pci_device){.bridge = &unaware}); // "empty", with a card in it
        assert_int_equal(status, STATUS_PRESENT);
        assert_int_equal(by_acpi, 3);
        added = true;
    }
    one = (struct port){.name = "one", .state = PORT_RUNNING};
    two = (struct port){.name = "two", .state = PORT_RUNNING};
    control = ON | OTHER_CONTROL;
    log_text[0] = '\0';
    writes = 0;
    return 0;
}

static void test_nothing_happens(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 1000; i++)
        later(1000);
    dead = true; // all ones say nothing
    later(HOTPLUG_LOOK_US);
    dead = false;
    assert_int_equal(writes, 0);
    assert_false(inside.removed);
    assert_string_equal(log_text, "");
    assert_true(hotplug_deadline() == UINT64_MAX);
    one_leaves_by_acpi = true;
    later(HOTPLUG_LOOK_US);
    assert_true(hotplug_deadline() <= now + HOTPLUG_LOOK_US);
    one_leaves_by_acpi = false;
    later(HOTPLUG_LOOK_US);
    assert_true(hotplug_deadline() == UINT64_MAX);
}

static void test_pressed_twice(void **state)
{
    (void)state;
    status |= STATUS_BUTTON;
    later(HOTPLUG_LOOK_US);
    assert_int_equal(status, STATUS_PRESENT); // seen, and cleared
    assert_int_equal(control, BLINK | OTHER_CONTROL);
    assert_true(hotplug_deadline() <= now + HOTPLUG_LOOK_US);
    later(HOTPLUG_ABORT_US / 2);
    status |= STATUS_BUTTON;
    later(HOTPLUG_LOOK_US);
    assert_int_equal(control, ON | OTHER_CONTROL);
    assert_non_null(strstr(log_text, "one: the card stays\ntwo: the card stays\n"));
    later(2 * HOTPLUG_ABORT_US);
    assert_false(one.removed || two.removed);
    assert_int_equal(writes, 2);
}

// The last test: the slot is empty afterwards.
static void test_it_leaves(void **state)
{
    (void)state;
    status |= STATUS_BUTTON;
    later(HOTPLUG_LOOK_US);
    later(HOTPLUG_ABORT_US - 1);
    assert_false(one.removed || two.removed);
    later(HOTPLUG_LOOK_US);
    assert_true(one.removed && two.removed);
    one.state = PORT_STOPPED;
    later(HOTPLUG_LOOK_US);
    assert_int_equal(control, BLINK | OTHER_CONTROL); // two still does DMA
    two.state = PORT_STOPPED;
    later(HOTPLUG_LOOK_US);
    assert_int_equal(control, OFF_AND_NO_POWER | OTHER_CONTROL);
    assert_non_null(strstr(log_text, "two: its slot is off: the card can be taken out\n"));
    status = STATUS_PRESENCE_CHANGED;
    later(HOTPLUG_LOOK_US);
    assert_int_equal(status, 0);
    assert_int_equal(writes, 2);
    assert_true(hotplug_deadline() == UINT64_MAX);
}

// A second slot's card is pulled without a word.
static void test_it_is_pulled_out(void **state)
{
    (void)state;
    static struct port three;
    three = (struct port){.name = "three", .state = PORT_RUNNING};
    hotplug_add(&three, &(struct pci_device){.bridge = &second});
    second_status = STATUS_PRESENCE_CHANGED;
    later(HOTPLUG_LOOK_US);
    assert_true(three.removed);
    assert_false(one.removed || two.removed);
    assert_string_equal(log_text, "three: the card is gone from its slot\n");
    assert_int_equal(writes, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_nothing_happens, set_up),
        cmocka_unit_test_setup(test_pressed_twice, set_up),
        cmocka_unit_test_setup(test_it_is_pulled_out, set_up),
        cmocka_unit_test_setup(test_it_leaves, set_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
