using 'main.bicep'

// azd sets these.
param environmentName = readEnvironmentVariable('AZURE_ENV_NAME')
param location = readEnvironmentVariable('AZURE_LOCATION')

// Capacity: the one place for it. `azd env set MAXIMUM_INSTANCES 8` changes a value; capacity.bicep checks the sum.
param capacity = {
  maximumInstances: int(readEnvironmentVariable('MAXIMUM_INSTANCES', '4'))
  alwaysReady: int(readEnvironmentVariable('ALWAYS_READY_INSTANCES', '0'))
  httpConcurrency: int(readEnvironmentVariable('HTTP_CONCURRENCY', '20'))
  memoryMB: int(readEnvironmentVariable('INSTANCE_MEMORY_MB', '2048'))
  queryConnections: int(readEnvironmentVariable('QUERY_CONNECTIONS', '24'))
  streamConnections: int(readEnvironmentVariable('STREAM_CONNECTIONS', '8'))
}

// Origins whose pages may read, such as https://app.example.org, with commas between.
param corsOrigins = readEnvironmentVariable('CORS_ORIGINS', '')

param postgresSku = readEnvironmentVariable('POSTGRES_SKU', 'Standard_B2s')
param postgresStorageGB = int(readEnvironmentVariable('POSTGRES_STORAGE_GB', '32'))

// Whether the database has a private address only.
param isPrivate = bool(readEnvironmentVariable('PRIVATE_DATABASE', 'false'))

// Who may administer the database besides. A person who deploys is known without these; a service principal, such as a
// workflow's, has to say its name.
param administratorName = readEnvironmentVariable('POSTGRES_ADMINISTRATOR', '')

// The address that the database lets in, for the step that makes the app's role. The preprovision hook sets it; `none`
// means that nobody is let in from outside Azure.
param deployerAddress = replace(readEnvironmentVariable('DEPLOYER_IP', ''), 'none', '')
