// How many instances run, and how many connections to the database each of them has. The sum is checked whenever the
// template is built into a snapshot or deployed: a deployment that could exhaust the database does not begin.

@export()
@description('The values are in main.bicepparam.')
type Capacity = {
  @description('How many instances answer HTTP calls at most. The timer has one more, of its own.')
  @minValue(1)
  @maxValue(1000)
  maximumInstances: int

  @description('How many of them are kept running without calls, and paid for.')
  @minValue(0)
  @maxValue(1000)
  alwaysReady: int

  @description('At how many open calls of an instance the platform starts the next one.')
  @minValue(1)
  @maxValue(1000)
  httpConcurrency: int

  @description('The memory of an instance in MB: 512, 2048 or 4096. Its share of processors grows with it.')
  memoryMB: int

  @description('Connections of an instance for queries (Maximum Pool Size). One of them is kept for health.')
  @minValue(2)
  queryConnections: int

  @description('Connections of an instance for durable streams (ChunkStream__Streams__Connections).')
  @minValue(2)
  @maxValue(200)
  streamConnections: int
}

// Beside the pools an instance has, for durable streams, a connection that listens, one that notifies, and for moments
// one that looks for the tables (DurableDatabase.OutsideThePool in the code); and for live queries one that listens and
// two that keep the log of changes (LiveDatabase.MostConnections).
func connectionsOfAnInstance(capacity Capacity) int => capacity.queryConnections + capacity.streamConnections + 6

// One instance more for the timer. All of it twice, because a rolling update runs the old instances, which end their
// streams, beside the new ones. The last 20 are for administrators and other programs.
@export()
func connectionsNeeded(capacity Capacity) int =>
  2 * (capacity.maximumInstances + 1) * connectionsOfAnInstance(capacity) + 20

// The connections that users get by default: max_connections, less 15 that Azure keeps.
// https://learn.microsoft.com/azure/postgresql/configure-maintain/concepts-limits
@export()
func connectionsOfServer(sku string) int =>
  {
    Standard_B1ms: 35
    Standard_B2s: 414
    Standard_B2ms: 844
    Standard_B4ms: 1703
    Standard_D2ds_v5: 844
    Standard_D4ds_v5: 1703
    Standard_D8ds_v5: 3422
    Standard_D16ds_v5: 4985
    Standard_E2ds_v5: 1703
    Standard_E4ds_v5: 3422
    Standard_E8ds_v5: 4985
  }[?sku] ?? fail('The connections of a Postgres server of the SKU ${sku} are not known: add it to infra/capacity.bicep.')

@export()
@description('The capacity, if the server has the connections for it. Otherwise the deployment fails.')
func checkedCapacity(capacity Capacity, sku string) Capacity =>
  !contains([512, 2048, 4096], capacity.memoryMB)
    ? fail('An instance has 512, 2048 or 4096 MB of memory, but memoryMB is ${capacity.memoryMB}.')
    : capacity.alwaysReady > capacity.maximumInstances
        ? fail('alwaysReady (${capacity.alwaysReady}) is above maximumInstances (${capacity.maximumInstances}).')
        : connectionsNeeded(capacity) > connectionsOfServer(sku)
            ? fail('2 x (${capacity.maximumInstances} + 1) instances x (${capacity.queryConnections} + ${capacity.streamConnections} + 6) connections + 20 = ${connectionsNeeded(capacity)}, but a server of the SKU ${sku} has ${connectionsOfServer(sku)}. Take fewer instances or connections, or a larger server (infra/main.bicepparam).')
            : capacity
