// The database. Passwords are off: who connects shows a token of Entra.

param name string
param location string
param tags object
param sku string
param storageGB int

@description('Who administers the database, and makes the role of the app: whoever deploys.')
param administratorName string
param administratorId string
param administratorType 'User' | 'ServicePrincipal'

@description('The IPv4 address that is let in; empty for none.')
param deployerAddress string

@description('Whether it has a private address only, in the subnet and with a name in the zone.')
param isPrivate bool
param subnetId string?
param zoneId string?

resource server 'Microsoft.DBforPostgreSQL/flexibleServers@2024-08-01' = {
  name: name
  location: location
  tags: tags
  sku: {
    name: sku
    tier: startsWith(sku, 'Standard_B')
      ? 'Burstable'
      : startsWith(sku, 'Standard_E') ? 'MemoryOptimized' : 'GeneralPurpose'
  }
  properties: {
    version: '17'
    createMode: 'Create'
    authConfig: {
      activeDirectoryAuth: 'Enabled'
      passwordAuth: 'Disabled'
      tenantId: tenant().tenantId
    }
    storage: { storageSizeGB: storageGB, autoGrow: 'Enabled' }
    backup: { backupRetentionDays: 7, geoRedundantBackup: 'Disabled' }
    highAvailability: { mode: 'Disabled' }
    network: isPrivate
      ? { delegatedSubnetResourceId: subnetId!, privateDnsZoneArmResourceId: zoneId! }
      : { publicNetworkAccess: 'Enabled' }
  }
}

resource administrator 'Microsoft.DBforPostgreSQL/flexibleServers/administrators@2024-08-01' = {
  parent: server
  name: administratorId
  properties: {
    principalName: administratorName
    principalType: administratorType
    tenantId: tenant().tenantId
  }
}

// The server takes one change at a time, so each of these waits for the one before it.
resource database 'Microsoft.DBforPostgreSQL/flexibleServers/databases@2024-08-01' = {
  parent: server
  name: 'chunkstream'
  properties: { charset: 'UTF8', collation: 'en_US.utf8' }
  dependsOn: [administrator]
}

// 0.0.0.0 stands for addresses inside Azure: those of a Flex Consumption app without a network of its own are not known
// beforehand. Who comes from there still needs a token.
resource azure 'Microsoft.DBforPostgreSQL/flexibleServers/firewallRules@2024-08-01' = if (!isPrivate) {
  parent: server
  name: 'azure'
  properties: { startIpAddress: '0.0.0.0', endIpAddress: '0.0.0.0' }
  dependsOn: [database]
}

resource deployer 'Microsoft.DBforPostgreSQL/flexibleServers/firewallRules@2024-08-01' = if (!isPrivate && !empty(deployerAddress)) {
  parent: server
  name: 'deployer'
  properties: { startIpAddress: deployerAddress, endIpAddress: deployerAddress }
  dependsOn: [azure]
}

output host string = server.properties.fullyQualifiedDomainName
output database string = database.name
