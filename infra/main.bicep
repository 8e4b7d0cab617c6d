// The function app on Flex Consumption, with a Postgres server. Nobody has a password or a key: the app is a managed
// identity, and storage, database, vault and telemetry take tokens of Entra alone.
targetScope = 'subscription'

import { Capacity, checkedCapacity, connectionsNeeded, connectionsOfServer } from 'capacity.bicep'

@description('The name of the azd environment. Names of resources are derived from it.')
@minLength(1)
@maxLength(64)
param environmentName string

@description('The region of all resources.')
param location string

@description('Instances and connections.')
param capacity Capacity

@description('The origins whose pages may read, with commas between; empty for none.')
param corsOrigins string

@description('The SKU of the Postgres server. It decides how many connections there are.')
param postgresSku string

@description('The size of the disk of the Postgres server.')
@minValue(32)
param postgresStorageGB int

@description('Whether the database has a private address only, in a virtual network that the app is joined to.')
param isPrivate bool

@description('The name with which the deployer administers the database, if it is a service principal.')
param administratorName string

@description('The IPv4 address that the database lets in; empty for none.')
param deployerAddress string

@description('Signs resume tokens. It is used only if the vault has none yet.')
@secure()
param newResumeKey string = '${newGuid()}${newGuid()}'

@description('Signs capability URLs. It is used only if the vault has none yet.')
@secure()
param newCapabilityKey string = '${newGuid()}${newGuid()}'

var token = toLower(uniqueString(subscription().id, environmentName, location))
var tags = { 'azd-env-name': environmentName }

// Everything takes the capacity from here, so nothing is deployed with one that the database can't serve.
var safeCapacity = checkedCapacity(capacity, postgresSku)
var administrator = !empty(administratorName)
  ? administratorName
  : !empty(deployer().userPrincipalName)
      ? deployer().userPrincipalName
      : fail('A service principal deploys: set POSTGRES_ADMINISTRATOR to its name.')

resource group 'Microsoft.Resources/resourceGroups@2024-11-01' = {
  name: 'rg-${environmentName}'
  location: location
  tags: tags
}

module identity 'modules/identity.bicep' = {
  scope: group
  params: {
    name: 'id-${token}'
    location: location
    tags: tags
  }
}

module network 'modules/network.bicep' = if (isPrivate) {
  scope: group
  params: {
    name: 'vnet-${token}'
    zoneName: 'chunkstream-${token}.private.postgres.database.azure.com'
    location: location
    tags: tags
  }
}

module storage 'modules/storage.bicep' = {
  scope: group
  params: {
    name: 'st${token}'
    location: location
    tags: tags
    appPrincipalId: identity.outputs.principalId
  }
}

module vault 'modules/vault.bicep' = {
  scope: group
  params: {
    name: 'kv-${token}'
    location: location
    tags: tags
    appPrincipalId: identity.outputs.principalId
    newResumeKey: newResumeKey
    newCapabilityKey: newCapabilityKey
  }
}

module monitoring 'modules/monitoring.bicep' = {
  scope: group
  params: {
    logName: 'log-${token}'
    insightsName: 'appi-${token}'
    location: location
    tags: tags
    appPrincipalId: identity.outputs.principalId
  }
}

module postgres 'modules/postgres.bicep' = {
  scope: group
  params: {
    name: 'psql-${token}'
    location: location
    tags: tags
    sku: postgresSku
    storageGB: postgresStorageGB
    administratorName: administrator
    administratorType: empty(administratorName) ? 'User' : 'ServicePrincipal'
    administratorId: deployer().objectId
    deployerAddress: deployerAddress
    isPrivate: isPrivate
    subnetId: network.?outputs.databaseSubnetId
    zoneId: network.?outputs.databaseZoneId
  }
}

module app 'modules/app.bicep' = {
  scope: group
  params: {
    name: 'func-${token}'
    planName: 'plan-${token}'
    location: location
    tags: tags
    capacity: safeCapacity
    corsOrigins: filter(map(split(corsOrigins, ','), origin => trim(origin)), origin => !empty(origin))
    identityId: identity.outputs.id
    identityClientId: identity.outputs.clientId
    storageName: storage.outputs.name
    packageContainerUrl: storage.outputs.packageContainerUrl
    resumeKeyUri: vault.outputs.resumeKeyUri
    capabilityKeyUri: vault.outputs.capabilityKeyUri
    insightsConnectionString: monitoring.outputs.connectionString
    connectionString: 'Host=${postgres.outputs.host};Database=${postgres.outputs.database};Username=${identity.outputs.name};SSL Mode=VerifyFull;Maximum Pool Size=${safeCapacity.queryConnections}'
    subnetId: network.?outputs.appSubnetId
  }
}

// For the hook that makes the role, for `azd deploy`, and for people.
output AZURE_RESOURCE_GROUP string = group.name
output APP_NAME string = app.outputs.name
output APP_URL string = app.outputs.url
output APP_IDENTITY_NAME string = identity.outputs.name
output APP_IDENTITY_PRINCIPAL_ID string = identity.outputs.principalId
output POSTGRES_HOST string = postgres.outputs.host
output POSTGRES_DATABASE string = postgres.outputs.database
output POSTGRES_ADMIN string = administrator
output POSTGRES_IS_PRIVATE bool = isPrivate
output CONNECTIONS_NEEDED int = connectionsNeeded(safeCapacity)
output CONNECTIONS_OF_SERVER int = connectionsOfServer(postgresSku)
