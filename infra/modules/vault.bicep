// The secrets that sign resume tokens and capability URLs. They are made once, by the first deployment that knows of
// them, and seen by nobody but the app.

param name string
param location string
param tags object
param appPrincipalId string

@description('Signs resume tokens, if there is no such secret yet.')
@secure()
param newResumeKey string

@description('Signs capability URLs, if there is no such secret yet.')
@secure()
param newCapabilityKey string

// Key Vault Secrets User: may read the values of secrets, and nothing else.
var secretsUser = subscriptionResourceId(
  'Microsoft.Authorization/roleDefinitions',
  '4633458b-17de-408a-b874-0445c86b69e6'
)

resource vault 'Microsoft.KeyVault/vaults@2024-11-01' = {
  name: name
  location: location
  tags: tags
  properties: {
    tenantId: tenant().tenantId
    sku: { family: 'A', name: 'standard' }
    enableRbacAuthorization: true
    enableSoftDelete: true
    softDeleteRetentionInDays: 7
  }
}

// New values would make all tokens and URLs invalid that clients hold, so a later deployment leaves them as they are.
@onlyIfNotExists()
resource resumeKey 'Microsoft.KeyVault/vaults/secrets@2024-11-01' = {
  parent: vault
  name: 'resume-key'
  properties: {
    value: newResumeKey
  }
}

@onlyIfNotExists()
resource capabilityKey 'Microsoft.KeyVault/vaults/secrets@2024-11-01' = {
  parent: vault
  name: 'capability-key'
  properties: {
    value: newCapabilityKey
  }
}

resource isReader 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(vault.id, appPrincipalId, secretsUser)
  scope: vault
  properties: {
    roleDefinitionId: secretsUser
    principalId: appPrincipalId
    principalType: 'ServicePrincipal'
  }
}

// Without a version: a new version of a secret is taken within a day.
output resumeKeyUri string = '${vault.properties.vaultUri}secrets/${resumeKey.name}'
output capabilityKeyUri string = '${vault.properties.vaultUri}secrets/${capabilityKey.name}'
