// SPDX-License-Identifier: BSD-2-Clause
// Which level of isolation each port gets.
#include "kernel/isolation.h"

void isolation_settle(struct config *config)
{
    for (unsigned i = 0; i < config->port_count; i++) {
        struct config_port *port = &config->ports[i];
        if (port->isolation == CONFIG_ISOLATION_IOMMU)
            config_error(config, port->isolation_source,
                         "port \"%s\": isolation iommu, but no IOMMU is in use, expected none",
                         port->name);
        if (port->isolation == CONFIG_ISOLATION_DEFAULT)
            port->isolation = CONFIG_ISOLATION_NONE;
    }
}
