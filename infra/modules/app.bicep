// The function app on its Flex Consumption plan.

import { Capacity } from '../capacity.bicep'

param name string
param planName string
param location string
param tags object
param capacity Capacity
param corsOrigins string[]
param identityId string
param identityClientId string
param storageName string
param packageContainerUrl string
param resumeKeyUri string
param capabilityKeyUri string
param insightsConnectionString string

@description('It has no secret: the app adds a token.')
param connectionString string

@description('For a database with a private address only.')
param subnetId string?

resource plan 'Microsoft.Web/serverfarms@2024-11-01' = {
  name: planName
  location: location
  tags: tags
  kind: 'functionapp'
  sku: { name: 'FC1', tier: 'FlexConsumption' }
  properties: { reserved: true }
}

resource app 'Microsoft.Web/sites@2024-11-01' = {
  name: name
  location: location
  tags: union(tags, { 'azd-service-name': 'app' })
  kind: 'functionapp,linux'
  identity: {
    type: 'UserAssigned'
    userAssignedIdentities: { '${identityId}': {} }
  }
  properties: {
    serverFarmId: plan.id
    httpsOnly: true
    keyVaultReferenceIdentity: identityId
    virtualNetworkSubnetId: subnetId
    siteConfig: {
      minTlsVersion: '1.2'
      http20Enabled: true
      // Where none are named, those stay that somebody has set by hand.
      ...(empty(corsOrigins) ? {} : { cors: { allowedOrigins: corsOrigins } })
    }
    functionAppConfig: {
      runtime: { name: 'dotnet-isolated', version: '10.0' }
      deployment: {
        storage: {
          type: 'blobContainer'
          value: packageContainerUrl
          authentication: {
            type: 'UserAssignedIdentity'
            userAssignedIdentityResourceId: identityId
          }
        }
      }
      scaleAndConcurrency: {
        maximumInstanceCount: capacity.maximumInstances
        instanceMemoryMB: capacity.memoryMB
        alwaysReady: capacity.alwaysReady == 0 ? [] : [{ name: 'http', instanceCount: capacity.alwaysReady }]
        triggers: { http: { perInstanceConcurrency: capacity.httpConcurrency } }
      }
      // Old instances end their streams while new ones take the calls. The platform knows it, Bicep's types do not yet:
      // https://learn.microsoft.com/azure/azure-functions/flex-consumption-site-updates
      #disable-next-line BCP037
      siteUpdateStrategy: { type: 'RollingUpdate' }
    }
  }

  // Nobody publishes with a user name and a password.
  resource scm 'basicPublishingCredentialsPolicies' = {
    name: 'scm'
    properties: { allow: false }
  }

  resource ftp 'basicPublishingCredentialsPolicies' = {
    name: 'ftp'
    properties: { allow: false }
  }

  resource settings 'config' = {
    name: 'appsettings'
    properties: {
      AzureWebJobsStorage__accountName: storageName
      AzureWebJobsStorage__credential: 'managedidentity'
      AzureWebJobsStorage__clientId: identityClientId
      APPLICATIONINSIGHTS_CONNECTION_STRING: insightsConnectionString
      APPLICATIONINSIGHTS_AUTHENTICATION_STRING: 'ClientId=${identityClientId};Authorization=AAD'
      ConnectionStrings__Postgres: connectionString
      ChunkStream__Azure__DatabaseIdentity: identityClientId
      ChunkStream__Streams__Connections: string(capacity.streamConnections)
      ChunkStream__ResumeKey: '@Microsoft.KeyVault(SecretUri=${resumeKeyUri})'
      ChunkStream__Streams__CapabilityKey: '@Microsoft.KeyVault(SecretUri=${capabilityKeyUri})'
      // The queries of the demo are left out: they read tables that only the local host makes.
      ChunkStream__QueriesPath: 'queries'
      ChunkStream__DefaultQuery: 'series'
    }
  }
}

output name string = app.name
output url string = 'https://${app.properties.defaultHostName}/api'
