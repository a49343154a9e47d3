// SPDX-License-Identifier: BSD-2-Clause
// Which level of isolation each port gets.
#include "kernel/isolation.h"

#include <stddef.h>

#include "kernel/iommu.h"

void isolation_settle(struct config *config)
{
    const char *missing = iommu_missing();
    for (unsigned i = 0; i < config->port_count; i++) {
        struct config_port *port = &config->ports[i];
        if (port->isolation == CONFIG_ISOLATION_IOMMU && missing != NULL)
            config_error(config, port->isolation_source,
                         "port \"%s\": isolation iommu, but %s, expected none", port->name,
                         missing);
        if (port->isolation == CONFIG_ISOLATION_DEFAULT)
            port->isolation = missing == NULL ? CONFIG_ISOLATION_IOMMU : CONFIG_ISOLATION_NONE;
    }
}

bool isolation_confines(enum config_isolation level)
{
    return level == CONFIG_ISOLATION_IOMMU ||
           (level == CONFIG_ISOLATION_DOMAIN && iommu_missing() == NULL);
}

bool isolation_wants_iommu(const struct config *config)
{
    for (unsigned i = 0; i < config->port_count; i++)
        if (isolation_confines(config->ports[i].isolation))
            return true;
    return false;
}
