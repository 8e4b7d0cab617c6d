# Tells the deployment this machine's public address, which the database then lets in (infra/modules/postgres.bicep).
# Without it the deployment goes on, and the role of the app can only be made from inside Azure.
# After `azd env set DEPLOYER_IP none` it asks nobody, and the database lets in no machine outside of Azure.
$ErrorActionPreference = 'Stop'

if ($env:DEPLOYER_IP -eq 'none' -or $env:PRIVATE_DATABASE -eq 'true') {
    exit 0
}

try {
    $address = Invoke-RestMethod -Uri https://api.ipify.org -TimeoutSec 20
    azd env set DEPLOYER_IP $address
}
catch {
    Write-Warning "This machine's public address was not found: set it with azd env set DEPLOYER_IP <address>."
}
