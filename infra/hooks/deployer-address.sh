#!/bin/sh
# Tells the deployment this machine's public address, which the database then lets in (infra/modules/postgres.bicep).
# Without it the deployment goes on, and the role of the app can only be made from inside Azure.
# After `azd env set DEPLOYER_IP none` it asks nobody, and the database lets in no machine outside of Azure.
set -eu

if [ "${DEPLOYER_IP:-}" = none ] || [ "${PRIVATE_DATABASE:-false}" = true ]; then
    exit 0
fi

if address=$(curl --fail --silent --show-error --ipv4 --max-time 20 https://api.ipify.org); then
    azd env set DEPLOYER_IP "$address"
else
    echo "This machine's public address was not found: set it with azd env set DEPLOYER_IP <address>." >&2
fi
